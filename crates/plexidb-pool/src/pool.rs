//! The pool: who may have a connection, and which one.
//!
//! Invariant: active and idle connections together never exceed the maximum. A checkout holds a slot before it looks
//! for an idle connection, and makes a new one only where there was none; a connection is back among the idle ones
//! before its slot is free.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::Connector;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout};

use crate::config::PoolConfig;
use crate::error::{CheckoutPhase, CheckoutTimeout, PoolError};
use crate::idle::{Aged, IdleConnections};
use crate::lease::Lease;
use crate::slot::Slot;
use crate::stats::{Counters, PoolStats, count};

#[cfg(test)]
mod tests;

/// How long a connection may take to show that it lives, before it counts as dead.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Connections to one database; cloning shares them.
///
/// Checkouts are served in the order in which they came; the connection used last is reused first.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    connector: Arc<dyn Connector>,
    config: PoolConfig,
    /// One permit a connection that may be out.
    pub(crate) slots: Semaphore,
    /// Told when a slot is free again or a connection has ended, once the pool is closed.
    pub(crate) ended: Notify,
    /// Connections that are being closed.
    pub(crate) closing: AtomicUsize,
    idle: Mutex<IdleConnections>,
    pub(crate) counters: Counters,
    last_connect_error: Mutex<Option<String>>,
}

impl Pool {
    /// Makes a pool without connections; they are made when they are needed.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, mut config: PoolConfig) -> Self {
        let allowed = connector
            .connections_max()
            .unwrap_or(PoolConfig::CONNECTIONS_BOUND);
        config.connections_max = config
            .connections_max
            .min(allowed)
            .clamp(1, PoolConfig::CONNECTIONS_BOUND);
        Self {
            shared: Arc::new(Shared {
                connector,
                slots: Semaphore::new(config.connections_max),
                ended: Notify::new(),
                closing: AtomicUsize::new(0),
                idle: Mutex::new(IdleConnections::new(config.connections_max)),
                counters: Counters::default(),
                last_connect_error: Mutex::new(None),
                config,
            }),
        }
    }

    /// Checks a connection out: an idle one, else a new one, else the first that comes back. It must be called in a
    /// tokio runtime with its timers on. Dropping the future gives up the place in the queue and leaves nothing
    /// behind.
    ///
    /// # Errors
    ///
    /// [`PoolError::Timeout`] after [`PoolConfig::checkout_timeout`], [`PoolError::Connect`] where no connection can
    /// be made, [`PoolError::Closed`].
    pub async fn checkout(&self) -> Result<Lease, PoolError> {
        let started = Instant::now();
        let slot = self.slot(started).await?;
        let aged = match self.shared.reuse(started).await {
            Some(aged) => aged,
            None => self.shared.connect(started).await?,
        };
        if self.is_closed() {
            self.shared.give_up(aged);
            return Err(PoolError::Closed);
        }
        Ok(Lease::new(aged, slot))
    }

    /// Refuses new checkouts at once, closes the idle connections, waits for the leases and closes theirs, at most for
    /// `patience`. A lease that comes back later is closed then. Returns whether all connections have ended.
    pub async fn close(&self, patience: Duration) -> bool {
        self.shared.slots.close();
        let idle: Vec<Aged> = {
            let mut idle = self.shared.idle();
            idle.is_closed = true;
            idle.take_all().collect()
        };
        for aged in idle {
            self.shared.give_up(aged);
        }
        timeout(patience, self.shared.all_ended()).await.is_ok()
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.slots.is_closed()
    }

    /// What the pool has and did.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.shared.stats()
    }

    async fn slot(&self, started: Instant) -> Result<Slot, PoolError> {
        let shared = &self.shared;
        let permit = match shared.slots.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = shared.counters.wait();
                // A permit goes to whoever has waited longest, so that the attempt above takes none from the queue.
                timeout(shared.remaining(started), shared.slots.acquire())
                    .await
                    .map_err(|_| shared.timed_out(CheckoutPhase::Queue, started))?
                    .map_err(|_| PoolError::Closed)?
            }
        };
        permit.forget();
        Ok(Slot::of_forgotten_permit(Arc::clone(shared)))
    }
}

impl Shared {
    /// An idle connection that is fit for use.
    async fn reuse(self: &Arc<Self>, now: Instant) -> Option<Aged> {
        loop {
            let (aged, unused_for) = self.idle().pop(now)?;
            if unused_for >= self.config.idle_timeout || self.is_too_old(&aged, now) {
                self.give_up(aged);
            } else if unused_for < self.config.ping_after {
                return Some(aged);
            } else {
                // Where one is dead the others are likely to be: a new one is made at once.
                return self.try_out(aged, now).await;
            }
        }
    }

    /// The connection, if it answers.
    async fn try_out(self: &Arc<Self>, aged: Aged, started: Instant) -> Option<Aged> {
        let mut trial = Trial {
            pool: self,
            aged: Some(aged),
        };
        let ping = trial.aged.as_mut()?.connection.ping();
        let patience = PING_TIMEOUT.min(self.remaining(started));
        match timeout(patience, ping).await {
            Ok(Ok(())) => trial.aged.take(),
            Ok(Err(error)) => {
                tracing::debug!(target = self.connector.target(), %error, "an idle connection is dead; making another");
                None
            }
            Err(_) => {
                tracing::debug!(
                    target = self.connector.target(),
                    "an idle connection is silent; making another"
                );
                None
            }
        }
    }

    async fn connect(&self, started: Instant) -> Result<Aged, PoolError> {
        let result = timeout(self.remaining(started), self.connector.connect()).await;
        let result = result.map_err(|_| self.timed_out(CheckoutPhase::Connect, started))?;
        let mut last_error = self
            .last_connect_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(connection) => {
                *last_error = None;
                count(&self.counters.created);
                Ok(Aged {
                    connection,
                    created_at: Instant::now(),
                })
            }
            Err(error) => {
                *last_error = Some(error.to_string());
                count(&self.counters.connect_errors);
                Err(PoolError::Connect(error))
            }
        }
    }

    /// Takes a clean connection back.
    pub(crate) fn check_in(self: &Arc<Self>, aged: Aged) {
        let now = Instant::now();
        if self.is_too_old(&aged, now) {
            return self.give_up(aged);
        }
        let refused = {
            let mut idle = self.idle();
            if idle.is_closed {
                Some(aged)
            } else {
                idle.push(aged, now);
                idle.pop_unused(now, self.config.idle_timeout)
            }
        };
        if let Some(aged) = refused {
            self.give_up(aged);
        }
    }

    async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // From here on nothing that ends is missed.
            ended.as_mut().enable();
            if self.active() == 0 && self.closing.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }

    fn stats(&self) -> PoolStats {
        let (active, idle) = (self.active(), self.idle().len());
        PoolStats {
            connections_max: self.config.connections_max,
            total: active + idle,
            active,
            idle,
            ..self.counters.snapshot()
        }
    }

    fn active(&self) -> usize {
        self.config
            .connections_max
            .saturating_sub(self.slots.available_permits())
    }

    fn idle(&self) -> MutexGuard<'_, IdleConnections> {
        // Nothing that runs under the lock can leave it half-done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_too_old(&self, aged: &Aged, now: Instant) -> bool {
        now.saturating_duration_since(aged.created_at) >= self.config.lifetime_max
    }

    fn remaining(&self, started: Instant) -> Duration {
        self.config.checkout_timeout.saturating_sub(started.elapsed())
    }

    #[cold]
    fn timed_out(&self, phase: CheckoutPhase, started: Instant) -> PoolError {
        // Of the moment at which it gave up, itself among those that wait.
        let stats = self.stats();
        self.counters.timeouts.fetch_add(1, Ordering::Relaxed);
        PoolError::Timeout(Box::new(CheckoutTimeout {
            target: self.connector.target().to_owned(),
            phase,
            waited: started.elapsed(),
            last_connect_error: self
                .last_connect_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            stats,
        }))
    }
}

/// A connection that is being tried out: given up unless it is taken out again, also where the checkout is cancelled.
struct Trial<'a> {
    pool: &'a Arc<Shared>,
    aged: Option<Aged>,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(aged) = self.aged.take() {
            self.pool.give_up(aged);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("target", &self.shared.connector.target())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
