//! The one clock of a history: a counter that every event moves on.
//!
//! Invariant: of two events of which one is known to come first, it has the smaller time, on whatever thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// A moment; moments of different clocks do not compare.
pub(crate) type Moment = u64;

/// Later than every event.
pub(crate) const NEVER: Moment = u64::MAX;

/// The clock.
#[derive(Debug)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    /// The moment of an event that happens now.
    pub(crate) fn tick(&self) -> Moment {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
