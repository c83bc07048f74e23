//! The pool's figures reach the manager, under the names of OpenTelemetry and under those of the original.

use std::collections::HashMap;

use plexidb::DatabaseConfig;

use super::{connect, pool_stats, until};
use crate::databases::{NONE, TestDatabase};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_come_under_both_sets_of_names_and_agree() {
    let database = TestDatabase::postgres();
    let db = connect(DatabaseConfig {
        connection_pool_size: 2,
        max_overflow: 1,
        pool_timeout: std::time::Duration::from_secs(4),
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    })
    .await;
    let mut transactions = Vec::new();
    for _ in 0..3 {
        transactions.push(db.begin().await.unwrap());
    }
    assert!(db.query("SELECT 1", NONE).await.is_err(), "all are out");
    let stats = pool_stats(&db);
    let open: HashMap<_, _> = stats.open_telemetry().into_iter().collect();
    for (name, figure) in [
        ("db.client.connection.count{state=\"used\"}", 3.0),
        ("db.client.connection.count{state=\"idle\"}", 0.0),
        ("db.client.connection.max", 3.0),
        ("db.client.connection.idle.max", 2.0),
        ("db.client.connection.idle.min", 0.0),
        ("db.client.connection.pending_requests", 0.0),
        ("db.client.connection.timeouts", 1.0),
        ("db.client.connection.create_time.count", 3.0),
    ] {
        assert!(
            (open[name] - figure).abs() < f64::EPSILON,
            "{name}: {}",
            open[name]
        );
    }
    assert_eq!((stats.total_connections(), stats.active_connections()), (3, 3));
    assert_eq!((stats.idle_connections(), stats.peak_connections()), (0, 3));
    assert_eq!((stats.connection_errors(), stats.connection_timeouts()), (0, 1));
    assert_eq!(
        (stats.connections_created(), stats.connections_destroyed()),
        (3, 0)
    );
    assert!((stats.pool_utilization_percent() - 100.0).abs() < f64::EPSILON);
    assert!(stats.avg_connection_time_ms() > 0.0);
    for transaction in transactions {
        transaction.rollback().await.unwrap();
    }
    until("all are back", || pool_stats(&db).active == 0).await;
    let open: HashMap<_, _> = pool_stats(&db).open_telemetry().into_iter().collect();
    assert!(open["db.client.connection.use_time.count"] >= 3.0);
    assert!(open["db.client.connection.use_time.sum"] > 0.0);
    assert_eq!(db.stats().pool("chat"), Some(&db.stats().pools[0].1));
    assert_eq!(db.stats().pool("shop"), None);
}
