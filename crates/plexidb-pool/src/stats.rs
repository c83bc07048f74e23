//! Counters of a pool.
//!
//! Invariant: events are counted once, where they happen; what is there now is taken from the pool itself.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a pool has now, and what it did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// The most connections.
    pub connections_max: usize,
    /// Connections now, those being made included: active and idle.
    pub total: usize,
    /// Connections that are checked out or being made.
    pub active: usize,
    /// Connections that wait to be used.
    pub idle: usize,
    /// Checkouts that wait for a connection to come back.
    pub waiting: usize,
    /// Connections made so far.
    pub created: u64,
    /// Connections given up so far: broken, tainted, too old, unused, or at the end.
    pub destroyed: u64,
    /// Attempts to connect that failed.
    pub connect_errors: u64,
    /// Checkouts that took too long.
    pub timeouts: u64,
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections_max,
            active,
            idle,
            waiting,
            ..
        } = self;
        write!(
            f,
            "{active} of {connections_max} connections in use, {idle} idle, {waiting} checkouts waiting"
        )
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) created: AtomicU64,
    pub(crate) destroyed: AtomicU64,
    pub(crate) connect_errors: AtomicU64,
    pub(crate) timeouts: AtomicU64,
    waiting: AtomicUsize,
}

/// Counts one event.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts a checkout as waiting until it is dropped, so that a cancelled one does not stay counted.
pub(crate) struct Waiting<'a>(&'a Counters);

impl Counters {
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// The counters, without what only the pool knows.
    pub(crate) fn snapshot(&self) -> PoolStats {
        PoolStats {
            waiting: self.waiting.load(Ordering::Relaxed),
            created: self.created.load(Ordering::Relaxed),
            destroyed: self.destroyed.load(Ordering::Relaxed),
            connect_errors: self.connect_errors.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            ..PoolStats::default()
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
