//! The one clock of a run: the monotonic clock of the machine, which all processes share.
//!
//! Invariant: of two events of which one is known to come first, in whatever process, it has no later time.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the machine's monotonic clock.
pub(super) type Moment = u64;

/// The time now.
pub(super) fn now() -> Moment {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
