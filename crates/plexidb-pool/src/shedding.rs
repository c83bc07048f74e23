//! Whether a checkout is turned away because the pool cannot keep up.
//!
//! Invariant: nobody is turned away before the wait has been above the target for a whole interval, nor the last one in
//! the queue.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Shedding;

#[cfg(test)]
mod tests;

/// Watches the waits of those who are served.
#[derive(Default)]
pub(crate) struct Shedder {
    /// Since when all waits have been above the target.
    above_since: Option<Instant>,
    /// When somebody was turned away last; `None` while the queue does not stand.
    shed_at: Option<Instant>,
}

impl Shedder {
    /// Whether the first in the queue, who has waited for `waited`, is turned away; `waiting` counts it in.
    pub(crate) fn turns_away(
        &mut self,
        shedding: Shedding,
        now: Instant,
        waited: Duration,
        waiting: usize,
    ) -> bool {
        let Shedding { target, interval } = shedding;
        if waited <= target {
            self.above_since = None;
            if self.shed_at.is_some_and(|at| now.duration_since(at) >= interval) {
                self.shed_at = None;
            }
            return false;
        }
        if waiting <= 1 {
            return false;
        }
        let above_since = *self.above_since.get_or_insert(now);
        let stands = self.shed_at.is_some() || now.duration_since(above_since) >= interval;
        if stands {
            self.shed_at = Some(now);
        }
        stands
    }
}
