//! Entries: what is stored, what it weighs, and what happens when it makes room.
//!
//! Invariant: the weight is counted once, before the entry is stored, and is no less than the memory that was asked
//! for; what the allocator loses to fragmentation is not known here.

use std::sync::Arc;

use plexidb_core::RowSet;
use quick_cache::{Lifecycle, Weighter};
use smallvec::SmallVec;

use super::admission::Worth;
use crate::key::Key;
use crate::shim::AtomicWord;
use crate::slots::SlotArray;
use crate::stamp::Stamps;
use crate::tally::{EntryHits, Tally};

/// A result with what tells whether it is still true.
///
/// In the order of its use, the count of hits beside the reference count: threads that hit one entry at the same time
/// then contend for one cache line and not for two.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Entry {
    pub(super) hits: EntryHits,
    pub(super) expires_at_ms: u64,
    pub(super) rows: RowSet,
    pub(super) stamps: Stamps,
    pub(super) filled_at_ms: u64,
    /// The time that a hit saves.
    pub(super) cost_ns: u64,
    /// The number of the slot array to which the stamps belong.
    pub(super) slots_number: u64,
    /// Whether it is kept when a write has overtaken it.
    pub(super) keeps_stale: bool,
}

/// What the table holds: a lookup clones it under the shard's lock, so it is one reference count.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) entry: Arc<Entry>,
    pub(super) bytes: u64,
}

/// quick_cache's tables: 24 bytes an entry of its own, half as many evicted keys as entries, and at worst twice the
/// room, just after they have grown.
const TABLE_BYTES: usize = 3 * (size_of::<Key>() + size_of::<Stored>() + 24);
/// What the allocator adds to the allocations of an entry: the entry, the parameters, the tally, and five of its rows.
const ALLOCATOR_BYTES: usize = 8 * 16;
/// The two counts of each `Arc`: the entry, the key's text and the tally. The rows count their own.
const COUNTS_BYTES: usize = 3 * 2 * size_of::<usize>();

/// The memory of an entry. The tally is counted in full although entries of one statement share it: of statements that
/// plexidb has forgotten, their entries alone may keep it.
pub(super) fn bytes(key: &Key, rows: &RowSet, stamps: &Stamps) -> u64 {
    let heap = key.heap_bytes() + rows.memory_bytes() + stamps.heap_bytes();
    let own = size_of::<Entry>() + size_of::<Tally>() + COUNTS_BYTES;
    (heap + own + TABLE_BYTES + ALLOCATOR_BYTES) as u64
}

impl Stored {
    /// What it is worth as it leaves: nothing where it could not be returned any more.
    pub(super) fn worth<W: AtomicWord>(&self, slots: &SlotArray<W>, now_ms: u64) -> Worth {
        let entry = &*self.entry;
        // Stamps of another database's slots cannot be looked at: such an entry is taken to be true.
        let is_overtaken = entry.slots_number == slots.number() && !slots.holds(&entry.stamps);
        let saved_ns = if is_overtaken || now_ms >= entry.expires_at_ms {
            0.0
        } else {
            entry.hits.tally().saved_ns(entry.cost_ns)
        };
        Worth {
            saved_ns,
            bytes: self.bytes,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct EntryWeight;

impl Weighter<Key, Stored> for EntryWeight {
    fn weight(&self, _: &Key, stored: &Stored) -> u64 {
        stored.bytes
    }
}

/// Tells whoever inserts what has left for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departures;

/// What an insertion removed, kept until the shard is unlocked: large results take time to free.
#[derive(Debug, Default)]
pub(super) struct Departed {
    /// Entries of other keys that made room.
    pub(super) victims: SmallVec<[Stored; 2]>,
    /// The entry of the same key.
    pub(super) replaced: Option<Stored>,
    is_making_room: bool,
    keys: SmallVec<[Key; 2]>,
}

impl Departed {
    pub(super) fn bytes(&self) -> u64 {
        self.victims
            .iter()
            .chain(&self.replaced)
            .map(|stored| stored.bytes)
            .sum()
    }
}

impl Lifecycle<Key, Stored> for Departures {
    type RequestState = Departed;

    /// Called for what makes room, and not for what is replaced.
    fn before_evict(&self, departed: &mut Departed, _: &Key, _: &mut Stored) {
        departed.is_making_room = true;
    }

    fn on_evict(&self, departed: &mut Departed, key: Key, stored: Stored) {
        departed.keys.push(key);
        if std::mem::take(&mut departed.is_making_room) {
            departed.victims.push(stored);
        } else {
            departed.replaced = Some(stored);
        }
    }
}
