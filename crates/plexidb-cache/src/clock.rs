//! The coarse clock by which entries expire.
//!
//! Invariant: expiry bounds memory and what a user asked for as TTL; freshness never depends on it.

use std::time::Instant;

/// Milliseconds since some fixed moment; never goes back.
pub trait Clock: Send + Sync + 'static {
    /// The milliseconds.
    fn now_ms(&self) -> u64;
}

/// The machine's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    started: Instant,
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Clock for MonotonicClock {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
