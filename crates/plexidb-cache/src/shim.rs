//! The atomic words of this crate: the standard library's in every build, shuttle's in the model tests.
//!
//! Invariant: whatever decides about freshness is an [`AtomicWord`], so that the tests can drive the very same code
//! through all interleavings, with no special build.

use std::fmt::Debug;

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

/// An atomic 64-bit word with the operations that the slots need.
pub trait AtomicWord: Debug + Default + Send + Sync + 'static {
    /// Loads the word; what follows stays after it.
    fn load_acquire(&self) -> u64;

    /// Replaces the word by `change` of it, in one step that neither what precedes nor what follows crosses. `change`
    /// may run several times.
    fn update(&self, change: impl Fn(u64) -> u64);
}

impl AtomicWord for AtomicU64 {
    #[inline]
    fn load_acquire(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    #[inline]
    fn update(&self, change: impl Fn(u64) -> u64) {
        let mut current = self.load(Ordering::Relaxed);
        while let Err(found) =
            self.compare_exchange_weak(current, change(current), Ordering::AcqRel, Ordering::Relaxed)
        {
            current = found;
        }
    }
}

#[cfg(test)]
impl AtomicWord for shuttle::sync::atomic::AtomicU64 {
    fn load_acquire(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn update(&self, change: impl Fn(u64) -> u64) {
        // One step: a failed exchange only ever repeats, so nothing is lost by not exploring it.
        let _ = self.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |current| {
            Some(change(current))
        });
    }
}
