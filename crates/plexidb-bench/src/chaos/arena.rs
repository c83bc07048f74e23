//! The servers, each behind a proxy, and which of them is the primary.
//!
//! Invariant: plexidb reaches the servers through the proxies alone, and the kit never does, so that a fault's own orders arrive.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use plexidb::{Config, DatabaseConfig, Manager, PoolSize, ReplicaConfig};
use plexidb_testkit::Proxy;

use super::sql;
use crate::fleet::Fleet;
use crate::product::Product;

/// A replica may fail while commits wait for the other.
const REPLICAS: usize = 2;
/// The database's name.
pub(super) const NAME: &str = "chaos";
/// Of each server's pool.
pub(super) const SIZE: PoolSize = PoolSize {
    connections_max: 8,
    overflow_max: 4,
    min_idle: 0,
};
/// How long a call of plexidb may wait for a connection, a login or a statement.
pub(super) const POOL_TIMEOUT: Duration = Duration::from_secs(4);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);

/// The servers of a run.
pub(super) struct Arena {
    pub(super) product: Product,
    pub(super) fleet: Fleet,
    pub(super) proxies: Vec<Proxy>,
    primary: AtomicUsize,
}

impl Arena {
    /// Starts the servers. Blocks the thread.
    pub(super) fn start(product: Product) -> Result<Self> {
        let fleet = Fleet::start(product, REPLICAS, &sql::schema(product))?;
        fleet.confirm_commits(0, true)?;
        let proxies = fleet.proxies()?;
        Ok(Self {
            product,
            fleet,
            proxies,
            primary: AtomicUsize::new(0),
        })
    }

    pub(super) fn primary(&self) -> usize {
        self.primary.load(Ordering::SeqCst)
    }

    pub(super) fn set_primary(&self, node: usize) {
        self.primary.store(node, Ordering::SeqCst);
    }

    pub(super) fn replicas(&self) -> Vec<usize> {
        let primary = self.primary();
        (0..self.fleet.nodes()).filter(|&node| node != primary).collect()
    }

    /// Makes the tables as they were at the start. Blocks the thread.
    pub(super) fn refill(&self) -> Result<()> {
        let primary = self.primary();
        self.fleet.administer(primary, &sql::contents())?;
        for replica in self.replicas() {
            self.fleet.catch_up(replica, primary)?;
        }
        Ok(())
    }

    /// Ends all sessions of the application. Blocks the thread.
    #[cfg(feature = "planted-faults")]
    pub(super) fn end_sessions(&self) -> Result<()> {
        (0..self.fleet.nodes()).try_for_each(|node| self.fleet.end_sessions(node).map(drop))
    }

    /// A manager with all servers, in their order, whatever their roles are now.
    pub(super) async fn connect(&self) -> Result<Manager> {
        let url = |node: usize| anyhow::Ok(self.proxies[node].through(&self.fleet.url(node)?));
        let replicas = (1..self.fleet.nodes()).map(|node| Ok(ReplicaConfig::from_url(url(node)?)));
        let database = DatabaseConfig {
            replicas: replicas.collect::<Result<_>>()?,
            replica_check_interval: Duration::from_millis(50),
            connection_pool_size: SIZE.connections_max,
            max_overflow: SIZE.overflow_max,
            pool_timeout: POOL_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            statement_timeout: Some(STATEMENT_TIMEOUT),
            // Hits wherever there may be one.
            adaptive_caching: false,
            ..DatabaseConfig::from_url(NAME, url(0)?)
        };
        Ok(Manager::from_config(Config::builder().database(database).build()?).await?)
    }
}
