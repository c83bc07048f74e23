//! Which thread counts where.
//!
//! Invariant: of all living threads at most one has a stripe below [`SHARED`], so that it may write there without an atomic step.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// 64 threads have a stripe each: 8 KiB a cache. All others share one.
pub(super) const STRIPES: usize = SHARED + 1;
pub(super) const SHARED: usize = 64;
const UNKNOWN: usize = usize::MAX;

/// Stripes without an owner: those that were given back, and all from a number on.
struct Free {
    returned: Vec<usize>,
    first_unused: usize,
}

// The lock also orders the last count of an owner before the first one of the next.
static FREE: Mutex<Free> = Mutex::new(Free {
    returned: Vec::new(),
    first_unused: 0,
});

struct Owned(Cell<usize>);

impl Drop for Owned {
    fn drop(&mut self) {
        if self.0.get() < SHARED {
            let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
            free.returned.push(self.0.get());
        }
    }
}

#[inline]
pub(super) fn of_this_thread() -> usize {
    thread_local! {
        static OWNED: Owned = const { Owned(Cell::new(UNKNOWN)) };
    }
    let stripe = OWNED.try_with(|owned| match owned.0.get() {
        UNKNOWN => {
            owned.0.set(take());
            owned.0.get()
        }
        stripe => stripe,
    });
    // A thread that is about to end has given its own back.
    stripe.unwrap_or(SHARED)
}

#[cold]
fn take() -> usize {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stripe) = free.returned.pop() {
        return stripe;
    }
    let stripe = free.first_unused.min(SHARED);
    free.first_unused = stripe + 1;
    stripe
}
