//! Hits of one kind of statement, counted where they happen: in the entries.
//!
//! Invariant: a hit touches no memory that other entries' hits touch too, so that threads do not contend for a counter.

use std::sync::Arc;

use crate::mean::Mean;
use crate::shim::{AtomicU64, Ordering};

/// Hits that an entry keeps for itself at most.
const FOLD_EVERY: u64 = 64;
/// The share of the newest entry in the hits of a stay. It moves slower than the price of memory, which is made of it: a
/// statement whose results are hit less and less must not find its own past too dear.
const NEWEST: f64 = 1.0 / 256.0;
/// Hits of a stay until entries have told: as many as make an entry worth what it cost.
const STAY_HITS_FIRST: f64 = 1.0;
/// The least of them that is reckoned with, so that a statement which was not hit for long gets another chance.
const STAY_HITS_MIN: f64 = 1.0 / 32.0;

/// Counts the hits of entries that belong together. Entries fold theirs in now and then: at their first, second, fourth … hit
/// up to the 64th, then at every 64th, and when they are dropped. Until then at most half of an entry's hits are missing,
/// and never more than 64.
#[derive(Debug)]
pub struct Tally {
    hits: AtomicU64,
    /// Hits of an entry from when it was stored until it was gone.
    stay_hits: Mean,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            hits: AtomicU64::new(0),
            stay_hits: Mean::starting_at(STAY_HITS_FIRST),
        }
    }
}

impl Tally {
    /// The hits that were folded in so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// The time that an entry can be expected to save, in nanoseconds, where a hit saves `cost_ns`.
    pub(crate) fn saved_ns(&self, cost_ns: u64) -> f64 {
        self.stay_hits.get().max(STAY_HITS_MIN) * cost_ns as f64
    }
}

/// The hits of one entry; what changes with each of them comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct EntryHits {
    count: AtomicU64,
    folded: AtomicU64,
    tally: Arc<Tally>,
}

impl EntryHits {
    pub(crate) fn new(tally: Arc<Tally>) -> Self {
        Self {
            count: AtomicU64::new(0),
            folded: AtomicU64::new(0),
            tally,
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    #[inline]
    pub(crate) fn count(&self) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() || count.is_multiple_of(FOLD_EVERY) {
            self.fold(count);
        }
    }

    #[cold]
    fn fold(&self, count: u64) {
        // Whoever raises the mark adds the difference, so that nothing is added twice.
        let before = self.folded.fetch_max(count, Ordering::Relaxed);
        self.tally
            .hits
            .fetch_add(count.saturating_sub(before), Ordering::Relaxed);
    }
}

impl Drop for EntryHits {
    fn drop(&mut self) {
        let count = self.count.load(Ordering::Relaxed);
        self.fold(count);
        self.tally.stay_hits.move_to(count as f64, NEWEST);
    }
}
