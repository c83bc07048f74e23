//! The result cache of this process, over quick_cache.
//!
//! Invariant: [`L1::get`] returns rows only if their stamps hold at a moment during the call. Entries that do not are
//! removed when they are met; none is ever looked for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::RowSet;
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;

use crate::clock::{Clock, MonotonicClock};
use crate::counters::{CacheStats, Counters, Event};
use crate::key::{BuildKeyHasher, Key, KeyRef};
use crate::shim::{AtomicU64, AtomicWord, Ordering};
use crate::slots::SlotArray;
use crate::stamp::Stamps;
use crate::tally::{EntryHits, Tally};

mod entry;
mod hit;
mod shards;
#[cfg(test)]
mod tests;

use entry::{Entry, EntryWeight, Evictions, Stored};
pub use hit::Hit;

/// Bounds of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Config {
    /// The most memory of all entries, in bytes; default 64 MiB. 0 stores nothing.
    pub bytes_max: u64,
    /// The most memory of one entry, in bytes; default 1 MiB. A larger result is not stored; neither is one
    /// larger than 97 % of `bytes_max`.
    pub entry_bytes_max: u64,
}

impl Default for L1Config {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            entry_bytes_max: 1 << 20,
        }
    }
}

/// What a lookup found.
#[derive(Clone, Debug)]
#[must_use]
pub enum Lookup {
    /// Rows that the database would answer now.
    Hit(Hit),
    /// An entry that a write has overtaken.
    Stale,
    /// An entry that a write under way may overtake. It is kept, as it may turn out not to.
    Held,
    /// An entry whose TTL is over.
    Expired,
    /// No entry.
    Miss,
}

/// A result to be stored.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The result.
    pub rows: RowSet,
    /// What it depends on, captured **before its query was sent**.
    pub stamps: Stamps,
    /// How long it may take memory, by [`L1::tick`].
    pub ttl: Duration,
    /// Where its hits are counted.
    pub tally: Arc<Tally>,
    /// Whether [`L1::peek_stale`] may return it after a write has overtaken it.
    pub keeps_stale: bool,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored, until it is overtaken, expires or makes room.
    Stored,
    /// It is larger than an entry may be.
    TooLarge {
        /// Its memory.
        bytes: u64,
        /// The most that one entry may have.
        bytes_max: u64,
    },
    /// Its TTL is zero.
    Expired,
}

/// The result cache of a process; the databases of a manager share one.
pub struct L1 {
    entries: Cache<Key, Stored, EntryWeight, BuildKeyHasher, Evictions>,
    bytes_max: u64,
    entry_bytes_max: u64,
    counters: Arc<Counters>,
    clock: Box<dyn Clock>,
    /// The clock as of the last tick: reading it costs nothing on a hit.
    now_ms: AtomicU64,
}

impl L1 {
    /// Makes an empty cache that expires entries by the machine's monotonic clock.
    #[must_use]
    pub fn new(config: L1Config) -> Self {
        Self::with_clock(config, MonotonicClock::default())
    }

    /// Makes an empty cache with a clock of the caller's.
    #[must_use]
    pub fn with_clock(config: L1Config, clock: impl Clock) -> Self {
        let layout = shards::layout(config);
        let counters = Arc::<Counters>::default();
        let options = OptionsBuilder::new()
            .shards(layout.shards)
            .estimated_items_capacity(layout.entries_estimated)
            .weight_capacity(layout.bytes_max)
            .hot_allocation(shards::HOT_RATIO)
            .build();
        #[expect(
            clippy::expect_used,
            reason = "build fails only where capacity or weight is not given"
        )]
        let options = options.expect("capacity and weight are given");
        let evictions = Evictions::new(Arc::clone(&counters));
        let entries = Cache::with_options(options, EntryWeight, BuildKeyHasher::default(), evictions);
        Self {
            entry_bytes_max: layout.entry_bytes_max,
            entries,
            bytes_max: config.bytes_max,
            counters,
            now_ms: AtomicU64::new(clock.now_ms()),
            clock: Box::new(clock),
        }
    }

    /// Looks a result up and makes sure that it is still true: every slot must hold its stamped value.
    #[inline]
    pub fn get<W: AtomicWord>(&self, key: &KeyRef<'_>, slots: &SlotArray<W>) -> Lookup {
        let Some(Stored { entry, .. }) = self.entries.get(key) else {
            self.counters.count(Event::Miss);
            return Lookup::Miss;
        };
        if !slots.holds(&entry.stamps) {
            return self.overtaken(key, &entry, slots);
        }
        if self.now_ms.load(Ordering::Relaxed) >= entry.expires_at_ms {
            self.forget(key, &entry, Event::Expired);
            return Lookup::Expired;
        }
        self.counters.count(Event::Hit);
        entry.hits.count();
        Lookup::Hit(Hit::new(entry))
    }

    #[cold]
    fn overtaken<W: AtomicWord>(&self, key: &KeyRef<'_>, entry: &Arc<Entry>, slots: &SlotArray<W>) -> Lookup {
        if slots.may_hold_again(&entry.stamps) {
            self.counters.count(Event::Held);
            return Lookup::Held;
        }
        if entry.keeps_stale {
            self.counters.count(Event::Stale);
        } else {
            self.forget(key, entry, Event::Stale);
        }
        Lookup::Stale
    }

    /// A result that was stored with [`Fill::keeps_stale`], though a write may have overtaken it, and its age.
    #[must_use]
    pub fn peek_stale(&self, key: &KeyRef<'_>) -> Option<(RowSet, Duration)> {
        let Stored { entry, .. } = self.entries.get(key)?;
        let age_ms = self
            .now_ms
            .load(Ordering::Relaxed)
            .saturating_sub(entry.filled_at_ms);
        entry
            .keeps_stale
            .then(|| (entry.rows.clone(), Duration::from_millis(age_ms)))
    }

    /// Stores a result under the stamps that were captured **before its query was sent**. They are not looked at
    /// again: a result that a write has overtaken is dead on arrival.
    pub fn insert(&self, key: Key, fill: Fill) -> Inserted {
        let Fill {
            rows,
            mut stamps,
            ttl,
            tally,
            keeps_stale,
        } = fill;
        if ttl.is_zero() {
            return Inserted::Expired;
        }
        stamps.shrink();
        let bytes = entry::bytes(&key, &rows, &stamps);
        if bytes > self.entry_bytes_max {
            self.counters.count(Event::Rejection);
            return Inserted::TooLarge {
                bytes,
                bytes_max: self.entry_bytes_max,
            };
        }
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        let entry = Arc::new(Entry {
            rows,
            stamps,
            filled_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            hits: EntryHits::new(tally),
            keeps_stale,
        });
        self.entries.insert(key, Stored { entry, bytes });
        self.counters.count(Event::Fill);
        Inserted::Stored
    }

    /// Removes an entry; tells whether there was one.
    pub fn remove(&self, key: &KeyRef<'_>) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Removes all entries. A result whose query is under way is still stored afterwards; raise its slots first to
    /// exclude that.
    pub fn clear(&self) {
        self.entries.clear();
    }

    /// Number of entries, dead ones that were not met yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The memory of all entries in bytes, at most [`L1Config::bytes_max`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }

    /// Moves the coarse clock on. Whoever owns the cache calls it now and then; without it nothing expires.
    pub fn tick(&self) {
        // Only ever forward, so that two tickers cannot take it back.
        self.now_ms.fetch_max(self.clock.now_ms(), Ordering::Relaxed);
    }

    /// Counts a read that went past the cache: not cacheable, or a write of what it depends on is in flight.
    pub fn count_bypass(&self) {
        self.counters.count(Event::Bypass);
    }

    /// Counts a read that shared the execution of an equal one.
    pub fn count_coalesced(&self) {
        self.counters.count(Event::Coalesced);
    }

    /// The counters, and what is stored now.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            entries: self.len() as u64,
            bytes: self.bytes(),
            bytes_max: self.bytes_max,
            ..self.counters.snapshot()
        }
    }

    /// Removes this very entry: another one may have taken its place meanwhile.
    #[cold]
    fn forget(&self, key: &KeyRef<'_>, entry: &Arc<Entry>, event: Event) {
        self.counters.count(event);
        self.entries
            .remove_if(key, |stored| Arc::ptr_eq(&stored.entry, entry));
    }
}

impl fmt::Debug for L1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("L1")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
