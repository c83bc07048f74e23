//! Futures that are dropped and connections that break, with a write under way.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use plexidb::{ErrorKind, Manager, Source, params};
use plexidb_testkit::Proxy;

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    a_write_dropped_at_any_point_leaves_no_stale_result
    a_transaction_dropped_at_any_point_leaves_no_stale_result
    a_statement_that_takes_too_long_is_cancelled
}

const NAMES: &str = "SELECT name FROM members ORDER BY id";

/// Polls the future so many times and drops it; whether it was finished before.
async fn drop_after_polls<F: Future>(future: F, polls: usize) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
        {
            return true;
        }
        // Gives the server time to answer, so that each poll sees another state.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}

/// Waits until doubt is resolved, which shows by results being cached again.
async fn settle(db: &Manager) {
    for _ in 0..500 {
        assert_fresh(db, NAMES).await;
        if assert_fresh(db, NAMES).await == Source::L1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("results are not cached again: a write stayed in doubt");
}

async fn a_write_dropped_at_any_point_leaves_no_stale_result(database: TestDatabase) {
    let db = database.with_schema().await;
    for polls in 0..6 {
        prime_or_wait(&db).await;
        let name = format!("polled {polls}");
        let write = db
            .execute(
                "UPDATE members SET name = :name WHERE id = 1",
                params! { name: name },
            )
            .await;
        write.unwrap();
        drop_after_polls(
            db.execute(
                "UPDATE members SET name = 'dropped' WHERE id = :id",
                params! { id: 1 },
            ),
            polls,
        )
        .await;
        for _ in 0..20 {
            assert_fresh_unless_written_meanwhile(&db).await;
        }
        settle(&db).await;
    }
}

async fn a_transaction_dropped_at_any_point_leaves_no_stale_result(database: TestDatabase) {
    let db = database.with_schema().await;
    for polls in 0..12 {
        prime_or_wait(&db).await;
        let work = async {
            let mut transaction = db.begin().await?;
            transaction
                .execute(
                    "UPDATE members SET name = :name WHERE id = 1",
                    params! { name: "changed" },
                )
                .await?;
            transaction
                .execute("UPDATE members SET score = 3 WHERE id = 1", NONE)
                .await?;
            transaction.commit().await
        };
        drop_after_polls(work, polls).await;
        for _ in 0..20 {
            assert_fresh_unless_written_meanwhile(&db).await;
        }
        settle(&db).await;
        db.execute("UPDATE members SET name = 'reset' WHERE id = 1", NONE)
            .await
            .unwrap();
    }
}

async fn prime_or_wait(db: &Manager) {
    settle(db).await;
    prime(db, NAMES).await;
}

/// The dropped write may take effect between two reads, but never backwards: a read through the layer that comes
/// after a direct one is not older.
async fn assert_fresh_unless_written_meanwhile(db: &Manager) {
    let before = db.select(NAMES).no_cache().fetch().await.unwrap().into_set();
    let layer = db.query(NAMES, NONE).await.unwrap().into_set();
    let after = db.select(NAMES).no_cache().fetch().await.unwrap().into_set();
    assert!(
        layer == before || layer == after,
        "a stale result after a dropped write"
    );
}

async fn a_statement_that_takes_too_long_is_cancelled(database: TestDatabase) {
    let db = database.with_schema().await;
    let slow = match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => "SELECT pg_sleep(30)",
        plexidb::Dialect::MySql => "SELECT sleep(30) FROM members",
        plexidb::Dialect::Sqlite => {
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT max(n) FROM c"
        }
    };
    let started = std::time::Instant::now();
    let error = db
        .select(slow)
        .timeout(Duration::from_millis(100))
        .fetch()
        .await
        .unwrap_err();
    let kind = error.driver().map(plexidb::DriverError::kind);
    assert!(
        matches!(kind, Some(ErrorKind::Timeout | ErrorKind::Cancelled)),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(10), "it was waited for");
    assert_eq!(db.query(NAMES, NONE).await.unwrap().len(), 3);
}

/// The server's answer to a write is lost: the write has happened, and nobody may read the result of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_is_lost_is_resolved_on_postgres() {
    let database = plexidb_testkit::postgres().fresh_database();
    answer_is_lost(&database.url(), plexidb_testkit::postgres().port()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_is_lost_is_resolved_on_mariadb() {
    let database = plexidb_testkit::mariadb().fresh_database();
    answer_is_lost(&database.url(), plexidb_testkit::mariadb().port()).await;
}

async fn answer_is_lost(url: &str, port: u16) {
    let proxy = Proxy::start(format!("127.0.0.1:{port}")).unwrap();
    let db = plexidb::connect(&proxy.through(url)).await.unwrap();
    db.execute(
        "CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50))",
        NONE,
    )
    .await
    .unwrap();
    db.execute("INSERT INTO members VALUES (1, 'Ada')", NONE)
        .await
        .unwrap();
    for round in 0..5 {
        prime_or_wait(&db).await;
        proxy.reset_after_server_bytes(1);
        let name = format!("round {round}");
        let written = db
            .execute(
                "UPDATE members SET name = :name WHERE id = 1",
                params! { name: name },
            )
            .await;
        if let Err(error) = written {
            assert_eq!(
                error.driver().map(plexidb::DriverError::kind),
                Some(ErrorKind::ConnectionLost),
                "{error}"
            );
        }
        for _ in 0..10 {
            if let Ok(layer) = db.query(NAMES, NONE).await {
                let direct = db.select(NAMES).no_cache().fetch().await.unwrap();
                assert_eq!(layer.into_set(), direct.into_set(), "stale after a lost answer");
            }
        }
        settle(&db).await;
    }
}

/// A write waits for a row's lock; its caller goes away, and the server cannot be reached to cancel it. It takes effect
/// once the lock is free, long after anybody here waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_takes_effect_after_its_caller_is_gone_is_seen_on_postgres() {
    let database = plexidb_testkit::postgres().fresh_database();
    late_effect(&database.url(), plexidb_testkit::postgres().port()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_takes_effect_after_its_caller_is_gone_is_seen_on_mariadb() {
    let database = plexidb_testkit::mariadb().fresh_database();
    late_effect(&database.url(), plexidb_testkit::mariadb().port()).await;
}

async fn late_effect(url: &str, port: u16) {
    let proxy = Proxy::start(format!("127.0.0.1:{port}")).unwrap();
    let db = plexidb::connect(&proxy.through(url)).await.unwrap();
    let other = plexidb::connect(url).await.unwrap();
    db.execute(
        "CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50))",
        NONE,
    )
    .await
    .unwrap();
    db.execute("INSERT INTO members VALUES (1, 'Ada')", NONE)
        .await
        .unwrap();
    // Two connections, so that one is left for reads when new ones are refused.
    let (left, right) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    left.rollback().await.unwrap();
    right.rollback().await.unwrap();
    prime_or_wait(&db).await;

    other.refresh_schema().await.unwrap();
    let mut lock = other.begin().await.unwrap();
    lock.query("SELECT name FROM members WHERE id = 1 FOR UPDATE", NONE)
        .await
        .unwrap();
    let write = db.execute("UPDATE members SET name = 'Grace' WHERE id = 1", NONE);
    tokio::time::timeout(Duration::from_millis(300), write)
        .await
        .unwrap_err();
    proxy.set(plexidb_testkit::Traffic::Refuse).unwrap();
    for _ in 0..5 {
        assert_eq!(
            assert_fresh(&db, NAMES).await,
            Source::Database,
            "the write is in doubt"
        );
    }
    lock.commit().await.unwrap();
    for _ in 0..50 {
        assert_fresh_unless_written_meanwhile(&db).await;
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    proxy.set(plexidb_testkit::Traffic::Pass).unwrap();
    settle(&db).await;
}
