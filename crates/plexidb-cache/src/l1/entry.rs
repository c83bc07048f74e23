//! Entries: what is stored, what it weighs, and what happens when it makes room.
//!
//! Invariant: the weight is counted once, before the entry is stored, and is no less than the memory that was asked
//! for; what the allocator loses to fragmentation is not known here.

use std::sync::Arc;

use plexidb_core::RowSet;
use quick_cache::{Lifecycle, Weighter};
use smallvec::SmallVec;

use crate::counters::{Counters, Event};
use crate::key::Key;
use crate::stamp::Stamps;
use crate::tally::EntryHits;

/// A result with what tells whether it is still true.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) rows: RowSet,
    pub(super) stamps: Stamps,
    pub(super) filled_at_ms: u64,
    pub(super) expires_at_ms: u64,
    pub(super) hits: EntryHits,
    /// Whether it is kept when a write has overtaken it.
    pub(super) keeps_stale: bool,
}

/// What the table holds: a lookup clones it under the shard's lock, so it is one reference count.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) entry: Arc<Entry>,
    pub(super) bytes: u64,
}

/// quick_cache's tables: 21 bytes an entry of its own, half as many evicted keys as entries, and at worst twice the
/// room, just after they have grown.
const TABLE_BYTES: usize = 3 * (size_of::<Key>() + size_of::<Stored>() + 21);
/// What the allocator adds to the allocations of an entry: the entry, the parameters, and five of its rows.
const ALLOCATOR_BYTES: usize = 7 * 16;

/// The memory of an entry.
pub(super) fn bytes(key: &Key, rows: &RowSet, stamps: &Stamps) -> u64 {
    let heap = key.heap_bytes() + rows.memory_bytes() + stamps.heap_bytes() + size_of::<Entry>();
    (heap + TABLE_BYTES + ALLOCATOR_BYTES) as u64
}

#[derive(Clone, Copy, Debug)]
pub(super) struct EntryWeight;

impl Weighter<Key, Stored> for EntryWeight {
    fn weight(&self, _: &Key, stored: &Stored) -> u64 {
        stored.bytes
    }
}

/// Counts evictions, and keeps what was evicted until the shard is unlocked: large results take time to free.
#[derive(Clone, Debug)]
pub(super) struct Evictions {
    counters: Arc<Counters>,
}

impl Evictions {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { counters }
    }
}

impl Lifecycle<Key, Stored> for Evictions {
    type RequestState = SmallVec<[(Key, Stored); 2]>;

    fn on_evict(&self, evicted: &mut Self::RequestState, key: Key, stored: Stored) {
        self.counters.count(Event::Eviction);
        evicted.push((key, stored));
    }
}
