//! Hits of one kind of statement, counted where they happen: in the entries.
//!
//! Invariant: a hit touches no memory that other entries' hits touch too, so that threads do not contend for a counter.

use crate::shim::{AtomicU64, Ordering};

/// Hits that an entry keeps for itself at most.
const FOLD_EVERY: u64 = 64;

/// Counts the hits of entries that belong together. Entries fold theirs in now and then: at their first, second, fourth … hit
/// up to the 64th, then at every 64th, and when they are dropped. Until then at most half of an entry's hits are missing,
/// and never more than 64.
#[derive(Debug, Default)]
pub struct Tally {
    hits: AtomicU64,
}

impl Tally {
    /// The hits that were folded in so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }
}

/// The hits of one entry.
#[derive(Debug)]
pub(crate) struct EntryHits {
    count: AtomicU64,
    folded: AtomicU64,
    tally: std::sync::Arc<Tally>,
}

impl EntryHits {
    pub(crate) fn new(tally: std::sync::Arc<Tally>) -> Self {
        Self {
            count: AtomicU64::new(0),
            folded: AtomicU64::new(0),
            tally,
        }
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
        self.fold(self.count.load(Ordering::Relaxed));
    }
}
