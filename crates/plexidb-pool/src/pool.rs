//! The pool: its face, and what its parts share.
//!
//! Invariant: active and idle connections together never exceed the maximum, whatever is cancelled and when.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::{Connector, DriverError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::budget::Budget;
use crate::config::{PoolConfig, PoolSize, Priority};
use crate::error::PoolError;
use crate::hooks::{CloseReason, Hooks, InvalidateEvent, PoolHooks};
use crate::lease::Lease;
use crate::ledger::{Ledger, Share};
use crate::stats::PoolStats;

#[cfg(test)]
mod tests;

/// How often the pool looks whether something is to be done: this bounds how long a connection lives on beyond its time, and is the
/// net should a runtime end on which something was to be done for those who wait.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Connections to one database; cloning shares them.
///
/// Checkouts are served in the order in which they came; the connection used last is reused first. Where none is idle, one
/// is made for each checkout that waits, as far as there is room, and each takes whichever comes first: a connection that
/// comes back, or a new one. A connection that is made when nobody waits any more is kept.
///
/// Connections are made on the runtime of the checkout that wanted them. A background task replaces connections before they are too
/// old, closes those that are not needed, keeps [`min_idle`](PoolConfig::min_idle) ready and looks for leaks. It is started by
/// the first checkout and ends with the pool.
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) checkout_timeout: Duration,
    pub(crate) lifetime_max: Duration,
    pub(crate) is_looking_for_leaks: bool,
    /// How often the pool, and each checkout that waits, looks whether something is to be done.
    pub(crate) look_interval: Duration,
    pub(crate) budget: Option<Budget>,
    pub(crate) hooks: Hooks,
    ledger: Mutex<Ledger>,
    /// Told when something of a closed pool has ended.
    pub(crate) ended: Notify,
    /// Told when the pool is closed.
    pub(crate) closed: Notify,
    /// Told when attempts to connect are not to be delayed any longer.
    pub(crate) hurried: Notify,
}

/// Makes a [`Pool`] that is watched or bound together with others.
pub struct PoolBuilder {
    connector: Arc<dyn Connector>,
    config: PoolConfig,
    look_interval: Duration,
    budget: Option<Budget>,
    hooks: Hooks,
}

impl PoolBuilder {
    /// The settings.
    #[must_use]
    pub fn config(mut self, config: PoolConfig) -> Self {
        self.config = config;
        self
    }

    /// A bound on the connections of several pools together.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Who watches the pool.
    #[must_use]
    pub fn hooks(mut self, hooks: Arc<dyn PoolHooks>) -> Self {
        self.hooks = Hooks(Some(hooks));
        self
    }

    /// Looks for the first time after so long, so that a test sees what happens without that.
    #[cfg(test)]
    pub(crate) fn look_interval(mut self, interval: Duration) -> Self {
        self.look_interval = interval;
        self
    }

    /// The pool, without connections; they are made when they are needed.
    #[must_use]
    pub fn build(self) -> Pool {
        let Self {
            connector,
            mut config,
            look_interval,
            budget,
            hooks,
        } = self;
        let size = config.size().within(allowed(&*connector));
        config.connections_max = size.connections_max;
        config.overflow_max = size.overflow_max;
        config.min_idle = size.min_idle;
        config.waiting_max = config.waiting_max.max(1);
        let shared = Arc::new(Shared {
            connector,
            checkout_timeout: config.checkout_timeout,
            lifetime_max: config.lifetime_max,
            is_looking_for_leaks: config.leak_after.is_some(),
            look_interval,
            budget,
            hooks,
            ledger: Mutex::new(Ledger::new(config)),
            ended: Notify::new(),
            closed: Notify::new(),
            hurried: Notify::new(),
        });
        if let Some(budget) = &shared.budget {
            budget.join(&shared);
            shared.ledger().share = Some(Share {
                budget: budget.clone(),
                pool: Arc::downgrade(&shared),
            });
        }
        Pool { shared }
    }
}

/// The most connections that the database allows.
fn allowed(connector: &dyn Connector) -> usize {
    connector
        .connections_max()
        .unwrap_or(PoolConfig::CONNECTIONS_BOUND)
}

impl Pool {
    /// Makes a pool without connections; they are made when they are needed.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, config: PoolConfig) -> Self {
        Self::builder(connector).config(config).build()
    }

    /// Makes a pool step by step.
    #[must_use]
    pub fn builder(connector: Arc<dyn Connector>) -> PoolBuilder {
        PoolBuilder {
            connector,
            config: PoolConfig::default(),
            look_interval: LOOK_INTERVAL,
            budget: None,
            hooks: Hooks::default(),
        }
    }

    /// Checks a connection out: an idle one, else the first that comes back or is made. It must be called in a tokio runtime
    /// with its timers on. Dropping the future gives up the place in the queue and leaves nothing behind.
    ///
    /// # Errors
    ///
    /// [`PoolError::Timeout`] after [`PoolConfig::checkout_timeout`], [`PoolError::Connect`] where no connection can
    /// be made, [`PoolError::Overloaded`] where too many wait, [`PoolError::Closed`].
    pub async fn checkout(&self) -> Result<Lease, PoolError> {
        self.shared.checkout(Priority::User).await
    }

    /// Checks a connection out, as [`checkout`](Self::checkout) does, for a user or for a background task.
    ///
    /// # Errors
    ///
    /// Those of [`checkout`](Self::checkout).
    pub async fn checkout_as(&self, priority: Priority) -> Result<Lease, PoolError> {
        self.shared.checkout(priority).await
    }

    /// Makes connections, side by side, until there are so many, or as many as the pool keeps. Dropping the future leaves
    /// those that are being made to the pool.
    ///
    /// # Errors
    ///
    /// [`PoolError::Connect`] with the first refusal, [`PoolError::Closed`]. Connections that were made stay.
    pub async fn warm_up(&self, connections: usize) -> Result<(), PoolError> {
        self.shared.warm_up(connections).await
    }

    /// Changes the sizes. Connections that are too many now are closed at once where they are idle, and when they come back
    /// where they are out; those who wait profit at once from a larger size.
    pub fn resize(&self, size: PoolSize) {
        let shared = &self.shared;
        let size = size.within(allowed(&*shared.connector));
        let surplus: Vec<_> = {
            let mut ledger = shared.ledger();
            ledger.size = size;
            std::iter::from_fn(|| {
                let is_surplus = ledger.existing() > size.connections_max;
                is_surplus
                    .then(|| ledger.release_first(CloseReason::Surplus))
                    .flatten()
            })
            .collect()
        };
        shared.give_up_all(surplus);
        shared.tend();
    }

    /// The sizes as they are now, brought into their bounds.
    #[must_use]
    pub fn size(&self) -> PoolSize {
        self.shared.ledger().size
    }

    /// Begins a new epoch of the endpoint, because its server restarts, has become read-only or was replaced: idle connections are closed
    /// at once, those that are out when they come back, and those that are being made are not used. Returns the number of the
    /// epoch.
    pub fn retire_all(&self) -> u64 {
        self.shared.retire(None)
    }

    /// Draws the consequences of an error that was met at the pool's server outside of the pool, as by a check over a connection
    /// of its own: where the server itself says that it is no place to stay, connections of before are
    /// [retired](Self::retire_all), if there are any.
    pub fn heed(&self, error: &DriverError) {
        let epoch = self.shared.ledger().health.epoch;
        self.shared.heed(error, epoch);
    }

    /// Says that the server did not answer somebody else: each connection that is idle now must show that it lives before it is
    /// used again.
    pub fn suspect(&self) {
        self.shared.ledger().health.suspect_before = Some(Instant::now());
    }

    /// Forgets that attempts to connect have failed, because what was wrong is mended, as with another password: the next ones are
    /// made at once. One that is under way may still fail.
    pub fn forget_failures(&self) {
        self.shared.ledger().health.forget_failures();
        self.shared.hurried.notify_waiters();
        self.shared.tend();
    }

    /// Refuses new checkouts at once, closes the idle connections, waits for the leases and closes theirs, at most for
    /// `patience`. A lease that comes back later is closed then. Returns whether all connections have ended.
    pub async fn close(&self, patience: Duration) -> bool {
        let shared = &self.shared;
        let (idle, waiters, maintenance) = {
            let mut ledger = shared.ledger();
            ledger.is_closed = true;
            (
                ledger.release_idle(CloseReason::PoolClosed),
                ledger.queue.take_all(),
                ledger.maintenance.take(),
            )
        };
        shared.closed.notify_waiters();
        maintenance.inspect(tokio::task::AbortHandle::abort);
        for waiter in waiters {
            // It may have gone.
            let _ = waiter.answer.send(Err(PoolError::Closed));
        }
        shared.give_up_all(idle);
        timeout(patience, shared.all_ended()).await.is_ok()
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.ledger().is_closed
    }

    /// What the pool has and did.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.shared.ledger().stats()
    }
}

impl Shared {
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Nothing that runs under the lock can leave it half-done.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn target(&self) -> &str {
        self.connector.target()
    }

    pub(crate) fn remaining(&self, started: Instant) -> Duration {
        self.checkout_timeout.saturating_sub(started.elapsed())
    }

    /// Begins a new epoch where an error of the given one says that the server is no place to stay.
    pub(crate) fn heed(self: &Arc<Self>, error: &DriverError, epoch: u64) {
        // Attempts may fail likewise for long: they end nothing that has ended already.
        if error.retires_endpoint() && self.ledger().existing() > 0 {
            self.retire(Some(epoch));
        }
    }

    /// Begins a new epoch, unless that of the connection that gave rise to it is over already.
    pub(crate) fn retire(self: &Arc<Self>, of_epoch: Option<u64>) -> u64 {
        let (epoch, idle) = {
            let mut ledger = self.ledger();
            if of_epoch.is_some_and(|epoch| epoch != ledger.health.epoch) {
                return ledger.health.epoch;
            }
            ledger.health.epoch += 1;
            (ledger.health.epoch, ledger.release_idle(CloseReason::Retired))
        };
        self.hooks.tell(|hooks| {
            hooks.invalidate(&InvalidateEvent {
                target: self.target(),
                epoch,
                idle: idle.len(),
            });
        });
        self.give_up_all(idle);
        self.tend();
        epoch
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(maintenance) = self.ledger().maintenance.take() {
            maintenance.abort();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("target", &self.shared.target())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
