//! Cancellation, dropped futures, lost sessions, and a database in memory that outlives them.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use plexidb_core::{Connection, ConnectionStatus, Connector, DriverError, ErrorKind, Limits, SessionId};
use plexidb_drivers::{ConnectOptions, connector};

use super::{Home, memory, number, query, run};

const ENDLESS: &str = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";

/// Starts a future and drops it before its end.
fn give_up<T>(future: impl Future<Output = T>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        matches!(pin!(future).poll(&mut context), Poll::Pending),
        "it ended at once"
    );
}

/// Waits until no statement of the session runs any more.
async fn wait_for_end(connector: &dyn Connector, session: SessionId) {
    for _ in 0..30 {
        if connector.terminate(session).await.unwrap() {
            return;
        }
    }
    panic!("session {session:?} does not end");
}

#[tokio::test]
async fn a_running_statement_can_be_cancelled() {
    let mut connection = memory().await;
    let canceller = connection.canceller();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        canceller.cancel().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(query(&mut connection, ENDLESS, &[]), cancel);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    canceller.cancel().await.unwrap();
    assert_eq!(
        number(&mut connection, "SELECT 1").await,
        1,
        "a cancellation of nothing is harmless"
    );
}

#[tokio::test]
async fn a_cancellation_is_not_lost_before_the_statement_has_begun() {
    let mut connection = memory().await;
    let canceller = connection.canceller();
    // The query is polled first, so it is under way; its thread may not have begun.
    let (outcome, cancelled) = tokio::join!(query(&mut connection, ENDLESS, &[]), canceller.cancel());
    cancelled.unwrap();
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_wait_for_a_lock_can_be_cancelled() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (a)")
        .unwrap();
    let mut connection = home.connector("?busy_timeout=600000").connect().await.unwrap();
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    let canceller = connection.canceller();
    let write = connection.execute("INSERT INTO t VALUES (1)", &[]);
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        canceller.cancel().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(write, cancel);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_cancelled_write_says_that_its_transaction_is_gone() {
    let mut connection = memory().await;
    run(&mut connection, "CREATE TABLE t (a)").await;
    connection.control("BEGIN").await.unwrap();
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    let canceller = connection.canceller();
    let sql = format!("INSERT INTO t {ENDLESS}");
    let (outcome, ()) = tokio::join!(connection.execute(&sql, &[]), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        canceller.cancel().await.unwrap();
    });
    let error = outcome.unwrap_err();
    assert!(
        matches!(&error, DriverError::Cancelled { message } if message.contains("rolled back")),
        "{error}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_dropped_read_breaks_its_connection_and_stops() {
    let home = Home::new();
    let connector = home.connector("?mode=rwc");
    let mut connection = connector.connect().await.unwrap();
    give_up(connection.query(ENDLESS, &[], Limits::default()));
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    let error = query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert!(!error.outcome_is_unknown(), "the new statement has not run");
    let session = connection.session();
    drop(connection);
    wait_for_end(&*connector, session).await;
    let mut next = connector.connect().await.unwrap();
    assert_eq!(number(&mut next, "SELECT 1").await, 1);
}

#[tokio::test]
async fn a_dropped_write_runs_to_its_end() {
    let home = Home::new();
    let connector = home.connector("?mode=rwc");
    let mut connection = connector.connect().await.unwrap();
    run(&mut connection, "CREATE TABLE t (a)").await;
    let sql = "INSERT INTO t WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)
               SELECT x FROM n";
    give_up(connection.execute(sql, &[]));
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    drop(connection);
    let mut other = connector.connect().await.unwrap();
    // All of it or nothing yet; in the end all of it, since nobody has asked for its termination.
    while number(&mut other, "SELECT count(*) FROM t").await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(number(&mut other, "SELECT count(*) FROM t").await, 200_000);
}

#[tokio::test]
async fn termination_is_exact_for_a_write_that_waits_for_a_lock() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (a)")
        .unwrap();
    let connector = home.connector("?busy_timeout=600000");
    let mut connection = connector.connect().await.unwrap();
    let mut bystander = connector.connect().await.unwrap();
    assert_ne!(connection.session(), bystander.session());
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    give_up(connection.execute("INSERT INTO t VALUES (1)", &[]));
    let session = connection.session();
    drop(connection);
    wait_for_end(&*connector, session).await;
    oracle.execute_batch("COMMIT").unwrap();
    // Once it is said to be gone, it must never appear.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(number(&mut bystander, "SELECT count(*) FROM t").await, 0);
    assert_eq!(
        bystander.status(),
        ConnectionStatus::Idle,
        "others are left alone"
    );
}

#[tokio::test]
async fn a_session_in_use_is_not_said_to_be_gone() {
    let home = Home::new();
    let connector = home.connector("?mode=rwc");
    let mut connection = connector.connect().await.unwrap();
    assert!(!connector.terminate(connection.session()).await.unwrap());
    assert_eq!(
        number(&mut connection, "SELECT 1").await,
        1,
        "an idle session is not harmed"
    );
    let session = connection.session();
    connection.close().await;
    assert!(connector.terminate(session).await.unwrap());
}

#[tokio::test]
async fn a_lost_transaction_is_rolled_back() {
    let home = Home::new();
    let connector = home.connector("?mode=rwc");
    let mut connection = connector.connect().await.unwrap();
    run(&mut connection, "CREATE TABLE t (a)").await;
    connection.control("BEGIN").await.unwrap();
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    let session = connection.session();
    drop(connection);
    wait_for_end(&*connector, session).await;
    let mut other = connector.connect().await.unwrap();
    assert_eq!(number(&mut other, "SELECT count(*) FROM t").await, 0);
    run(&mut other, "INSERT INTO t VALUES (2)").await;
}

#[tokio::test]
async fn a_database_in_memory_outlives_a_lost_connection() {
    let connector = connector("sqlite::memory:", &ConnectOptions::default()).unwrap();
    assert_eq!(connector.connections_max(), Some(1));
    let mut connection = connector.connect().await.unwrap();
    run(&mut connection, "CREATE TABLE t (a)").await;
    run(&mut connection, "INSERT INTO t VALUES (7)").await;
    give_up(connection.query(ENDLESS, &[], Limits::default()));
    let session = connection.session();
    drop(connection);
    wait_for_end(&*connector, session).await;
    let mut next = connector.connect().await.unwrap();
    assert_eq!(number(&mut next, "SELECT a FROM t").await, 7);
}

#[tokio::test]
async fn databases_in_memory_are_apart() {
    let mut one = memory().await;
    let mut other = memory().await;
    run(&mut one, "CREATE TABLE t (a)").await;
    assert_eq!(
        query(&mut other, "SELECT * FROM t", &[])
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Sql
    );
}

#[tokio::test]
async fn a_quick_statement_that_turns_slow_does_not_hold_up_other_tasks() {
    let mut connection = memory().await;
    let sql = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) SELECT max(x) FROM n";
    let few = [plexidb_core::ValueRef::Int(3)];
    for _ in 0..4 {
        query(&mut connection, sql, &few).await.unwrap();
    }
    let canceller = connection.canceller();
    let endless = [plexidb_core::ValueRef::Int(i64::MAX)];
    // There is one task thread: the cancellation runs only if the statement has left it.
    let (outcome, cancelled) = tokio::join!(query(&mut connection, sql, &endless), canceller.cancel());
    cancelled.unwrap();
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(
        query(&mut connection, sql, &few).await.unwrap()[0]
            .get::<i64>(0)
            .unwrap(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_work_side_by_side() {
    let home = Home::new();
    let mut first = home.connect().await;
    run(&mut first, "CREATE TABLE t (a)").await;
    let connector = home.connector("");
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let connector = std::sync::Arc::clone(&connector);
            tokio::spawn(async move {
                let mut connection: Box<dyn Connection> = connector.connect().await.unwrap();
                for _ in 0..50 {
                    run(&mut connection, "INSERT INTO t VALUES (1)").await;
                    number(&mut connection, "SELECT count(*) FROM t").await;
                }
                connection.close().await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(number(&mut first, "SELECT count(*) FROM t").await, 200);
}

#[test]
fn a_connection_may_outlive_its_runtime() {
    let home = Home::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let connector = home.connector("?mode=rwc");
    let mut connection = first.block_on(connector.connect()).unwrap();
    first.block_on(connection.control("BEGIN IMMEDIATE")).unwrap();
    drop(first);
    let second = runtime();
    let error = second.block_on(connection.control("COMMIT")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    drop(connection);
    let mut next = second.block_on(connector.connect()).unwrap();
    second.block_on(next.control("BEGIN IMMEDIATE")).unwrap();
}
