//! PostgreSQL commits that synchronous replicas are to confirm: one that is not waited for to the end is no success, though the server
//! says so.

use std::time::Duration;

use plexidb::{DatabaseConfig, Error, ErrorKind, Manager, Params};
use plexidb_testkit::PostgresNode;

use super::cluster::{open, until};
use super::crew::is_unknown;
use super::server::{Server, Stage};

const NONE: Params<'static> = Params::Positional(&[]);

fn assert_unconfirmed(error: &Error) {
    assert!(is_unknown(error), "{error}");
    assert_eq!(
        error.driver().map(plexidb::DriverError::kind),
        Some(ErrorKind::Unconfirmed)
    );
    assert!(error.to_string().contains("synchronous replica"), "{error}");
}

/// A manager on a primary whose only replica, which is to confirm all commits, is gone.
async fn without_confirmation(timeout: Option<Duration>) -> (Stage<PostgresNode>, Manager) {
    let stage = Stage::<PostgresNode>::start(1);
    let edit = |database: &mut DatabaseConfig| database.statement_timeout = timeout;
    let db = open(&stage.urls()[..1], edit).await.unwrap();
    stage.cluster.primary.confirm_by_replica(true);
    db.execute("INSERT INTO sends VALUES (1)", NONE).await.unwrap();
    Server::kill(&stage.cluster.replicas[0]);
    (stage, db)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_wait_for_confirmation_times_out_is_of_unknown_outcome() {
    let (stage, db) = without_confirmation(Some(Duration::from_millis(500))).await;
    let before = db
        .query("SELECT count(*) AS sent FROM sends", NONE)
        .await
        .unwrap();
    assert_eq!(before[0].get::<i64>("sent").unwrap(), 1);
    let error = db
        .execute("INSERT INTO sends VALUES (2)", NONE)
        .await
        .unwrap_err();
    assert_unconfirmed(&error);
    // It is there, and the cache does not hide it. Nothing stays held for it.
    assert_eq!(stage.cluster.primary.sends(), [1, 2]);
    let after = db
        .query("SELECT count(*) AS sent FROM sends", NONE)
        .await
        .unwrap();
    assert_eq!(after[0].get::<i64>("sent").unwrap(), 2);
    until(|| db.stats().slots[0].1.held == 0).await;
    // A statement that writes nothing waits for nobody.
    db.execute("UPDATE sends SET id = 3 WHERE id = 99", NONE)
        .await
        .unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_wait_is_cancelled_by_an_administrator_is_of_unknown_outcome() {
    let (stage, db) = without_confirmation(None).await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("INSERT INTO sends VALUES (2)", NONE)
        .await
        .unwrap();
    let committing = tokio::spawn(transaction.commit());
    let primary = &stage.cluster.primary;
    until(|| {
        let waiting =
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        primary.sql(waiting).trim() != "0"
    })
    .await;
    assert_unconfirmed(&committing.await.unwrap().unwrap_err());
    assert_eq!(primary.sends(), [1, 2]);
    // Once it is confirmed again, all is well.
    Server::start_again(&stage.cluster.replicas[0]);
    db.execute("INSERT INTO sends VALUES (3)", NONE).await.unwrap();
    db.close().await;
}
