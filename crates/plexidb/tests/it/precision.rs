//! What a write leaves in the cache: rows, columns and keys that it does not touch.

use std::time::Duration;

use plexidb::{
    Config, DatabaseConfig, Manager, Params, Precision, Source, StatementPolicy, TableConfig, params,
};

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    a_write_keeps_other_rows_and_other_columns
    a_row_that_was_not_found_is_found_when_it_comes
    a_row_that_moves_to_another_key_is_gone_from_one_and_in_the_other
    a_join_depends_on_the_rows_that_it_returned
    a_partner_that_was_missing_is_seen_when_it_comes
    what_a_list_merely_shows_matters_in_its_own_rows
    a_write_that_changes_no_row_keeps_every_result
    lists_and_alternatives_depend_on_each_of_their_values
    a_value_in_another_form_is_the_same_row
    coarser_invalidation_is_still_fresh
    a_statement_and_a_table_have_settings_of_their_own
    a_stale_result_is_returned_only_to_who_asks_for_it
}

fn by_id(id: u32) -> String {
    format!("SELECT name FROM members WHERE id = {id}")
}

async fn write(db: &Manager, sql: &str) {
    db.execute(sql, NONE).await.unwrap();
}

async fn a_write_keeps_other_rows_and_other_columns(database: TestDatabase) {
    let db = database.with_schema().await;
    let score = "SELECT score FROM members WHERE id = 1";
    let of_team = "SELECT name FROM members WHERE team_id = 1 ORDER BY id";
    for sql in [&by_id(1), &by_id(2), score, of_team] {
        prime(&db, sql).await;
    }
    write(&db, "UPDATE members SET score = 11 WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &by_id(1)).await, Source::L1, "another column");
    assert_eq!(assert_fresh(&db, of_team).await, Source::L1, "another column");
    assert_eq!(assert_fresh(&db, score).await, Source::Database);
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &by_id(2)).await, Source::L1, "another row");
    assert_eq!(assert_fresh(&db, &by_id(1)).await, Source::Database);
    assert_eq!(assert_fresh(&db, of_team).await, Source::Database);
    write(&db, "INSERT INTO members VALUES (4, 'Barbara', 5, 2)").await;
    assert_eq!(assert_fresh(&db, &by_id(1)).await, Source::L1);
    assert_eq!(assert_fresh(&db, of_team).await, Source::L1, "another team");
    write(&db, "DELETE FROM members WHERE id = 2").await;
    assert_eq!(assert_fresh(&db, &by_id(1)).await, Source::L1);
    assert_eq!(assert_fresh(&db, &by_id(2)).await, Source::Database);
    assert_eq!(assert_fresh(&db, of_team).await, Source::Database);
}

async fn a_row_that_was_not_found_is_found_when_it_comes(database: TestDatabase) {
    let db = database.with_schema().await;
    for sql in [by_id(8), by_id(9)] {
        assert!(prime(&db, &sql).await.is_empty());
    }
    write(&db, "INSERT INTO members VALUES (9, 'Barbara', 5, 2)").await;
    assert_eq!(assert_fresh(&db, &by_id(9)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &by_id(8)).await, Source::L1);
    // A key that the text does not tell.
    write(
        &db,
        "INSERT INTO members SELECT 8, name, score, team_id FROM members WHERE id = 1",
    )
    .await;
    assert_eq!(assert_fresh(&db, &by_id(8)).await, Source::Database);
}

async fn a_row_that_moves_to_another_key_is_gone_from_one_and_in_the_other(database: TestDatabase) {
    let db = database.with_schema().await;
    let of = |team: u32| format!("SELECT name FROM members WHERE team_id = {team} ORDER BY id");
    write(&db, "INSERT INTO teams VALUES (3, 'green')").await;
    for team in 1..=3 {
        prime(&db, &of(team)).await;
    }
    write(&db, "UPDATE members SET team_id = 2 WHERE id = 1 AND team_id = 1").await;
    assert_eq!(assert_fresh(&db, &of(1)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &of(2)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &of(3)).await, Source::L1);
    prime(&db, &by_id(2)).await;
    prime(&db, &by_id(20)).await;
    write(&db, "UPDATE members SET id = id * 10 WHERE name = 'Grace'").await;
    assert!(db.query(&by_id(2), NONE).await.unwrap().is_empty());
    assert_eq!(assert_fresh(&db, &by_id(20)).await, Source::Database);
}

async fn a_join_depends_on_the_rows_that_it_returned(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = "SELECT m.id, m.team_id, t.title FROM members m JOIN teams t ON t.id = m.team_id \
               WHERE m.id IN (1, 2) ORDER BY m.id LIMIT 5";
    prime(&db, sql).await;
    write(&db, "UPDATE teams SET title = 'azure' WHERE id = 2").await;
    assert_eq!(
        assert_fresh(&db, sql).await,
        Source::L1,
        "a team that is not in the result"
    );
    write(&db, "UPDATE members SET name = 'Anita' WHERE id = 3").await;
    assert_eq!(assert_fresh(&db, sql).await, Source::L1);
    write(&db, "UPDATE teams SET title = 'crimson' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
    prime(&db, sql).await;
    write(&db, "UPDATE members SET team_id = 2 WHERE id = 2").await;
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
    prime(&db, sql).await;
    // Now it is in the result.
    write(&db, "UPDATE teams SET title = 'indigo' WHERE id = 2").await;
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
}

async fn a_partner_that_was_missing_is_seen_when_it_comes(database: TestDatabase) {
    let db = database.with_schema().await;
    db.execute_script(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20));
         CREATE TABLE letters (id INTEGER PRIMARY KEY, sender INTEGER, body VARCHAR(20));
         INSERT INTO people VALUES (1, 'Ada');
         INSERT INTO letters VALUES (10, 1, 'a'), (11, 2, 'b')",
    )
    .await
    .unwrap();
    for join in ["JOIN", "LEFT JOIN"] {
        let sql = format!(
            "SELECT l.id, l.sender, p.name FROM letters l {join} people p ON p.id = l.sender ORDER BY l.id"
        );
        prime(&db, &sql).await;
        write(&db, "INSERT INTO people VALUES (2, 'Grace')").await;
        assert_eq!(assert_fresh(&db, &sql).await, Source::Database, "{join}");
        prime(&db, &sql).await;
        write(&db, "DELETE FROM people WHERE id = 2").await;
        assert_eq!(assert_fresh(&db, &sql).await, Source::Database, "{join}");
    }
}

async fn what_a_list_merely_shows_matters_in_its_own_rows(database: TestDatabase) {
    let db = database.with_schema().await;
    let best = "SELECT id, name FROM members WHERE team_id = 1 ORDER BY score DESC LIMIT 1";
    assert_eq!(prime(&db, best).await.len(), 1);
    // Of the same team, and not in the list.
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, best).await, Source::L1);
    write(&db, "UPDATE members SET name = 'Amazing Grace' WHERE id = 2").await;
    assert_eq!(assert_fresh(&db, best).await, Source::Database);
    prime(&db, best).await;
    // Of unknown id.
    write(&db, "UPDATE members SET name = 'Hopper' WHERE score = 20").await;
    assert_eq!(assert_fresh(&db, best).await, Source::Database);
    prime(&db, best).await;
    write(&db, "UPDATE members SET score = 30 WHERE id = 1").await;
    assert_eq!(
        assert_fresh(&db, best).await,
        Source::Database,
        "another row is the best"
    );
}

async fn a_write_that_changes_no_row_keeps_every_result(database: TestDatabase) {
    let db = database.with_schema().await;
    let of_team = "SELECT id, name FROM members WHERE team_id = 1 ORDER BY id";
    prime(&db, of_team).await;
    for sql in [
        "UPDATE members SET name = 'Barbara' WHERE id = 1 AND team_id = 2",
        "DELETE FROM members WHERE team_id = 1 AND score > 1000",
        "INSERT INTO members SELECT id + 10, name, score, team_id FROM members WHERE score > 1000",
    ] {
        assert_eq!(db.execute(sql, NONE).await.unwrap().rows_affected, 0);
        assert_eq!(assert_fresh(&db, of_team).await, Source::L1, "{sql}");
        let mut transaction = db.begin().await.unwrap();
        assert_eq!(transaction.execute(sql, NONE).await.unwrap().rows_affected, 0);
        transaction.commit().await.unwrap();
        assert_eq!(assert_fresh(&db, of_team).await, Source::L1, "{sql}");
    }
    // Nobody is told how many rows a query without RETURNING has written.
    db.query("UPDATE members SET name = 'Barbara' WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, of_team).await, Source::Database);
}

/// A count of no rows says nothing of what triggers and other statements in WITH have done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_acts_without_a_row_is_seen_on_postgres() {
    let database = TestDatabase::postgres();
    let db = database.with_schema().await;
    let note = "SELECT body FROM notes WHERE id = 1";
    prime(&db, note).await;
    write(
        &db,
        "WITH gone AS (UPDATE notes SET body = 'second' WHERE id = 1)
         UPDATE notes SET body = 'third' WHERE id = 9",
    )
    .await;
    assert_eq!(assert_fresh(&db, note).await, Source::Database);
    db.execute_script(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN UPDATE notes SET body = body || ''!'' WHERE id = 1; RETURN NULL; END';
         CREATE TRIGGER told AFTER UPDATE ON members FOR EACH STATEMENT EXECUTE FUNCTION note();",
    )
    .await
    .unwrap();
    prime(&db, note).await;
    write(&db, "UPDATE members SET score = 1 WHERE id = 99").await;
    assert_eq!(assert_fresh(&db, note).await, Source::Database);
}

async fn lists_and_alternatives_depend_on_each_of_their_values(database: TestDatabase) {
    let db = database.with_schema().await;
    for condition in ["id IN (1, 2)", "id = 1 OR id = 2", "(id = 2) OR (1 = id)"] {
        let sql = format!("SELECT id, name FROM members WHERE {condition} ORDER BY id");
        prime(&db, &sql).await;
        write(&db, "UPDATE members SET name = 'Anita' WHERE id = 3").await;
        assert_eq!(assert_fresh(&db, &sql).await, Source::L1, "{condition}");
        for id in [1, 2] {
            let name = format!("UPDATE members SET name = 'y{id}' WHERE id = {id}");
            write(&db, &name).await;
            assert_eq!(
                assert_fresh(&db, &sql).await,
                Source::Database,
                "{condition}, {id}"
            );
            prime(&db, &sql).await;
        }
        write(&db, "UPDATE members SET name = 'z' WHERE id IN (1, 2)").await;
        assert_eq!(assert_fresh(&db, &sql).await, Source::Database, "{condition}");
    }
}

async fn a_value_in_another_form_is_the_same_row(database: TestDatabase) {
    let db = database.with_schema().await;
    for condition in ["id = '1'", "id = 1.0", "id = 2 - 1", "id = +1"] {
        let sql = format!("SELECT name FROM members WHERE {condition}");
        prime(&db, &sql).await;
        write(
            &db,
            &format!("UPDATE members SET name = 'n{}' WHERE id = 1", condition.len()),
        )
        .await;
        assert_eq!(assert_fresh(&db, &sql).await, Source::Database, "{condition}");
        prime(&db, &by_id(1)).await;
        write(
            &db,
            &format!(
                "UPDATE members SET name = 'm{}' WHERE {condition}",
                condition.len()
            ),
        )
        .await;
        assert_eq!(
            assert_fresh(&db, &by_id(1)).await,
            Source::Database,
            "{condition}"
        );
    }
}

async fn connect(url: &str, change: impl FnOnce(&mut DatabaseConfig)) -> Manager {
    let mut database = DatabaseConfig::from_url("test", url);
    change(&mut database);
    let config = Config::builder().database(database).build().unwrap();
    Manager::from_config(config).await.unwrap()
}

async fn coarser_invalidation_is_still_fresh(database: TestDatabase) {
    drop(database.with_schema().await);
    for (precision, other_column, other_row) in [
        (Precision::Row, Source::L1, Source::L1),
        (Precision::RowWithoutColumns, Source::Database, Source::L1),
        (Precision::Table, Source::Database, Source::Database),
    ] {
        let db = connect(&database.url, |config| config.invalidation = precision).await;
        prime(&db, &by_id(1)).await;
        prime(&db, &by_id(2)).await;
        write(&db, "UPDATE members SET score = score + 1 WHERE id = 1").await;
        assert_eq!(assert_fresh(&db, &by_id(1)).await, other_column, "{precision:?}");
        assert_eq!(assert_fresh(&db, &by_id(2)).await, other_row, "{precision:?}");
        prime(&db, &by_id(1)).await;
        write(
            &db,
            &format!("UPDATE members SET name = '{precision:?}' WHERE id = 1"),
        )
        .await;
        assert_eq!(
            assert_fresh(&db, &by_id(1)).await,
            Source::Database,
            "{precision:?}"
        );
    }
}

async fn a_statement_and_a_table_have_settings_of_their_own(database: TestDatabase) {
    drop(database.with_schema().await);
    let db = connect(&database.url, |config| {
        config.tables.push(TableConfig {
            enable_query_cache: false,
            ..TableConfig::new("notes")
        });
        config.tables.push(TableConfig {
            cache_ttl: Some(Duration::from_secs(1)),
            ..TableConfig::new("teams")
        });
    })
    .await;
    for _ in 0..2 {
        let notes = db
            .query("SELECT body FROM notes WHERE id = 1", NONE)
            .await
            .unwrap();
        assert_eq!(notes.source(), Source::Database);
    }
    let titles = "SELECT title FROM teams ORDER BY id";
    prime(&db, titles).await;
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(
        assert_fresh(&db, titles).await,
        Source::Database,
        "its time is over"
    );
    let policy = StatementPolicy {
        no_cache: true,
        ..StatementPolicy::default()
    };
    let database = &db.databases()[0];
    database.set_statement_policy(&by_id(1), policy);
    for _ in 0..2 {
        assert_eq!(
            assert_fresh(&db, &by_id(2)).await,
            Source::Database,
            "equal but for a literal"
        );
    }
    let stats = database.statement_stats();
    let form = stats
        .iter()
        .find(|stats| stats.statement.contains("where id = ?"))
        .unwrap();
    assert!(form.executions >= 2 && form.hits == 0);
}

async fn a_stale_result_is_returned_only_to_who_asks_for_it(database: TestDatabase) {
    let db = database.with_schema().await;
    let patient = |sql: String| {
        let db = db.clone();
        async move {
            let select = db.select(&sql).stale_while_revalidate(Duration::from_secs(60));
            select.fetch().await.unwrap()
        }
    };
    for _ in 0..2 {
        patient(by_id(1)).await;
    }
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    let old = patient(by_id(1)).await;
    assert_eq!(old.source(), Source::Stale);
    assert_eq!(old[0].get::<&str>("name").unwrap(), "Ada");
    assert_ne!(assert_fresh(&db, &by_id(1)).await, Source::Stale);
    // In the background it is fetched anew.
    for _ in 0..100 {
        let now = patient(by_id(1)).await;
        if now.source() != Source::Stale {
            assert_eq!(now[0].get::<&str>("name").unwrap(), "Augusta");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the old result stayed");
}

/// Numbers as parameters, as programs send them.
#[tokio::test]
async fn parameters_are_compared_by_value_on_sqlite() {
    let database = TestDatabase::sqlite();
    let db = database.with_schema().await;
    let sql = "SELECT name FROM members WHERE id = ?";
    let read = async |params: Params<'_>| db.query(sql, params).await.unwrap().source();
    for _ in 0..2 {
        read(params![1]).await;
        read(params!["1"]).await;
        read(params![1.0]).await;
    }
    db.execute(
        "UPDATE members SET name = ? WHERE id = ?",
        params!["Augusta", "1"],
    )
    .await
    .unwrap();
    for params in [params![1], params!["1"], params![1.0]] {
        assert_eq!(read(params).await, Source::Database);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_the_turn_to_write_keeps_nobody_from_the_cache_on_sqlite() {
    let database = TestDatabase::sqlite();
    let db = database.with_schema().await;
    for id in [1, 2] {
        prime(&db, &by_id(id)).await;
    }
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET score = 1 WHERE id = 3", NONE)
        .await
        .unwrap();
    let update = |id: u32| {
        let db = db.clone();
        tokio::spawn(async move {
            let sql = format!("UPDATE members SET name = 'new' WHERE id = {id}");
            db.execute(&sql, NONE).await.unwrap();
        })
    };
    let first = update(1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = update(2);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The first waits for the database's lock, the second for the first.
    assert_eq!(assert_fresh(&db, &by_id(1)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &by_id(2)).await, Source::L1);
    transaction.commit().await.unwrap();
    for write in [first, second] {
        write.await.unwrap();
    }
    for id in [1, 2] {
        assert_eq!(
            db.query(&by_id(id), NONE).await.unwrap()[0]
                .get::<&str>("name")
                .unwrap(),
            "new"
        );
    }
}

/// What a trigger's function executes as text nobody can tell: the user can.
#[tokio::test]
async fn what_triggers_write_can_be_declared_on_postgres() {
    let database = TestDatabase::postgres();
    let owner = database.with_schema().await;
    owner
        .execute_script(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             EXECUTE 'UPDATE notes SET body = body || ''!'''; RETURN NEW; END $$;
             CREATE TRIGGER noting AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await
        .unwrap();
    let (notes, teams) = (
        "SELECT body FROM notes WHERE id = 1",
        "SELECT title FROM teams WHERE id = 1",
    );
    for (declared, of_others) in [
        (None, Source::Database),
        (Some(vec!["notes".to_owned()]), Source::L1),
    ] {
        let db = connect(&database.url, |config| {
            config.tables.push(TableConfig {
                trigger_writes: declared,
                ..TableConfig::new("members")
            });
        })
        .await;
        prime(&db, notes).await;
        prime(&db, teams).await;
        write(&db, "UPDATE members SET score = 1 WHERE id = 1").await;
        assert_eq!(assert_fresh(&db, notes).await, Source::Database);
        assert_eq!(assert_fresh(&db, teams).await, of_others);
    }
}
