//! What became of reads and fills of L2, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::port::StoreStatus;

/// What L2 has done since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2Stats {
    /// Entries that were used.
    pub hits: u64,
    /// Keys without an entry.
    pub misses: u64,
    /// Entries that a write had overtaken, or of another epoch.
    pub stale: u64,
    /// Entries that were damaged, or of another layout.
    pub malformed: u64,
    /// Entries that were not written under a secret of ours.
    pub forged: u64,
    /// Reads to which the store gave no answer in time.
    pub timeouts: u64,
    /// Reads that the store refused, or that were lost with the connection.
    pub errors: u64,
    /// Reads that did not ask the store, since it is known to be out of reach.
    pub unavailable: u64,
    /// Results that were stored.
    pub fills: u64,
    /// Results that were not stored since too many were waiting.
    pub fills_dropped: u64,
    /// Results that were not stored since they are larger than entries may be.
    pub fills_too_large: u64,
    /// Results that the store did not take.
    pub fills_failed: u64,
    /// Bytes of entries that were read.
    pub bytes_read: u64,
    /// Bytes of entries that were stored.
    pub bytes_written: u64,
    /// Whether the store can be reached.
    pub status: StoreStatus,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) forged: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) unavailable: AtomicU64,
    pub(super) fills: AtomicU64,
    pub(super) fills_dropped: AtomicU64,
    pub(super) fills_too_large: AtomicU64,
    pub(super) fills_failed: AtomicU64,
    pub(super) bytes_read: AtomicU64,
    pub(super) bytes_written: AtomicU64,
}

/// Counts one more, or some more.
pub(super) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Relaxed);
}

impl Counters {
    pub(super) fn snapshot(&self, status: StoreStatus) -> L2Stats {
        L2Stats {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            stale: self.stale.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            forged: self.forged.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            errors: self.errors.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            fills: self.fills.load(Relaxed),
            fills_dropped: self.fills_dropped.load(Relaxed),
            fills_too_large: self.fills_too_large.load(Relaxed),
            fills_failed: self.fills_failed.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            status,
        }
    }
}
