//! Figures for those who watch.

use super::*;

#[test]
fn an_unused_pool_has_figures_too() {
    let stats = PoolStats::default();
    assert_eq!(
        (stats.avg_connection_time_ms(), stats.pool_utilization_percent()),
        (0.0, 0.0)
    );
    assert_eq!(stats.wait_time_mean() + stats.use_time_mean(), Duration::ZERO);
}

#[test]
fn the_names_of_the_original_and_of_open_telemetry_tell_the_same() {
    let stats = PoolStats {
        connections_max: 8,
        idle_max: 6,
        idle_min: 1,
        total: 5,
        active: 4,
        connecting: 1,
        idle: 1,
        waiting: 2,
        peak: 7,
        created: 10,
        destroyed: 6,
        connect_errors: 3,
        timeouts: 9,
        checkouts: 100,
        wait_time: Duration::from_secs(2),
        uses: 50,
        use_time: Duration::from_secs(25),
        create_time: Duration::from_millis(125),
        ..PoolStats::default()
    };
    assert_eq!(
        (
            stats.total_connections(),
            stats.active_connections(),
            stats.idle_connections()
        ),
        (5, 4, 1)
    );
    assert_eq!((stats.peak_connections(), stats.connection_timeouts()), (7, 9));
    assert_eq!(
        (
            stats.connection_errors(),
            stats.connections_created(),
            stats.connections_destroyed()
        ),
        (3, 10, 6)
    );
    assert_eq!(
        (stats.avg_connection_time_ms(), stats.pool_utilization_percent()),
        (12.5, 50.0)
    );
    assert_eq!(stats.wait_time_mean(), Duration::from_millis(20));
    assert_eq!(stats.use_time_mean(), Duration::from_millis(500));
    let told: Vec<String> = stats
        .open_telemetry()
        .iter()
        .map(|(name, value)| format!("{} {value}", name.trim_start_matches("db.client.connection.")))
        .collect();
    assert_eq!(
        told,
        [
            "count{state=\"used\"} 3",
            "count{state=\"idle\"} 1",
            "idle.max 6",
            "idle.min 1",
            "max 8",
            "pending_requests 2",
            "timeouts 9",
            "create_time.count 10",
            "create_time.sum 0.125",
            "wait_time.count 100",
            "wait_time.sum 2",
            "use_time.count 50",
            "use_time.sum 25",
        ]
    );
}
