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
use crate::tally::EntryHits;

mod admission;
mod entry;
mod fill;
mod hit;
mod room;
mod shards;
#[cfg(test)]
mod tests;

use admission::{Admission, Worth};
use entry::{Departed, Departures, Entry, EntryWeight, Stored};
pub use fill::{Fill, Inserted};
pub use hit::Hit;
use room::Room;

/// Bounds of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Config {
    /// The most memory of all entries, in bytes; default 64 MiB. 0 stores nothing.
    pub bytes_max: u64,
    /// The most memory of one entry, in bytes; default 1 MiB. A larger result is not stored; neither is one
    /// larger than 97 % of `bytes_max`.
    pub entry_bytes_max: u64,
    /// Whether a result is weighed against what has to make room for it, by the time that it took to fetch, the hits that
    /// results of its statement have and its size; default yes. Where there is room nothing is weighed.
    pub is_cost_aware: bool,
}

impl Default for L1Config {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            entry_bytes_max: 1 << 20,
            is_cost_aware: true,
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

/// The result cache of a process; the databases of a manager share one.
pub struct L1 {
    entries: Cache<Key, Stored, EntryWeight, BuildKeyHasher, Departures>,
    bytes_max: u64,
    entry_bytes_max: u64,
    room: Room,
    admission: Option<Admission>,
    counters: Counters,
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
        let entries = Cache::with_options(options, EntryWeight, BuildKeyHasher::default(), Departures);
        Self {
            room: Room::new(entries.num_shards(), entries.shard_capacity()),
            entries,
            bytes_max: config.bytes_max,
            entry_bytes_max: layout.entry_bytes_max,
            admission: config.is_cost_aware.then(|| Admission::new(layout.bytes_max)),
            counters: Counters::default(),
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

    /// Stores a result under the stamps that were captured of `slots` **before its query was sent**. Whether they still hold
    /// is not looked at: a result that a write has overtaken is dead on arrival.
    ///
    /// Where others would have to make room, a result that is worth less than they are may be refused.
    pub fn insert<W: AtomicWord>(&self, key: Key, fill: Fill, slots: &SlotArray<W>) -> Inserted {
        let Fill {
            rows,
            mut stamps,
            ttl,
            cost,
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
        let cost_ns = u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX);
        let saved_ns = tally.saved_ns(cost_ns);
        if !self.admits(&key, Worth { saved_ns, bytes }) {
            self.counters.count(Event::NotAdmitted);
            return Inserted::NotAdmitted { bytes };
        }
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        let entry = Arc::new(Entry {
            rows,
            stamps,
            filled_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            hits: EntryHits::new(tally),
            cost_ns,
            slots_number: slots.number(),
            keeps_stale,
        });
        self.store(key, Stored { entry, bytes }, slots);
        Inserted::Stored
    }

    /// Whether there is room, or the result is worth making some. A newer result of a key that is stored already takes the
    /// place of the older.
    fn admits(&self, key: &Key, result: Worth) -> bool {
        let Some(admission) = &self.admission else {
            return true;
        };
        let is_admitted = self.room.has(self.entries.shard_index(key), result.bytes)
            || admission.admits(result)
            || self.entries.contains_key(key);
        if !is_admitted {
            admission.note_refusal(result);
        }
        is_admitted
    }

    fn store<W: AtomicWord>(&self, key: Key, stored: Stored, slots: &SlotArray<W>) {
        let shard = self.entries.shard_index(&key);
        let mut departed = Departed::default();
        self.room.take(shard, stored.bytes);
        self.entries.insert_with_lifecycle(key, stored, &mut departed);
        // What has left was of the same shard.
        self.room.give_back(shard, departed.bytes());
        self.counters.count(Event::Fill);
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        for victim in &departed.victims {
            self.counters.count(Event::Eviction);
            if let Some(admission) = &self.admission {
                admission.note_victim(victim.worth(slots, now_ms));
            }
        }
    }

    /// Removes an entry; tells whether there was one.
    pub fn remove(&self, key: &KeyRef<'_>) -> bool {
        self.remove_if(key, |_| true)
    }

    fn remove_if(&self, key: &KeyRef<'_>, is_meant: impl FnOnce(&Stored) -> bool) -> bool {
        let Some((_, removed)) = self.entries.remove_if(key, is_meant) else {
            return false;
        };
        self.room.give_back(self.entries.shard_index(key), removed.bytes);
        true
    }

    /// Removes all entries. A result whose query is under way is still stored afterwards; raise its slots first to
    /// exclude that.
    pub fn clear(&self) {
        // One by one, since other threads may store meanwhile: their bytes must stay taken.
        self.entries.retain(|key, stored| {
            self.room.give_back(self.entries.shard_index(key), stored.bytes);
            false
        });
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
        self.remove_if(key, |stored| Arc::ptr_eq(&stored.entry, entry));
    }
}

impl fmt::Debug for L1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("L1")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
