//! A node: a manager with a runtime, connections and a cache of its own, as a process has them.
//!
//! Invariant: two nodes have nothing in common but PostgreSQL, Redis and the processor.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plexidb::{Coherence, Config, Database, DatabaseConfig, Manager, RedisConfig};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::{SERVING_PATIENCE, Site};

/// Large enough that nothing is evicted.
const L1_BYTES_MAX: u64 = 256 << 20;

/// How a node is opened, where it is not the default.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) coherence: Coherence,
    /// Nodes of one name share.
    pub(super) namespace: String,
    /// The database; that of the site, where none is given.
    pub(super) url: Option<String>,
    pub(super) l1_bytes_max: u64,
    pub(super) ttl: Duration,
}

impl Terms {
    pub(super) fn of(coherence: Coherence, namespace: impl Into<String>) -> Self {
        Self {
            coherence,
            namespace: namespace.into(),
            url: None,
            l1_bytes_max: L1_BYTES_MAX,
            ttl: Duration::from_secs(600),
        }
    }

    fn config(&self, site: &Site<'_>) -> Result<Config> {
        let mut redis = RedisConfig::from_url(site.redis.url());
        redis.coherence = self.coherence;
        redis.namespace.clone_from(&self.namespace);
        let url = self.url.as_deref().unwrap_or(&site.place.url);
        let database = DatabaseConfig {
            // Whether something is worth its place is not what is measured here.
            adaptive_caching: false,
            ..DatabaseConfig::from_url("shared", url)
        };
        let config = Config::builder()
            .database(database)
            .redis(redis)
            .l1_bytes_max(self.l1_bytes_max)
            .cache_ttl(self.ttl);
        Ok(config.build()?)
    }
}

/// A manager on a runtime of its own.
pub(super) struct Member {
    /// `None` when it is closed.
    runtime: Option<Runtime>,
    manager: Manager,
}

impl Member {
    pub(super) async fn open(site: &Site<'_>, terms: &Terms) -> Result<Self> {
        let config = terms.config(site)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let opened = runtime.spawn(Manager::from_config(config)).await?;
        let manager = match opened {
            Ok(manager) => manager,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error).context("cannot open a node");
            }
        };
        Ok(Self {
            runtime: Some(runtime),
            manager,
        })
    }

    /// So many nodes that share, all serving.
    pub(super) async fn open_many(site: &Site<'_>, terms: &Terms, count: usize) -> Result<Vec<Self>> {
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            members.push(Self::open(site, terms).await?);
        }
        until_all_serve(&members).await?;
        Ok(members)
    }

    pub(super) fn manager(&self) -> &Manager {
        &self.manager
    }

    pub(super) fn database(&self) -> Result<&Database> {
        self.manager
            .databases()
            .first()
            .context("the node has no database")
    }

    /// Runs something on the node's own threads.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>> {
        Ok(self.runtime.as_ref().context("the node is closed")?.spawn(work))
    }

    /// Whether it serves cached results now; a node for itself always does.
    pub(super) fn serves(&self) -> bool {
        self.manager
            .stats()
            .shared
            .iter()
            .all(|(_, shared)| shared.serves)
    }

    pub(super) async fn close(mut self) -> Result<()> {
        let manager = self.manager.clone();
        if let Some(runtime) = self.runtime.take() {
            runtime.spawn(manager.close()).await?;
            runtime.shutdown_background();
        }
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // Not in the way of an error that is on its way up.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) async fn close_all(members: impl IntoIterator<Item = Member>) -> Result<()> {
    for member in members {
        member.close().await?;
    }
    Ok(())
}

/// Waits for the epoch of a new namespace to be settled, and for a lease.
pub(super) async fn until_all_serve(members: &[Member]) -> Result<()> {
    let begun = Instant::now();
    while !members.iter().all(Member::serves) {
        let status: Vec<_> = members
            .iter()
            .map(|member| member.manager.stats().shared)
            .collect();
        ensure!(
            begun.elapsed() < SERVING_PATIENCE,
            "a node does not serve: {status:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
