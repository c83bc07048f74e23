//! A manager on servers that replicate, one table of notes that changes and one of numbers, and reads of which it is known who
//! served them.

use std::panic::Location;
use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Error, Manager, ObservedRole, ReplicaConfig, Replicas, Rows};
use plexidb_testkit::PostgresCluster;

/// The longest that anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(5);

pub(super) const SELECT: &str = "SELECT body FROM notes WHERE id = 1";

pub(super) async fn connect(primary: String, replicas: impl Iterator<Item = String>) -> Manager {
    let database = DatabaseConfig {
        replicas: replicas.map(ReplicaConfig::from_url).collect(),
        replica_check_interval: Duration::from_millis(50),
        ..DatabaseConfig::from_url("chat", primary)
    };
    let config = Config::builder().database(database).build().unwrap();
    let db = Manager::from_config(config).await.unwrap();
    db.execute_script(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
         CREATE TABLE others (id INTEGER PRIMARY KEY);
         INSERT INTO notes VALUES (1, 'old');",
    )
    .await
    .unwrap();
    db
}

pub(super) async fn connect_postgres(cluster: &PostgresCluster) -> Manager {
    let replicas = cluster.replicas.iter().map(|replica| replica.url());
    connect(cluster.primary.url(), replicas).await
}

/// Reads past the cache.
pub(super) async fn read(db: &Manager, replicas: Replicas) -> Rows {
    let select = db.select(SELECT).replicas(replicas).no_cache();
    select.fetch().await.unwrap()
}

pub(super) fn body(rows: &Rows) -> &str {
    rows[0].get("body").unwrap()
}

/// Whether a replica has served it.
pub(super) fn is_of_replica(rows: &Rows, primary_port: u16) -> bool {
    let port = format!(":{primary_port}");
    !rows.endpoint().unwrap().contains(&port)
}

/// Reads until a replica serves it.
pub(super) async fn read_from_replica(db: &Manager, primary_port: u16, replicas: Replicas) -> Rows {
    let reading = async {
        loop {
            let rows = read(db, replicas).await;
            if is_of_replica(&rows, primary_port) {
                return rows;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap()
}

/// Polls until it is so.
#[track_caller]
pub(super) fn until(mut is_so: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = Location::caller();
    let waiting = async move {
        while !is_so() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    async move {
        let outcome = tokio::time::timeout(PATIENCE, waiting).await;
        outcome.unwrap_or_else(|_| panic!("{caller}: it is not so after {PATIENCE:?}"));
    }
}

/// A manager for servers that exist, the first of them the primary, with timeouts that a test can wait for.
pub(super) async fn open(urls: &[String], edit: impl FnOnce(&mut DatabaseConfig)) -> Result<Manager, Error> {
    let mut database = DatabaseConfig {
        replicas: urls[1..].iter().cloned().map(ReplicaConfig::from_url).collect(),
        replica_check_interval: Duration::from_millis(50),
        connect_timeout: Duration::from_secs(2),
        pool_timeout: Duration::from_secs(10),
        statement_timeout: Some(Duration::from_secs(5)),
        ..DatabaseConfig::from_url("chat", urls[0].clone())
    };
    edit(&mut database);
    Manager::from_config(Config::builder().database(database).build().unwrap()).await
}

/// The role in which a server was seen last.
pub(super) fn role(db: &Manager, server: usize) -> Option<ObservedRole> {
    db.stats().endpoints[0].1.endpoints[server].role_observed
}

/// The place of the server that takes the writes.
pub(super) fn primary(db: &Manager) -> Option<usize> {
    let stats = &db.stats().endpoints[0].1;
    let primary = stats.primary.as_ref()?;
    stats
        .endpoints
        .iter()
        .position(|endpoint| endpoint.name == *primary)
}
