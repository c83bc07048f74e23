//! Counters of the cache, striped so that threads do not contend for a cache line.
//!
//! Invariant: a counter only grows. A snapshot adds the stripes up one after the other, so that counters which move
//! meanwhile may be a few events apart.

use crossbeam_utils::CachePadded;

use crate::shim::{AtomicU64, Ordering};

mod stripe;
#[cfg(test)]
mod tests;

use stripe::{SHARED, STRIPES};

const EVENTS: usize = 11;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Hit,
    Miss,
    Stale,
    Expired,
    Fill,
    Rejection,
    NotAdmitted,
    Eviction,
    Bypass,
    Held,
    Coalesced,
}

#[derive(Debug)]
pub(crate) struct Counters {
    stripes: Box<[CachePadded<[AtomicU64; EVENTS]>]>,
}

/// What the cache did so far; see [`L1::stats`](crate::L1::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups that were answered.
    pub hits: u64,
    /// Lookups that found no entry.
    pub misses: u64,
    /// Lookups that found an entry which a write has overtaken.
    pub stale: u64,
    /// Lookups that found an entry which a write under way may overtake.
    pub held: u64,
    /// Lookups that found an entry whose TTL was over.
    pub expired: u64,
    /// Results stored.
    pub fills: u64,
    /// Results not stored because they are too large.
    pub rejected: u64,
    /// Results not stored because there was not room for all and they were worth less than what would have had to go.
    pub not_admitted: u64,
    /// Entries that made room for others. One that is replaced by a newer result of its key is none.
    pub evictions: u64,
    /// Reads that went past the cache, by [`L1::count_bypass`](crate::L1::count_bypass).
    pub bypasses: u64,
    /// Of the lookups that were not answered, those that shared the execution of an equal read, by
    /// [`L1::count_coalesced`](crate::L1::count_coalesced).
    pub coalesced: u64,
    /// Entries now.
    pub entries: u64,
    /// Their memory in bytes.
    pub bytes: u64,
    /// The most memory in bytes.
    pub bytes_max: u64,
}

impl CacheStats {
    /// All lookups: hits, misses, stale, held and expired entries. Reads that went past the cache are none.
    #[must_use]
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses + self.stale + self.held + self.expired
    }

    /// Hits by lookups, from 0 to 1; 0 before the first lookup.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        match self.lookups() {
            0 => 0.0,
            lookups => self.hits as f64 / lookups as f64,
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| CachePadded::default()).collect(),
        }
    }
}

impl Counters {
    #[inline]
    pub(crate) fn count(&self, event: Event) {
        let stripe = stripe::of_this_thread();
        let counter = &self.stripes[stripe][event as usize];
        if stripe == SHARED {
            counter.fetch_add(1, Ordering::Relaxed);
        } else {
            // Nobody else writes here, and a plain store costs a third of a step that others might interrupt.
            counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> CacheStats {
        let total = |event: Event| -> u64 {
            self.stripes
                .iter()
                .map(|stripe| stripe[event as usize].load(Ordering::Relaxed))
                .sum()
        };
        CacheStats {
            hits: total(Event::Hit),
            misses: total(Event::Miss),
            stale: total(Event::Stale),
            held: total(Event::Held),
            expired: total(Event::Expired),
            fills: total(Event::Fill),
            rejected: total(Event::Rejection),
            not_admitted: total(Event::NotAdmitted),
            evictions: total(Event::Eviction),
            bypasses: total(Event::Bypass),
            coalesced: total(Event::Coalesced),
            ..CacheStats::default()
        }
    }
}
