//! What experience says of an endpoint: how fast it answers, and how it fails.
//!
//! Invariant: a bad experience counts at once, a good one by and by; what is long past is forgotten, so that an endpoint which
//! nobody asks any more is tried again.

use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// After so many time constants without an answer the estimate is forgotten: it has faded to a twentieth, and would draw
/// twenty times the load of the others.
const FORGOTTEN_AFTER: f64 = 3.0;

/// By how much a failure that was just now lessens the weight.
const BLAME_FACTOR: f64 = 1000.0;

/// The latency by a peak-sensitive moving average, as in Finagle (it rises at once and decays over a time constant), and the
/// blame for failures, which decays likewise.
#[derive(Debug)]
pub(crate) struct Standing {
    decay: Duration,
    latency_s: f64,
    blame: f64,
    /// When both were true; `None` before the first experience.
    at: Option<Instant>,
}

impl Standing {
    pub(crate) fn new(decay: Duration) -> Self {
        Self {
            // Nothing can be divided by none.
            decay: decay.max(Duration::from_millis(1)),
            latency_s: 0.0,
            blame: 0.0,
            at: None,
        }
    }

    pub(crate) fn answered(&mut self, latency: Duration, now: Instant) {
        self.sample(latency, now);
        // It works: what it did before need not be served to the end.
        self.blame /= 2.0;
    }

    /// A failure counts as a latency, so that what fails fast does not look fast.
    pub(crate) fn failed(&mut self, counts_as: Duration, now: Instant) {
        self.sample(counts_as, now);
        self.blame = 1.0;
    }

    pub(crate) fn forget(&mut self) {
        self.at = None;
    }

    fn sample(&mut self, latency: Duration, now: Instant) {
        let latency_s = latency.as_secs_f64();
        let remaining = self.remaining(now);
        self.latency_s = if remaining == 0.0 || latency_s >= self.latency_s {
            latency_s
        } else {
            latency_s + (self.latency_s - latency_s) * remaining
        };
        self.blame *= remaining;
        self.at = Some(now);
    }

    /// The share of a past experience that remains now; nothing where it is forgotten.
    fn remaining(&self, now: Instant) -> f64 {
        let Some(at) = self.at else { return 0.0 };
        let constants = now.saturating_duration_since(at).as_secs_f64() / self.decay.as_secs_f64();
        if constants < FORGOTTEN_AFTER {
            (-constants).exp()
        } else {
            0.0
        }
    }

    /// The latency in seconds; `None` where nothing is known or all is forgotten.
    pub(crate) fn latency_s(&self, now: Instant) -> Option<f64> {
        let remaining = self.remaining(now);
        (remaining > 0.0).then_some(self.latency_s * remaining)
    }

    /// By how much the weight is divided.
    pub(crate) fn handicap(&self, now: Instant) -> f64 {
        1.0 + BLAME_FACTOR * self.blame * self.remaining(now)
    }
}
