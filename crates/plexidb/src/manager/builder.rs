//! A manager with more than its configuration says.

use std::sync::Arc;

use plexidb_pool::PoolHooks;

use super::Manager;
use crate::config::Config;
use crate::error::Error;

/// Makes a [`Manager`] that is watched.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), plexidb::Error> {
/// use std::sync::Arc;
/// use plexidb::{CheckoutEvent, Config, Manager, PoolHooks};
///
/// struct SlowCheckouts;
///
/// impl PoolHooks for SlowCheckouts {
///     fn checkout(&self, event: &CheckoutEvent<'_>) {
///         if event.waited.as_millis() > 100 {
///             eprintln!("{}: waited {:?} for a connection", event.target, event.waited);
///         }
///     }
/// }
///
/// let db = Manager::builder(Config::for_url("sqlite::memory:")?)
///     .pool_hooks("default", Arc::new(SlowCheckouts))
///     .connect()
///     .await?;
/// # db.close().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing connects before `connect`"]
pub struct ManagerBuilder {
    config: Config,
    hooks: Vec<(String, Arc<dyn PoolHooks>)>,
}

impl ManagerBuilder {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            hooks: Vec::new(),
        }
    }

    /// Who watches the connections of a database, of its replicas too, from the first one on. Given twice, the later counts.
    pub fn pool_hooks(mut self, database: impl Into<String>, hooks: Arc<dyn PoolHooks>) -> Self {
        self.hooks.push((database.into(), hooks));
        self
    }

    /// Connects to every database and reads its schema.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDatabase`] where hooks are for a database that is not configured; else those of
    /// [`connect`](crate::connect), for the first database that fails.
    pub async fn connect(self) -> Result<Manager, Error> {
        Manager::open(self.config, self.hooks).await
    }
}

impl std::fmt::Debug for ManagerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let watched: Vec<_> = self.hooks.iter().map(|(database, _)| database).collect();
        f.debug_struct("ManagerBuilder")
            .field("watched", &watched)
            .finish_non_exhaustive()
    }
}
