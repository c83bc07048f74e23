//! When work that takes several statements must be over.

use std::time::{Duration, Instant};

/// The end of a span of time that began once for all of its statements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// The span as it was asked for, for messages.
    pub(crate) timeout: Duration,
    started: Instant,
}

impl Deadline {
    /// A deadline that is so far away from now.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self {
            timeout,
            started: Instant::now(),
        }
    }

    /// What is left; zero once it has passed.
    pub(crate) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }
}
