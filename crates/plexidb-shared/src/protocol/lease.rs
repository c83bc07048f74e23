//! The lease of a member as its hits see it: one atomic deadline.
//!
//! Invariant: a hit reads the grant first, then its slots, then the clock.

use std::sync::atomic::{AtomicU64, Ordering};

// Why in this order. A hit counts as of the moment at which it loads its slots (s).
//
// - The grant is read before s. Whoever granted it had applied every message that the grant covers, and raised their slots, before he
//   stored it (release); so a hit that reads it (acquire) finds these slots raised. Were the grant read after s, a
//   member could load slots that are not raised yet, then apply the messages, be granted a lease, and take the hit for valid.
// - The clock is read after s. Were it read before, the member could be stopped between the two until long after its deadline, when others no more
//   wait for it.
//
// The processor may still read the clock (`rdtsc`) before an older load has its value, as far as instructions are in flight together: they retire
// in order, and whatever stops the process for long (an interrupt, a fault, a hypervisor) throws away those that have not retired. That is a window
// of microseconds; `LEASE_MARGIN_NS` is a thousand times that.

/// By how much a lease is over earlier for a hit than it was granted: one millisecond.
pub const LEASE_MARGIN_NS: u64 = 1_000_000;

/// The deadline until which a member may serve cached results, in nanoseconds of its monotonic clock.
#[derive(Debug, Default)]
pub struct Lease {
    until: AtomicU64,
}

/// A deadline as it was read from a [`Lease`], **before** the slots of the hit are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a hit counts only if the grant is still valid after its slots were loaded"]
pub struct Grant(u64);

impl Lease {
    /// The grant as of now. **Must be called before the slots are loaded.**
    #[inline]
    pub fn grant(&self) -> Grant {
        Grant(self.until.load(Ordering::Acquire))
    }

    /// Lets hits go on until then; to be called when everything that the lease covers has been applied. 0 ends it.
    pub fn set(&self, until: u64) {
        self.until
            .store(until.saturating_sub(LEASE_MARGIN_NS), Ordering::Release);
    }
}

impl Grant {
    /// Whether slots that were loaded before `now_ns` was read held while the lease was valid.
    #[inline]
    #[must_use]
    pub fn is_valid_at(self, now_ns: u64) -> bool {
        now_ns < self.0
    }
}

#[cfg(test)]
mod tests;
