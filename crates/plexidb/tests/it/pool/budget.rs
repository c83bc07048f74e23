//! The bound on the connections that several databases have to one server.

use plexidb::{Config, DatabaseConfig, Manager};

use super::{PATIENCE, POLL_INTERVAL};
use crate::databases::{NONE, TestDatabase};

/// The most connections that two busy databases on one server had together; all their statements were served.
async fn connections_of_both(server_connections_max: Option<usize>) -> usize {
    let (chat, audit) = (TestDatabase::postgres(), TestDatabase::postgres());
    let config = Config::builder()
        .database(DatabaseConfig {
            server_connections_max,
            ..DatabaseConfig::from_url("chat", chat.url.as_str())
        })
        .database(DatabaseConfig::from_url("audit", audit.url.as_str()))
        .build()
        .unwrap();
    let db = Manager::from_config(config).await.unwrap();
    let mut load = tokio::task::JoinSet::new();
    for number in 0..16 {
        let name = if number % 2 == 0 { "chat" } else { "audit" };
        let database = db.database(name).unwrap().clone();
        load.spawn(async move { database.query("SELECT pg_sleep(0.03)", NONE).await.map(drop) });
    }
    let mut most = 0;
    let serving = async {
        while !load.is_empty() {
            let connections = db.stats().pools.iter().map(|(_, stats)| stats.total).sum();
            most = most.max(connections);
            tokio::time::sleep(POLL_INTERVAL).await;
            while let Some(served) = load.try_join_next() {
                served.unwrap().unwrap();
            }
        }
    };
    tokio::time::timeout(PATIENCE, serving).await.unwrap();
    most
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_one_server_share_what_one_of_them_bounds() {
    let most = connections_of_both(Some(3)).await;
    assert!((2..=3).contains(&most), "{most} connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bound_each_has_its_own_pool_in_full() {
    let most = connections_of_both(None).await;
    assert!(most > 8, "{most} connections");
}
