//! What a write drops from the cache, and what it leaves there.

use plexidb::{Source, params};

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    a_write_drops_what_depends_on_its_table
    a_write_keeps_what_depends_on_other_tables
    views_depend_on_their_tables
    a_deleted_parent_takes_its_children_along
    triggers_touch_what_nobody_knows
    results_that_change_by_themselves_are_not_cached
    rows_that_a_write_returns_are_fresh
    invalidation_by_hand_covers_writes_past_the_layer
    named_and_native_placeholders_share_no_entry_with_other_values
    many_rows_in_one_batch_are_seen
}

const MEMBERS: &str = "SELECT id, name, score, team_id FROM members ORDER BY id";

async fn a_write_drops_what_depends_on_its_table(database: TestDatabase) {
    let db = database.with_schema().await;
    for write in [
        "INSERT INTO members VALUES (4, 'Barbara', 5, 2)",
        "UPDATE members SET score = score + 1 WHERE id = 1",
        "DELETE FROM members WHERE id = 4",
        "INSERT INTO members SELECT id + 10, name, score, team_id FROM members",
        "UPDATE members SET name = (SELECT title FROM teams WHERE teams.id = members.team_id)",
        "DELETE FROM members WHERE team_id IN (SELECT id FROM teams WHERE title = 'blue')",
    ] {
        prime(&db, MEMBERS).await;
        db.execute(write, NONE).await.unwrap();
        assert_eq!(assert_fresh(&db, MEMBERS).await, Source::Database, "{write}");
    }
}

async fn a_write_keeps_what_depends_on_other_tables(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, MEMBERS).await;
    db.execute("UPDATE notes SET body = 'second' WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, MEMBERS).await, Source::L1);
}

async fn views_depend_on_their_tables(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = "SELECT title, name FROM rosters ORDER BY title, name";
    for write in [
        "UPDATE teams SET title = 'green' WHERE id = 1",
        "UPDATE members SET team_id = 2 WHERE id = 1",
    ] {
        prime(&db, sql).await;
        db.execute(write, NONE).await.unwrap();
        assert_eq!(assert_fresh(&db, sql).await, Source::Database, "{write}");
    }
}

async fn a_deleted_parent_takes_its_children_along(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, MEMBERS).await;
    db.execute("DELETE FROM teams WHERE id = 1", NONE).await.unwrap();
    assert_eq!(assert_fresh(&db, MEMBERS).await, Source::Database);
    assert_eq!(db.query(MEMBERS, NONE).await.unwrap().len(), 1);
}

async fn triggers_touch_what_nobody_knows(database: TestDatabase) {
    let db = database.with_schema().await;
    let notes = "SELECT id, body FROM notes ORDER BY id";
    // Planned before the trigger exists: the plan must not outlive the schema.
    db.execute("UPDATE members SET score = 1 WHERE id = 1", NONE)
        .await
        .unwrap();
    match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => {
            db.execute(
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 UPDATE notes SET body = body || '!'; RETURN NEW; END $$",
                NONE,
            )
            .await
            .unwrap();
            db.execute(
                "CREATE TRIGGER noted AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION note()",
                NONE,
            )
            .await
            .unwrap();
        }
        plexidb::Dialect::Sqlite => {
            db.execute(
                "CREATE TRIGGER noted AFTER UPDATE ON members BEGIN UPDATE notes SET body = body || '!'; END",
                NONE,
            )
            .await
            .unwrap();
        }
        plexidb::Dialect::MySql => {
            db.execute(
                "CREATE TRIGGER noted AFTER UPDATE ON members FOR EACH ROW UPDATE notes SET body = CONCAT(body, '!')",
                NONE,
            )
            .await
            .unwrap();
        }
    }
    prime(&db, notes).await;
    db.execute("UPDATE members SET score = 1 WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, notes).await, Source::Database);
}

async fn results_that_change_by_themselves_are_not_cached(database: TestDatabase) {
    let db = database.with_schema().await;
    for sql in [
        "SELECT CURRENT_TIMESTAMP",
        "SELECT id FROM members WHERE name > CURRENT_TIMESTAMP",
        "SELECT name FROM no_such_schema_table",
    ] {
        assert!(!db.explain(sql).is_cacheable(), "{sql}");
    }
    let random = if db.databases()[0].dialect() == plexidb::Dialect::MySql {
        "rand()"
    } else {
        "random()"
    };
    let sql = format!("SELECT id, {random} AS luck FROM members ORDER BY id");
    let first = db.query(&sql, NONE).await.unwrap();
    let second = db.query(&sql, NONE).await.unwrap();
    assert_eq!(second.source(), Source::Database);
    assert_ne!(first.into_set(), second.into_set());
}

async fn rows_that_a_write_returns_are_fresh(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, MEMBERS).await;
    let returned = db
        .query(
            "INSERT INTO members VALUES (9, 'Alan', 1, 2) RETURNING id, name",
            NONE,
        )
        .await
        .unwrap();
    assert_eq!(returned[0].get::<&str>("name").unwrap(), "Alan");
    assert_eq!(assert_fresh(&db, MEMBERS).await, Source::Database);
}

async fn invalidation_by_hand_covers_writes_past_the_layer(database: TestDatabase) {
    let db = database.with_schema().await;
    let other = database.connect().await;
    prime(&db, MEMBERS).await;
    other
        .execute("UPDATE members SET name = 'Kurt' WHERE id = 1", NONE)
        .await
        .unwrap();
    db.invalidate_table("members").await.unwrap();
    assert_eq!(assert_fresh(&db, MEMBERS).await, Source::Database);
    other
        .execute("UPDATE members SET name = 'Emmy' WHERE id = 1", NONE)
        .await
        .unwrap();
    db.clear_cache().await.unwrap();
    assert_eq!(db.cache_stats().entries, 0);
    assert_eq!(assert_fresh(&db, MEMBERS).await, Source::Database);
    let error = db.invalidate_table("membres").await.unwrap_err().to_string();
    assert!(error.contains("no table \"membres\""), "{error}");
}

async fn named_and_native_placeholders_share_no_entry_with_other_values(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = "SELECT name FROM members WHERE id = :id";
    for (id, name) in [(1, "Ada"), (2, "Grace"), (1, "Ada"), (2, "Grace")] {
        let rows = db.query(sql, params! { id: id }).await.unwrap();
        assert_eq!(rows[0].get::<&str>(0).unwrap(), name);
    }
    assert_eq!(
        db.query(sql, params! { id: 2 }).await.unwrap().source(),
        Source::L1
    );
    let twice = "SELECT :a AS a, name FROM members WHERE name = :a OR id = :b ORDER BY id";
    let rows = db.query(twice, params! { b: 2, a: "Ada" }).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].get::<&str>("name").unwrap(), "Grace");
}

async fn many_rows_in_one_batch_are_seen(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, "SELECT count(*) AS n FROM notes").await;
    let rows: Vec<Vec<plexidb::Value>> = (2..1_000_i64)
        .map(|id| vec![id.into(), format!("note {id}").into()])
        .collect();
    let sql = match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => "INSERT INTO notes VALUES ($1, $2)",
        _ => "INSERT INTO notes VALUES (?, ?)",
    };
    assert_eq!(db.execute_many(sql, &rows).await.unwrap().rows_affected, 998);
    assert_eq!(
        assert_fresh(&db, "SELECT count(*) AS n FROM notes").await,
        Source::Database
    );
    // One wrong row, and nothing has changed.
    let rows = [
        vec![2_000_i64.into(), "new".into()],
        vec![1_i64.into(), "a duplicate".into()],
    ];
    db.execute_many(sql, &rows).await.unwrap_err();
    assert_eq!(
        db.query("SELECT id FROM notes WHERE id = 2000", NONE)
            .await
            .unwrap()
            .len(),
        0
    );
}
