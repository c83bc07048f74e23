//! What the pool knows of its endpoint: whether it can be reached, and which connections are of the past.
//!
//! Invariant: failures of attempts that ran side by side count as one, so that a burst does not lengthen the delay.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{DriverError, ErrorKind};
use tokio::time::Instant;

use crate::config::ConnectBackoff;

#[cfg(test)]
mod tests;

/// The endpoint's health.
#[derive(Default)]
pub(crate) struct Health {
    /// Connections that were begun in an earlier epoch are not used any more.
    pub(crate) epoch: u64,
    /// Whether a connection was ever made.
    pub(crate) was_reached: bool,
    /// Rounds of attempts that failed since one succeeded.
    pub(crate) failures: u32,
    /// When the next attempt is due.
    pub(crate) retry_at: Option<Instant>,
    /// Connections that were last used before are tried out, however short ago that was.
    pub(crate) suspect_before: Option<Instant>,
    pub(crate) last_error: Option<Arc<DriverError>>,
}

impl Health {
    pub(crate) fn note_success(&mut self) {
        self.was_reached = true;
        self.failures = 0;
        self.retry_at = None;
        self.last_error = None;
    }

    pub(crate) fn note_failure(&mut self, error: Arc<DriverError>, now: Instant, backoff: ConnectBackoff) {
        self.last_error = Some(error);
        self.suspect_before = Some(now);
        if self.retry_at.is_some_and(|retry_at| now < retry_at) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now.checked_add(delay(backoff, self.failures));
    }

    /// What has failed so far says nothing of what comes.
    pub(crate) fn forget_failures(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.last_error = None;
    }

    /// Whether attempts are made one at a time.
    pub(crate) fn is_backing_off(&self) -> bool {
        self.was_reached && self.failures > 0
    }

    /// How long the next attempt has to wait.
    pub(crate) fn delay(&self, now: Instant) -> Duration {
        match self.retry_at {
            Some(retry_at) if self.was_reached => retry_at.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// Whether an idle connection must show that it lives.
    pub(crate) fn is_suspect(&self, unused_since: Instant, ping_after: Duration, now: Instant) -> bool {
        now.saturating_duration_since(unused_since) >= ping_after
            || self.suspect_before.is_some_and(|before| unused_since <= before)
    }

    /// Whether those who wait are to go on waiting for another attempt.
    pub(crate) fn is_worth_a_retry(&self, error: &DriverError, backoff: ConnectBackoff) -> bool {
        self.was_reached && self.failures < backoff.attempts_max && time_may_mend(error)
    }
}

/// Whether another attempt may succeed where nobody changes anything.
fn time_may_mend(error: &DriverError) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Configuration
            | ErrorKind::Unsupported
            | ErrorKind::Authentication
            | ErrorKind::UnknownDatabase
            | ErrorKind::File
            | ErrorKind::Encoding
            | ErrorKind::Protocol
    )
}

/// The delay after the given number of failures.
fn delay(backoff: ConnectBackoff, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let delay = backoff
        .delay_min
        .saturating_mul(1 << doublings)
        .min(backoff.delay_max);
    delay - shortening(delay / 2)
}

/// A duration by chance, from nothing to `max`.
pub(crate) fn shortening(max: Duration) -> Duration {
    // The keys of a new hasher differ each time, and its hash is spread evenly over all bits.
    let chance = RandomState::new().build_hasher().finish() >> 32;
    let share = chance as f64 / f64::from(u32::MAX);
    max.mul_f64(share.min(1.0))
}
