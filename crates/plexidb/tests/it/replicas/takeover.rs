//! Servers die, and others take their place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plexidb::{Manager, Replicas, params};
use plexidb_testkit::PostgresCluster;

use super::cluster::{PATIENCE, POLL_INTERVAL, body, connect_postgres, read, read_from_replica, until};

/// Reads past the cache without a pause until it is told to stop; the bodies of all reads, each of which succeeds.
fn read_on(db: &Manager, is_over: &Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    let (db, is_over) = (db.clone(), Arc::clone(is_over));
    tokio::spawn(async move {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(body(&read(&db, Replicas::Strict).await), "old");
            count += 1;
        }
        count
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_die_and_are_replaced_without_a_failed_read_or_a_lost_write() {
    let cluster = PostgresCluster::start(2).unwrap();
    let port = cluster.primary.port();
    let db = connect_postgres(&cluster).await;
    read_from_replica(&db, port, Replicas::Strict).await;

    // A replica dies under readers.
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| read_on(&db, &is_over)).collect();
    cluster.replicas[1].kill().unwrap();
    let has_noticed = || {
        let stats = db.stats();
        stats.endpoints[0].1.endpoints[2].errors > 0
    };
    until(has_noticed).await;

    // The primary dies with a write under way. What was read before is read on from the replica.
    let writing = {
        let db = db.clone();
        let sql = "UPDATE notes SET body = 'lost' WHERE id = 1 AND pg_sleep(60) IS NOT NULL";
        tokio::spawn(async move { db.execute(sql, params![]).await })
    };
    let is_under_way = || db.stats().slots[0].1.held > 0;
    until(is_under_way).await;
    cluster.primary.kill().unwrap();
    let error = writing.await.unwrap().unwrap_err();
    assert!(error.driver().unwrap().outcome_is_unknown(), "{error}");
    cluster.replicas[0].promote().unwrap();

    // Writes resume on the promoted server. Those whose outcome is unknown are not sent again by plexidb, but by this test.
    let insert = async {
        while let Err(error) = db.execute("INSERT INTO others VALUES (1)", params![]).await {
            assert!(
                error
                    .driver()
                    .is_some_and(plexidb::DriverError::outcome_is_unknown),
                "{error}"
            );
        }
    };
    tokio::time::timeout(PATIENCE, insert).await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    let count = db
        .query("SELECT count(*) AS count FROM others", params![])
        .await
        .unwrap();
    assert_eq!(count[0].get::<i64>("count").unwrap(), 1);
    // The doubt about the lost write ends with the server that had it.
    until(|| db.stats().slots[0].1.held == 0).await;

    // The old primary comes back, takes writes, and gets none.
    let is_left_alone = || {
        let stats = db.stats();
        stats.endpoints[0].1.endpoints[0].breaker != plexidb::BreakerState::Closed
    };
    until(is_left_alone).await;
    cluster.primary.start_again().unwrap();
    until(|| !is_left_alone()).await;
    for id in 2..50 {
        db.execute("INSERT INTO others VALUES ($1)", params![id])
            .await
            .unwrap();
        assert_eq!(body(&read(&db, Replicas::Strict).await), "old");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let counts = |node: &plexidb_testkit::PostgresNode| node.client("SELECT count(*) FROM others");
    assert_eq!(
        (
            counts(&cluster.replicas[0]).as_str(),
            counts(&cluster.primary).as_str()
        ),
        ("49", "0")
    );
    db.close().await;
}
