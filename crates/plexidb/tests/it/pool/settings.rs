//! Each setting of a pool does what it says.

use std::time::Duration;

use plexidb::{DatabaseConfig, Error, PoolError, PoolSize};

use super::{connect, pool_stats, until};
use crate::databases::{NONE, TestDatabase};

/// Takes SQLite some milliseconds.
const SLOW: &str =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000) SELECT max(n) FROM c";

/// One connection, none beyond.
fn narrow(database: &TestDatabase) -> DatabaseConfig {
    DatabaseConfig {
        connection_pool_size: 1,
        max_overflow: 0,
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    }
}

fn is_overload(error: &Error) -> bool {
    matches!(error, Error::Pool(PoolError::Overloaded(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_ready_before_anybody_asks() {
    let database = TestDatabase::sqlite();
    let config = DatabaseConfig {
        min_idle: 3,
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    };
    let db = connect(config).await;
    until("three idle connections", || pool_stats(&db).idle == 3).await;
    assert_eq!(pool_stats(&db).idle_min, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_size_end_when_they_are_not_needed() {
    let database = TestDatabase::postgres();
    let config = DatabaseConfig {
        max_overflow: 2,
        overflow_idle_timeout: Duration::ZERO,
        ..narrow(&database)
    };
    let db = connect(config).await;
    let mut transactions = Vec::new();
    for _ in 0..3 {
        transactions.push(db.begin().await.unwrap());
    }
    assert_eq!(pool_stats(&db).total, 3);
    for transaction in transactions {
        transaction.rollback().await.unwrap();
    }
    // At once, not when the pool looks the next time.
    assert_eq!(pool_stats(&db).total, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_statements_than_may_wait_are_refused() {
    let database = TestDatabase::sqlite();
    let config = DatabaseConfig {
        waiting_max: 1,
        ..narrow(&database)
    };
    let db = connect(config).await;
    let transaction = db.begin().await.unwrap();
    let first = tokio::spawn({
        let db = db.clone();
        async move { db.query("SELECT 1", NONE).await.map(|rows| rows.len()) }
    });
    until("one waits", || pool_stats(&db).waiting == 1).await;
    let error = db.query("SELECT 2", NONE).await.unwrap_err();
    assert!(is_overload(&error), "{error}");
    transaction.rollback().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    assert_eq!(pool_stats(&db).turned_away, 1);
}

/// How many of twenty statements at once are refused, after all have waited for a while.
async fn refused_under_load(config: DatabaseConfig) -> usize {
    let db = connect(config).await;
    let transaction = db.begin().await.unwrap();
    let load: Vec<_> = (0..20)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.select(SLOW).no_cache().fetch().await.map(drop) })
        })
        .collect();
    until("all wait", || pool_stats(&db).waiting == 20).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    transaction.rollback().await.unwrap();
    let mut refused = 0;
    for statement in load {
        if let Err(error) = statement.await.unwrap() {
            assert!(is_overload(&error), "{error}");
            refused += 1;
        }
    }
    assert_eq!(pool_stats(&db).turned_away, refused as u64);
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_stands_is_cut_short_where_that_is_asked_for() {
    let database = TestDatabase::sqlite();
    let config = DatabaseConfig {
        shedding_target: Some(Duration::from_millis(1)),
        shedding_interval: Duration::from_millis(1),
        ..narrow(&database)
    };
    let refused = refused_under_load(config).await;
    assert!((1..20).contains(&refused), "{refused} of 20 were refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_served_to_its_end_by_default() {
    let database = TestDatabase::sqlite();
    assert_eq!(refused_under_load(narrow(&database)).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_out_for_long_is_counted_as_a_leak_once() {
    let database = TestDatabase::sqlite();
    let config = DatabaseConfig {
        leak_after: Some(Duration::from_millis(10)),
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    };
    let db = connect(config).await;
    let transaction = db.begin().await.unwrap();
    until("a leak", || pool_stats(&db).leaks == 1).await;
    transaction.rollback().await.unwrap();
    assert_eq!(pool_stats(&db).leaks, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_larger_pool_serves_those_who_wait_at_once() {
    let database = TestDatabase::sqlite();
    let db = connect(narrow(&database)).await;
    let size = db.databases()[0].pool_size();
    assert_eq!((size.connections_max, size.overflow_max), (1, 0));
    let transaction = db.begin().await.unwrap();
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { db.query("SELECT 1", NONE).await.map(|rows| rows.len()) }
    });
    until("one waits", || pool_stats(&db).waiting == 1).await;
    let larger = PoolSize {
        connections_max: 2,
        ..size
    };
    assert_eq!(db.resize_pool("chat", larger).unwrap(), larger);
    assert_eq!(
        waiting.await.unwrap().unwrap(),
        1,
        "while the transaction goes on"
    );
    db.resize_pool("chat", size).unwrap();
    transaction.rollback().await.unwrap();
    until("one connection", || pool_stats(&db).total == 1).await;
    assert!(matches!(
        db.resize_pool("shop", size).unwrap_err(),
        Error::NoSuchDatabase { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_in_memory_stays_one_connection() {
    let db = plexidb::connect("sqlite::memory:").await.unwrap();
    let wished = PoolSize {
        connections_max: 5,
        overflow_max: 5,
        min_idle: 5,
    };
    let size = db.resize_pool("default", wished).unwrap();
    assert_eq!(
        (size.connections_max, size.overflow_max, size.min_idle),
        (1, 0, 1)
    );
}
