//! Faults that a test plants into the protocol, to see that the checker finds them.
//!
//! Invariant: compiled only with the feature `planted-faults`, and without effect until a fault is planted.

use std::sync::atomic::{AtomicU8, Ordering};

/// A mutation of the protocol that keeps cached results fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// A read captures its stamps when its result has arrived, not before its query is sent.
    StampAfterRead = 1,
    /// A write raises and lowers its slots before its statement is sent.
    InvalidateBeforeWrite,
    /// A write leaves the slots alone.
    NeverInvalidate,
    /// A write lets go of its slots without a new version.
    ReleaseInsteadOfEnd,
    /// A transaction raises its slots when COMMIT has been answered.
    InvalidateAfterCommit,
    /// A write whose outcome nobody knows lets go of its slots at once.
    SkipDoubt,
    /// A read joins an execution that a write has overtaken.
    JoinStaleFlight,
    /// A write does not touch the rows of unknown key.
    ForgetUnknownKeys,
    /// The keys that a write has learnt are not touched, though its precaution is released.
    ForgetLearntKeys,
    /// A row that moves touches its new key only.
    ForgetOldKey,
    /// The keys that a result names are stamped though the table was written meanwhile.
    SkipGuards,
    /// DDL leaves the results of before alone.
    SilentDdl,
    /// A strict read takes any replica, whatever that has replayed.
    SkipPosition,
    /// A connection whose statement was left half-way stays out for good.
    LeakLease,
    /// A write whose outcome is unknown is sent again.
    RetryUnknownWrite,
}

impl Fault {
    /// Those that one database shows.
    pub const OF_CACHE: [Self; 12] = [
        Self::StampAfterRead,
        Self::InvalidateBeforeWrite,
        Self::NeverInvalidate,
        Self::ReleaseInsteadOfEnd,
        Self::InvalidateAfterCommit,
        Self::SkipDoubt,
        Self::JoinStaleFlight,
        Self::ForgetUnknownKeys,
        Self::ForgetLearntKeys,
        Self::ForgetOldKey,
        Self::SkipGuards,
        Self::SilentDdl,
    ];

    /// Those that show where servers replicate, fail and are left half-way.
    pub const OF_SERVERS: [Self; 3] = [Self::SkipPosition, Self::RetryUnknownWrite, Self::LeakLease];
}

/// The one that is planted in this process; 0 where none is.
static PLANTED: AtomicU8 = AtomicU8::new(0);

/// Plants a fault into the whole process, in place of any other; `None` heals it.
pub fn plant(fault: Option<Fault>) {
    PLANTED.store(fault.map_or(0, |fault| fault as u8), Ordering::Relaxed);
}

/// Whether this fault is planted.
#[inline]
#[must_use]
pub fn is(fault: Fault) -> bool {
    PLANTED.load(Ordering::Relaxed) == fault as u8
}
