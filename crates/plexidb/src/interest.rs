//! Whether results are cached that a write of unknown keys would drop, and what dropping them costs.
//!
//! Invariant: it decides how a write learns its keys, never what the write touches. It may forget and it may take one tag
//! for another: then a write is dearer than needed, and nothing is stale.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plexidb_core::Tag;

use crate::learning::KeyLearning;

#[cfg(test)]
mod tests;

/// A power of two: 32 KiB a database.
const MARKS: usize = 2_048;
/// How long a read is remembered: what was not missed for so long is dropped at the cost of one miss each.
const MEMORY_SECONDS: u32 = 60;
/// The weight of the newest time in the mean of misses.
const NEWEST: u64 = 16;

/// What is known of the reads that depend on one `=?` tag. Relaxed counters: they only estimate.
#[derive(Debug, Default)]
struct Mark {
    /// The second of the last note, counted from 1; 0 is never.
    noted_at: AtomicU32,
    /// Hits that were noted in this second.
    hits: AtomicU32,
    /// Hits a second before that.
    rate: AtomicU32,
}

/// The reads that depend on rows of unknown key, by the hash of their `=?` tags.
#[derive(Debug)]
pub(crate) struct Interest {
    started: Instant,
    marks: Box<[Mark]>,
    miss_ns: AtomicU64,
}

/// Counts up the hits of a statement from one note to the next.
#[derive(Debug, Default)]
pub(crate) struct HitsNoted(AtomicU64);

impl HitsNoted {
    /// Of `total` hits, those since the last call.
    pub(crate) fn since(&self, total: u64) -> u64 {
        total.saturating_sub(self.0.swap(total, Ordering::Relaxed))
    }
}

impl Default for Interest {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            marks: (0..MARKS).map(|_| Mark::default()).collect(),
            miss_ns: AtomicU64::new(0),
        }
    }
}

impl Interest {
    /// Notes a read that went to the database and depends on these `=?` tags
    /// ([`Dependencies::unknown`](plexidb_sql::Dependencies::unknown)), whether it was then stored or met a write under
    /// way. `hits` are those of its statement since its last note, `took` is what the miss cost.
    pub(crate) fn note_miss(&self, tags: impl IntoIterator<Item = Tag>, hits: u64, took: Duration) {
        let hits = u32::try_from(hits).unwrap_or(u32::MAX);
        let now = self.second();
        let mut is_keyed = false;
        for tag in tags {
            self.mark(tag).note(now, hits);
            is_keyed = true;
        }
        if is_keyed {
            self.mean_miss(took);
        }
    }

    /// How to learn the keys of a write that would otherwise drop all results that depend on these tags.
    pub(crate) fn choose(&self, precaution: &[Tag]) -> KeyLearning {
        let now = self.second();
        let recent = precaution.iter().map(|tag| self.mark(*tag));
        let rates = recent.filter_map(|mark| mark.rate(now));
        // A result depends on several of the tags, so that their rates must not be added up.
        let Some(hits_a_second) = rates.max() else {
            return KeyLearning::Never;
        };
        // While the statement runs, each read that would have been a hit is a miss, and so is the next one, since its
        // result is not stored; a second trip takes about as long as the statement. A tenth of that time is enough to pay
        // it: reads wait where many people do, and their misses load the database.
        let miss_seconds = self.miss_ns.load(Ordering::Relaxed) as f64 / 1e9;
        if f64::from(hits_a_second) * 2.0 * miss_seconds > 0.1 {
            KeyLearning::TwoTrips
        } else {
            KeyLearning::OneTrip
        }
    }

    fn mark(&self, tag: Tag) -> &Mark {
        &self.marks[tag.hash() as usize % MARKS]
    }

    fn second(&self) -> u32 {
        u32::try_from(self.started.elapsed().as_secs()).map_or(u32::MAX, |second| second.saturating_add(1))
    }

    fn mean_miss(&self, took: Duration) {
        let newest = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mean = self.miss_ns.load(Ordering::Relaxed);
        let next = if mean == 0 {
            newest
        } else {
            mean - mean / NEWEST + newest / NEWEST
        };
        self.miss_ns.store(next, Ordering::Relaxed);
    }
}

impl Mark {
    fn note(&self, now: u32, hits: u32) {
        let before = self.noted_at.swap(now, Ordering::Relaxed);
        if before == now {
            self.hits.fetch_add(hits, Ordering::Relaxed);
            return;
        }
        let counted = self.hits.swap(hits, Ordering::Relaxed);
        let seconds = now.saturating_sub(before).max(1);
        self.rate.store(counted / seconds, Ordering::Relaxed);
    }

    /// Hits a second; `None` where no read was noted of late.
    fn rate(&self, now: u32) -> Option<u32> {
        let noted_at = self.noted_at.load(Ordering::Relaxed);
        let age = now.saturating_sub(noted_at);
        if noted_at == 0 || age > MEMORY_SECONDS {
            return None;
        }
        let counted = self.hits.load(Ordering::Relaxed) / age.max(1);
        Some(counted.max(self.rate.load(Ordering::Relaxed)))
    }
}
