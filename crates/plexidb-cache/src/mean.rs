//! A moving mean that threads share without a lock.
//!
//! Invariant: it only estimates. Of two samples at the same time one may be lost, which is a sample less.

use crate::shim::{AtomicU64, Ordering};

/// The bits of an `f64`.
#[derive(Debug)]
pub(crate) struct Mean(AtomicU64);

impl Mean {
    pub(crate) fn starting_at(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Moves the mean by this share of its distance to the sample.
    pub(crate) fn move_to(&self, sample: f64, share: f64) {
        let mean = self.get();
        let moved = mean + (sample - mean) * share;
        self.0.store(moved.to_bits(), Ordering::Relaxed);
    }
}
