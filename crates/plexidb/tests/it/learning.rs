//! Writes that learn the keys of their rows: whose lists are dropped, what their users get, and what faults leave behind.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use plexidb::{
    Config, DatabaseConfig, Dialect, ErrorKind, Executed, Execution, KeyLearning, Manager, Source, params,
};
use plexidb_testkit::Proxy;

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    an_edit_drops_the_list_of_its_own_key_only
    an_edit_in_a_transaction_drops_the_list_of_its_own_key_only
    a_write_that_nobody_reads_by_key_is_sent_as_it_is
    users_get_the_rows_and_counts_of_their_own_statement
    errors_leave_nothing_held_and_nothing_stale
    a_statement_that_waits_too_long_leaves_nothing_held
    a_write_dropped_at_any_point_leaves_nothing_held_and_nothing_stale
}

const MODES: [KeyLearning; 4] = [
    KeyLearning::Never,
    KeyLearning::OneTrip,
    KeyLearning::TwoTrips,
    KeyLearning::Auto,
];
const REDS: &str = "SELECT name FROM members WHERE team_id = 1 ORDER BY id";
const BLUES: &str = "SELECT name FROM members WHERE team_id = 2 ORDER BY id";
const LISTS: [&str; 2] = [REDS, BLUES];

async fn connect(url: &str, key_learning: KeyLearning) -> Manager {
    let config = Config::builder().database(DatabaseConfig {
        key_learning,
        ..DatabaseConfig::from_url("test", url)
    });
    Manager::from_config(config.build().unwrap()).await.unwrap()
}

fn dialect(db: &Manager) -> Dialect {
    db.databases()[0].dialect()
}

fn by(key_learning: KeyLearning) -> Execution {
    Execution {
        key_learning: Some(key_learning),
        ..Execution::default()
    }
}

/// Waits until doubt is resolved: no slot is held, and results are cached again.
async fn settle(db: &Manager) {
    for _ in 0..1_000 {
        if db.stats().slots[0].1.held == 0 {
            for list in LISTS {
                assert_fresh(db, list).await;
                prime(db, list).await;
            }
            assert_eq!(db.stats().slots[0].1.abandoned, 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("slots stay held: {:?}", db.stats().slots);
}

async fn an_edit_drops_the_list_of_its_own_key_only(database: TestDatabase) {
    database.with_schema().await;
    for mode in MODES {
        let db = connect(&database.url, mode).await;
        let is_kept = mode != KeyLearning::Never;
        for list in LISTS {
            prime(&db, list).await;
        }
        let name = format!("edited by {mode:?}");
        let update = "UPDATE members SET name = :name WHERE id = :id";
        let executed = db.execute(update, params! { name: name, id: 1 }).await.unwrap();
        assert_eq!(executed.rows_affected, 1);
        assert_eq!(assert_fresh(&db, REDS).await, Source::Database, "{mode:?}");
        assert_eq!(assert_fresh(&db, BLUES).await == Source::L1, is_kept, "{mode:?}");

        let insert = "INSERT INTO members VALUES (9, 'Emmy', 1, 2)";
        db.execute(insert, NONE).await.unwrap();
        for list in LISTS {
            prime(&db, list).await;
        }
        db.execute("DELETE FROM members WHERE id = 9", NONE)
            .await
            .unwrap();
        assert_eq!(assert_fresh(&db, BLUES).await, Source::Database, "{mode:?}");
        assert_eq!(assert_fresh(&db, REDS).await == Source::L1, is_kept, "{mode:?}");
        settle(&db).await;
    }
}

async fn an_edit_in_a_transaction_drops_the_list_of_its_own_key_only(database: TestDatabase) {
    database.with_schema().await;
    for mode in MODES {
        let db = connect(&database.url, mode).await;
        let is_kept = mode != KeyLearning::Never;
        for list in LISTS {
            prime(&db, list).await;
        }
        let mut transaction = db.begin().await.unwrap();
        let update = format!("UPDATE members SET name = 'edited by {mode:?}' WHERE id = 3");
        let executed = transaction.execute(&update, NONE).await.unwrap();
        assert_eq!(executed.rows_affected, 1);
        // Not committed: what is cached is still true.
        assert_eq!(assert_fresh(&db, BLUES).await, Source::L1, "{mode:?}");
        transaction.commit().await.unwrap();
        assert_eq!(assert_fresh(&db, BLUES).await, Source::Database, "{mode:?}");
        assert_eq!(assert_fresh(&db, REDS).await == Source::L1, is_kept, "{mode:?}");
        settle(&db).await;
    }
}

/// Without a reader there is nothing to learn for; the first reader changes that.
async fn a_write_that_nobody_reads_by_key_is_sent_as_it_is(database: TestDatabase) {
    database.with_schema().await;
    let db = connect(&database.url, KeyLearning::Auto).await;
    let all = "SELECT id, name FROM members ORDER BY id";
    prime(&db, all).await;
    for id in 1..4 {
        let update = "UPDATE members SET name = 'edited' WHERE id = :id";
        db.execute(update, params! { id: id }).await.unwrap();
        assert_eq!(assert_fresh(&db, all).await, Source::Database);
    }
    settle(&db).await;
    let delete = "DELETE FROM members WHERE id = 3";
    db.execute(delete, NONE).await.unwrap();
    assert_eq!(assert_fresh(&db, BLUES).await, Source::Database);
    assert_eq!(assert_fresh(&db, REDS).await, Source::L1);
}

async fn users_get_the_rows_and_counts_of_their_own_statement(database: TestDatabase) {
    let db = database.with_schema().await;
    for mode in MODES {
        let execute = async |sql: &str| db.execute_with(sql, NONE, by(mode)).await.unwrap();
        let none = execute("UPDATE members SET name = 'nobody' WHERE id = 77").await;
        assert_eq!(none.rows_affected, 0, "{mode:?}");
        // MariaDB counts only rows that change.
        let few = format!("UPDATE members SET name = 'few by {mode:?}' WHERE id IN (1, 2, 77)");
        let few = execute(&few).await;
        assert_eq!(few.rows_affected, 2, "{mode:?}");
        let inserted = execute("INSERT INTO members VALUES (8, lower('EMMY'), 1, 1 + 1)").await;
        let plain = db
            .execute_with(
                "INSERT INTO members VALUES (9, lower('KURT'), 1, 1 + 1)",
                NONE,
                by(KeyLearning::Never),
            )
            .await
            .unwrap();
        assert_eq!(inserted.rows_affected, plain.rows_affected, "{mode:?}");
        assert_eq!(
            inserted.last_insert_id.map(|id| id + 1),
            plain.last_insert_id,
            "{mode:?}"
        );
        let gone = execute("DELETE FROM members WHERE id = 9").await;
        assert_eq!(
            gone,
            Executed {
                rows_affected: 1,
                last_insert_id: None
            }
        );

        let sql = "DELETE FROM members WHERE id = 8 RETURNING name AS team_id, id AS \"own\"";
        let sql = if dialect(&db) == Dialect::MySql {
            sql.replace('"', "`")
        } else {
            sql.to_owned()
        };
        let rows = db.query_with(&sql, NONE, by(mode)).await.unwrap();
        let names: Vec<&str> = rows.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["team_id", "own"], "{mode:?}");
        let values: Vec<(String, i64)> = rows.deserialize().unwrap();
        assert_eq!(values, [("emmy".to_owned(), 8)], "{mode:?}");
        let rows = db
            .query_with("UPDATE members SET score = 4 WHERE id = 1", NONE, by(mode))
            .await;
        let rows = rows.unwrap();
        assert_eq!((rows.len(), rows.columns().len()), (0, 0), "{mode:?}");
        settle(&db).await;
    }
}

async fn errors_leave_nothing_held_and_nothing_stale(database: TestDatabase) {
    let db = database.with_schema().await;
    for mode in MODES {
        settle(&db).await;
        for refused in [
            "UPDATE members SET name = NULL WHERE id = 1",
            "UPDATE members SET team_id = 77 WHERE id = 1",
            "INSERT INTO members VALUES (1, lower('A DUPLICATE'), 0, 1 + 1)",
            "DELETE FROM members WHERE id = 1 AND nme = 'no such column'",
        ] {
            let error = db.execute_with(refused, NONE, by(mode)).await.unwrap_err();
            let kind = error.driver().map(plexidb::DriverError::kind);
            assert!(kind == Some(ErrorKind::Sql), "{mode:?} {refused}: {error}");
            assert_eq!(db.stats().slots[0].1.held, 0, "{mode:?} {refused}");
            for list in LISTS {
                assert_fresh(&db, list).await;
            }
        }
        // The connection is as good as before.
        let update = format!("UPDATE members SET name = 'good after {mode:?}' WHERE id = 1");
        let executed = db.execute_with(&update, NONE, by(mode)).await.unwrap();
        assert_eq!(executed.rows_affected, 1);
    }
}

async fn a_statement_that_waits_too_long_leaves_nothing_held(database: TestDatabase) {
    let db = database.with_schema().await;
    for mode in MODES {
        settle(&db).await;
        let mut lock = db.begin().await.unwrap();
        lock.execute("UPDATE members SET name = 'locked' WHERE id = 1", NONE)
            .await
            .unwrap();
        let execution = Execution {
            timeout: Some(Duration::from_millis(60)),
            ..by(mode)
        };
        let update = "UPDATE members SET name = 'late' WHERE id = 1";
        let error = db.execute_with(update, NONE, execution).await.unwrap_err();
        let kind = error.driver().map(plexidb::DriverError::kind);
        assert!(
            matches!(kind, Some(ErrorKind::Timeout | ErrorKind::Cancelled)),
            "{mode:?}: {error}"
        );
        lock.commit().await.unwrap();
        settle(&db).await;
        let names: Vec<(String,)> = db.query(REDS, NONE).await.unwrap().deserialize().unwrap();
        // A cancellation that comes too late leaves the outcome open: then the write may have taken effect.
        if kind == Some(ErrorKind::Cancelled) {
            assert_eq!(names[0].0, "locked", "{mode:?}");
        }
        assert_fresh(&db, REDS).await;
    }
}

/// Polls the future so many times and drops it.
async fn drop_after_polls<F: Future>(future: F, polls: usize) {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return;
        }
        // Gives the server time to answer, so that each poll sees another state.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A dropped write may take effect between two reads, but never backwards.
async fn assert_not_stale(db: &Manager) {
    for list in LISTS {
        let direct = async || db.select(list).no_cache().fetch().await.unwrap().into_set();
        let before = direct().await;
        let layer = db.query(list, NONE).await.unwrap().into_set();
        let after = direct().await;
        assert!(layer == before || layer == after, "stale: {list}");
    }
}

async fn a_write_dropped_at_any_point_leaves_nothing_held_and_nothing_stale(database: TestDatabase) {
    let db = database.with_schema().await;
    for mode in [KeyLearning::OneTrip, KeyLearning::TwoTrips] {
        for polls in 0..8 {
            settle(&db).await;
            let insert = format!(
                "INSERT INTO members VALUES ({}, 'short-lived', 1, 2)",
                100 + polls
            );
            db.execute_with(&insert, NONE, by(KeyLearning::Never)).await.ok();
            settle(&db).await;
            let name = format!("{mode:?} {polls}");
            let update = "UPDATE members SET name = :name WHERE id = 1";
            drop_after_polls(db.execute_with(update, params! { name: name }, by(mode)), polls).await;
            assert_not_stale(&db).await;
            let delete = format!("DELETE FROM members WHERE id = {}", 100 + polls);
            drop_after_polls(db.execute_with(&delete, NONE, by(mode)), polls).await;
            for _ in 0..5 {
                assert_not_stale(&db).await;
            }
            settle(&db).await;
            db.execute(&delete, NONE).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_at_any_point_leaves_nothing_held_on_postgres() {
    let database = TestDatabase::postgres();
    reset_at_any_point(&database, plexidb_testkit::postgres().port()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_at_any_point_leaves_nothing_held_on_mariadb() {
    let database = TestDatabase::mariadb();
    reset_at_any_point(&database, plexidb_testkit::mariadb().port()).await;
}

async fn reset_at_any_point(database: &TestDatabase, port: u16) {
    database.with_schema().await;
    let proxy = Proxy::start(format!("127.0.0.1:{port}")).unwrap();
    let db = connect(&proxy.through(&database.url), KeyLearning::Auto).await;
    let watcher = connect(&database.url, KeyLearning::Never).await;
    for mode in [KeyLearning::OneTrip, KeyLearning::TwoTrips] {
        for bytes in [0, 1, 8, 20, 40, 60, 90, 140] {
            settle(&db).await;
            let insert = format!(
                "INSERT INTO members VALUES ({}, 'short-lived', 1, 2)",
                100 + bytes
            );
            watcher.execute(&insert, NONE).await.unwrap();
            db.databases()[0].invalidate_all().await.unwrap();
            settle(&db).await;
            proxy.reset_after_server_bytes(bytes);
            let delete = format!("DELETE FROM members WHERE id = {}", 100 + bytes);
            let written = db.execute_with(&delete, NONE, by(mode)).await;
            // Whatever has become of it: once nothing is in doubt, nobody reads what was before it.
            while db.stats().slots[0].1.held > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for list in LISTS {
                let Ok(layer) = db.query(list, NONE).await else {
                    continue;
                };
                let direct = watcher.select(list).no_cache().fetch().await.unwrap();
                assert_eq!(
                    layer.into_set(),
                    direct.into_set(),
                    "stale after {bytes} bytes, {mode:?}: {written:?}"
                );
            }
            // The reset may strike a later exchange where the answer was shorter.
            for _ in 0..3 {
                let _ = db.query("SELECT count(*) FROM members", NONE).await;
            }
            watcher.execute(&delete, NONE).await.unwrap();
            db.databases()[0].invalidate_all().await.unwrap();
            settle(&db).await;
        }
    }
}

/// MariaDB has no UPDATE … RETURNING: the keys are looked up after it, by the unique key that pins its rows. Whoever moves that
/// key meanwhile makes the lookup worthless.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_change_their_unique_key_meanwhile_are_not_missed_on_mariadb() {
    let database = TestDatabase::mariadb();
    database.with_schema().await;
    let db = connect(&database.url, KeyLearning::OneTrip).await;
    let list = "SELECT name FROM members WHERE team_id = 1 ORDER BY name";
    // Several times each, so that the connections have prepared it and the first poll sends the statement itself.
    for (round, polls) in (0..32).zip((0..4).cycle()) {
        prime(&db, list).await;
        let mut edit = Box::pin(async {
            let sql = "UPDATE members SET name = :name WHERE id = 1";
            db.execute(sql, params! { name: format!("round {round}") }).await
        });
        let mut is_over = false;
        for _ in 0..polls {
            // Whatever was sent is answered before the next poll, and whatever comes next is not sent yet.
            is_over = is_over
                || edit
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_ready();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        db.execute("UPDATE members SET id = 41 WHERE id = 1", NONE)
            .await
            .unwrap();
        if !is_over {
            edit.await.unwrap();
        }
        assert_fresh(&db, list).await;
        db.execute("UPDATE members SET id = 1 WHERE id = 41", NONE)
            .await
            .unwrap();
    }
    settle(&db).await;
}

/// A role that may write and not read: what learns keys by reading must not be tried.
#[tokio::test]
async fn who_may_not_read_can_still_write_on_postgres() {
    let database = TestDatabase::postgres();
    let owner = database.with_schema().await;
    let role = format!("writer_{}", std::process::id());
    owner
        .execute_script(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'w'; GRANT INSERT, UPDATE ON members TO {role}; \
             GRANT SELECT (id) ON members TO {role}"
        ))
        .await
        .unwrap();
    let (_, rest) = database.url.split_once("://").unwrap();
    let (_, address) = rest.split_once('@').unwrap();
    let writer = plexidb::connect(&format!("postgres://{role}:w@{address}"))
        .await
        .unwrap();
    for learning in [KeyLearning::OneTrip, KeyLearning::TwoTrips] {
        let execution = Execution {
            key_learning: Some(learning),
            ..Execution::default()
        };
        let sql = "UPDATE members SET name = 'x' WHERE id = 1";
        let executed = writer.execute_with(sql, NONE, execution).await.unwrap();
        assert_eq!(executed.rows_affected, 1);
    }
    let mut transaction = writer.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET name = 'y' WHERE id = 1", NONE)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    drop(writer);
    owner
        .execute_script(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await
        .unwrap();
}
