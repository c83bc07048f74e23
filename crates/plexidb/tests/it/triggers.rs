//! Triggers of the servers: what they do to the rows that fire them, what they write besides, and how they are replaced.

use plexidb::{Dialect, Manager, Source};

use crate::databases::{NONE, TestDatabase, assert_fresh, prime};

macro_rules! on_servers {
    ($($test:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::TestDatabase::postgres()).await;
            })*
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::TestDatabase::mariadb()).await;
            })*
        }
    };
}

on_servers! {
    a_trigger_that_stamps_rows_leaves_the_others_in_the_cache
    a_key_that_a_trigger_sets_is_not_the_one_of_the_statement
    a_trigger_may_lead_to_another_row_than_the_statement
    a_trigger_that_logs_drops_results_of_the_log_alone
    a_trigger_that_is_replaced_or_dropped_is_followed
    rows_that_a_cascade_changes_pass_their_triggers
}

const NOTES: &str = "SELECT body FROM notes ORDER BY id";

fn name_of(id: u32) -> String {
    format!("SELECT name FROM members WHERE id = {id}")
}

fn stamp_of(id: u32) -> String {
    format!("SELECT touched FROM members WHERE id = {id}")
}

fn of_team(team: u32) -> String {
    format!("SELECT id, name FROM members WHERE team_id = {team} ORDER BY id")
}

async fn write(db: &Manager, sql: &str) {
    db.execute(sql, NONE).await.unwrap();
}

/// A trigger on the members that does this: `body` in the words of both databases.
async fn create(db: &Manager, name: &str, moment: &str, body: &str) {
    if db.databases()[0].dialect() == Dialect::MySql {
        let sql = format!("CREATE TRIGGER {name} {moment} ON members FOR EACH ROW BEGIN {body} END");
        return write(db, &sql).await;
    }
    replace(db, name, body).await;
    let sql = format!("CREATE TRIGGER {name} {moment} ON members FOR EACH ROW EXECUTE FUNCTION {name}()");
    write(db, &sql).await;
}

/// The function of a trigger of PostgreSQL, made anew.
async fn replace(db: &Manager, name: &str, body: &str) {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$"
    );
    write(db, &sql).await;
}

/// The members with a column that a trigger counts up.
async fn with_stamps(database: &TestDatabase) -> Manager {
    let db = database.with_schema().await;
    write(&db, "ALTER TABLE members ADD COLUMN touched INTEGER").await;
    let body = "SET NEW.touched = COALESCE(OLD.touched, 0) + 1;";
    let body = match db.databases()[0].dialect() {
        Dialect::MySql => body,
        _ => body.trim_start_matches("SET "),
    };
    create(&db, "stamp", "BEFORE UPDATE", body).await;
    db
}

async fn a_trigger_that_stamps_rows_leaves_the_others_in_the_cache(database: TestDatabase) {
    let db = with_stamps(&database).await;
    for sql in [
        &name_of(1),
        &name_of(2),
        &stamp_of(1),
        &stamp_of(2),
        &of_team(1),
        NOTES,
    ] {
        prime(&db, sql).await;
    }
    write(&db, "UPDATE members SET score = 11 WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &stamp_of(1)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &stamp_of(2)).await, Source::L1, "another row");
    assert_eq!(assert_fresh(&db, &name_of(2)).await, Source::L1, "another row");
    assert_eq!(assert_fresh(&db, &name_of(1)).await, Source::L1, "another column");
    assert_eq!(assert_fresh(&db, &of_team(1)).await, Source::L1, "other columns");
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1, "another table");
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &name_of(1)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &name_of(2)).await, Source::L1);
    // Of all columns, which the stamp is one of.
    let whole = "SELECT * FROM members WHERE id = 2";
    prime(&db, whole).await;
    write(&db, "UPDATE members SET score = 2 WHERE id = 2").await;
    assert_eq!(assert_fresh(&db, whole).await, Source::Database);
}

async fn a_key_that_a_trigger_sets_is_not_the_one_of_the_statement(database: TestDatabase) {
    let db = database.with_schema().await;
    let is_mysql = db.databases()[0].dialect() == Dialect::MySql;
    let body = if is_mysql {
        "SET NEW.team_id = 2;"
    } else {
        "NEW.team_id := 2;"
    };
    create(&db, "hire", "BEFORE INSERT", body).await;
    create(&db, "move_over", "BEFORE UPDATE", body).await;
    for sql in [of_team(1), of_team(2), name_of(3), name_of(9)] {
        prime(&db, &sql).await;
    }
    write(
        &db,
        "INSERT INTO members (id, name, team_id) VALUES (9, 'Barbara', 1)",
    )
    .await;
    assert_eq!(assert_fresh(&db, &of_team(2)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &name_of(9)).await, Source::Database);
    assert_eq!(assert_fresh(&db, &name_of(3)).await, Source::L1, "another row");
    for sql in [of_team(1), of_team(2)] {
        prime(&db, &sql).await;
    }
    // From one team to the other, of which the statement says nothing.
    write(&db, "UPDATE members SET score = 5 WHERE id = 1").await;
    for sql in [of_team(1), of_team(2)] {
        assert_eq!(assert_fresh(&db, &sql).await, Source::Database, "{sql}");
    }
    assert_eq!(assert_fresh(&db, &name_of(3)).await, Source::L1);
}

async fn a_trigger_may_lead_to_another_row_than_the_statement(database: TestDatabase) {
    let db = database.with_schema().await;
    let (body, upsert) = match db.databases()[0].dialect() {
        Dialect::MySql => (
            "SET NEW.id = NEW.id + 1;",
            "INSERT INTO members (id, name) VALUES (1, 'x') ON DUPLICATE KEY UPDATE name = 'taken'",
        ),
        _ => (
            "NEW.id := NEW.id + 1;",
            "INSERT INTO members (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'taken'",
        ),
    };
    create(&db, "shift", "BEFORE INSERT", body).await;
    for sql in [name_of(1), name_of(2), name_of(8), NOTES.to_owned()] {
        prime(&db, &sql).await;
    }
    write(&db, upsert).await;
    assert_eq!(assert_fresh(&db, &name_of(2)).await, Source::Database);
    assert_fresh(&db, &name_of(1)).await;
    prime(&db, &name_of(8)).await;
    write(&db, "INSERT INTO members (id, name) VALUES (7, 'Barbara')").await;
    assert_eq!(assert_fresh(&db, &name_of(8)).await, Source::Database);
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1);
}

async fn a_trigger_that_logs_drops_results_of_the_log_alone(database: TestDatabase) {
    let db = database.with_schema().await;
    let body = "INSERT INTO notes SELECT COALESCE(MAX(id), 0) + 1, 'x' FROM notes;";
    create(&db, "noted", "AFTER UPDATE", body).await;
    let teams = "SELECT title FROM teams ORDER BY id";
    for sql in [NOTES, teams, &name_of(2)] {
        prime(&db, sql).await;
    }
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::Database);
    assert_eq!(assert_fresh(&db, teams).await, Source::L1);
    assert_eq!(assert_fresh(&db, &name_of(2)).await, Source::L1);
    write(&db, "INSERT INTO members (id, name) VALUES (9, 'Barbara')").await;
    prime(&db, NOTES).await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1, "another event");
}

async fn a_trigger_that_is_replaced_or_dropped_is_followed(database: TestDatabase) {
    let db = database.with_schema().await;
    let is_mysql = db.databases()[0].dialect() == Dialect::MySql;
    let update = "UPDATE members SET score = score + 1 WHERE id = 1";
    // Planned before there is a trigger.
    write(&db, update).await;
    create(&db, "noted", "AFTER UPDATE", "DELETE FROM notes;").await;
    prime(&db, NOTES).await;
    write(&db, update).await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::Database, "created");
    let teams = "SELECT title FROM teams ORDER BY id";
    let other = "UPDATE teams SET title = CONCAT(title, '!');";
    if is_mysql {
        let sql =
            format!("CREATE OR REPLACE TRIGGER noted AFTER UPDATE ON members FOR EACH ROW BEGIN {other} END");
        write(&db, &sql).await;
    } else {
        replace(&db, "noted", other).await;
    }
    prime(&db, teams).await;
    prime(&db, NOTES).await;
    write(&db, update).await;
    assert_eq!(assert_fresh(&db, teams).await, Source::Database, "replaced");
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1, "no longer written");
    let drop = if is_mysql {
        "DROP TRIGGER noted"
    } else {
        "DROP TRIGGER noted ON members"
    };
    write(&db, drop).await;
    prime(&db, teams).await;
    write(&db, update).await;
    assert_eq!(assert_fresh(&db, teams).await, Source::L1, "dropped");
}

/// MariaDB's cascades pass no triggers, and its plan may still assume that they do.
async fn rows_that_a_cascade_changes_pass_their_triggers(database: TestDatabase) {
    let db = with_stamps(&database).await;
    if db.databases()[0].dialect() == Dialect::Postgres {
        write(&db, "ALTER TABLE members DROP CONSTRAINT members_team_id_fkey").await;
        write(
            &db,
            "ALTER TABLE members ADD FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL",
        )
        .await;
    }
    for sql in [stamp_of(1), stamp_of(3), NOTES.to_owned()] {
        prime(&db, &sql).await;
    }
    write(&db, "DELETE FROM teams WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &stamp_of(1)).await, Source::Database);
    assert_fresh(&db, &stamp_of(3)).await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1);
}

#[tokio::test]
async fn what_a_function_executes_as_text_may_be_anything() {
    let database = TestDatabase::postgres();
    let db = database.with_schema().await;
    let body = "EXECUTE 'UPDATE teams SET title = title || ''!''';";
    create(&db, "executes", "BEFORE UPDATE", body).await;
    let teams = "SELECT title FROM teams ORDER BY id";
    prime(&db, teams).await;
    prime(&db, NOTES).await;
    write(&db, "UPDATE members SET score = 1 WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, teams).await, Source::Database);
    assert_eq!(assert_fresh(&db, NOTES).await, Source::Database);
    // Nobody executes a trigger that is off.
    write(&db, "ALTER TABLE members DISABLE TRIGGER executes").await;
    prime(&db, teams).await;
    write(&db, "UPDATE members SET score = 2 WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, teams).await, Source::L1);
}

#[tokio::test]
async fn a_partition_passes_the_triggers_of_its_parent() {
    let database = TestDatabase::postgres();
    let db = database.connect().await;
    db.execute_script(
        "CREATE TABLE events (id int PRIMARY KEY, n int, touched int) PARTITION BY RANGE (id);
         CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (100);
         CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN NEW.touched := COALESCE(OLD.touched, 0) + 1; RETURN NEW; END $$;
         CREATE TRIGGER stamp BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION stamp();
         INSERT INTO events VALUES (1, 1), (2, 2);
         CREATE TABLE others (id int PRIMARY KEY);",
    )
    .await
    .unwrap();
    for table in ["events", "events_low"] {
        let stamps = ["events", "events_low"].map(|read| format!("SELECT touched FROM {read} WHERE id = 1"));
        let others = "SELECT id FROM others";
        for sql in [&stamps[0], &stamps[1], others] {
            prime(&db, sql).await;
        }
        write(&db, &format!("UPDATE {table} SET n = n + 1 WHERE id = 1")).await;
        for sql in &stamps {
            assert_eq!(
                assert_fresh(&db, sql).await,
                Source::Database,
                "{sql} after a write of {table}"
            );
        }
        assert_eq!(assert_fresh(&db, others).await, Source::L1);
    }
}

/// What somebody else does to the schema is known when the schema is read anew.
#[tokio::test]
async fn a_function_that_somebody_else_replaces_is_known_after_a_refresh() {
    let database = TestDatabase::postgres();
    let db = database.with_schema().await;
    create(&db, "noted", "AFTER UPDATE", "NULL;").await;
    let update = "UPDATE members SET score = score + 1 WHERE id = 1";
    prime(&db, NOTES).await;
    write(&db, update).await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::L1);
    let somebody = database.connect().await;
    replace(&somebody, "noted", "DELETE FROM notes;").await;
    db.refresh_schema().await.unwrap();
    prime(&db, NOTES).await;
    write(&db, update).await;
    assert_eq!(assert_fresh(&db, NOTES).await, Source::Database);
}

/// RETURNING shows the row as its triggers have made it, so that its other keys are learnt all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_learnt_under_triggers_on_postgres() {
    let database = TestDatabase::postgres();
    let db = with_stamps(&database).await;
    let [reds, blues] =
        [1, 2].map(|team| format!("SELECT name FROM members WHERE team_id = {team} ORDER BY id"));
    prime(&db, &reds).await;
    prime(&db, &blues).await;
    write(&db, "UPDATE members SET name = 'Augusta' WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &reds).await, Source::Database);
    assert_eq!(assert_fresh(&db, &blues).await, Source::L1, "another team");
    // A trigger that moves the row is seen in what is returned, and the old team in what it may change.
    let body = "IF NEW.score = 99 THEN NEW.team_id := 2; END IF;";
    create(&db, "promote", "BEFORE UPDATE", body).await;
    prime(&db, &reds).await;
    prime(&db, &blues).await;
    write(&db, "UPDATE members SET score = 99 WHERE id = 1").await;
    assert_eq!(assert_fresh(&db, &reds).await, Source::Database);
    assert_eq!(assert_fresh(&db, &blues).await, Source::Database);
}
