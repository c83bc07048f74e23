//! The pool of a database as its users meet it: its settings, its hooks, its figures, and what is left after trouble.

mod background;
mod budget;
mod endings;
mod hooks;
mod lifecycle;
mod polls;
mod settings;
mod statistics;

use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Manager, PoolStats};

/// The longest that anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A manager of one database with these settings.
async fn connect(database: DatabaseConfig) -> Manager {
    let config = Config::builder().database(database).build().unwrap();
    Manager::from_config(config).await.unwrap()
}

/// The figures of the pool of the only database.
fn pool_stats(db: &Manager) -> PoolStats {
    db.stats().pools[0].1
}

/// Waits until something is true.
async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let waiting = async {
        while !is_true() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
        "never: {what}"
    );
}
