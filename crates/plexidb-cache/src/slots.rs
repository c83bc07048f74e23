//! The slot array of one database: what tells, without a lock, whether a result is still true.
//!
//! Invariant: from before a write can become visible until after its acknowledgement its slots differ from every
//! stamp, and afterwards they never again hold a value that they held before (the argument is in `word.rs`).

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use plexidb_core::Tag;
use smallvec::SmallVec;

use crate::shim::{AtomicU64, AtomicWord, Ordering};
use crate::stamp::{Group, Stamp, Stamps, Watch};

mod hold;
#[cfg(test)]
mod tests;
mod word;

pub use hold::WriteHold;

/// Slots of a write or a read over a few tables are kept without an allocation.
type SlotIndexes = SmallVec<[u32; 16]>;

/// The versions of everything that results of one database can depend on; shared by its readers and writers.
///
/// A [`Tag`] is mapped to one of the slots by a keyed hash. Two tags in one slot cost an unneeded miss, never a
/// stale hit. Tags on which many results depend (tables, columns, rows of unknown key) have slots of their own: a single value
/// of a key that is written all the time would else drop all results that happen to share its slot.
///
/// ```
/// # use plexidb_cache::SlotArray;
/// # use plexidb_core::Tag;
/// # use std::sync::Arc;
/// let slots = Arc::new(SlotArray::default());
/// let users = Tag::table("public", "users");
/// // A reader captures stamps before it sends its query.
/// let stamps = slots.capture([users].into_iter()).expect("no write is in flight");
/// assert!(slots.holds(&stamps));
/// // A writer holds its slots from before its statement is sent until it is answered.
/// let hold = slots.begin_write(&[users]);
/// assert!(!slots.holds(&stamps));
/// assert!(slots.capture([users].into_iter()).is_none());
/// hold.end();
/// assert!(!slots.holds(&stamps));
/// ```
pub struct SlotArray<W: AtomicWord = AtomicU64> {
    words: Box<[W]>,
    seed: u64,
    /// Shifts a hash down to an index among the slots of single values, which come first.
    shift: u32,
    /// The same among those of all others.
    shared_shift: u32,
    /// Told apart by it from all other arrays of the process.
    number: u64,
    abandoned_holds: AtomicU64,
}

impl SlotArray {
    /// The default size: 2^20 slots, which are 8 MiB. Measured with the messenger's load (`cargo xtask bench chat`): of the
    /// results of a point read, 2^16 slots dropped 5 % without need, 2^18 1 %, 2^20 0.3 %.
    pub const BITS_DEFAULT: u32 = 20;
    /// The largest size: 2^26 slots, which are 512 MiB.
    pub const BITS_MAX: u32 = 26;
    /// Slots for tags of whole tables, columns and unknown keys: 2 MiB. Of 2^14 one run in twenty had two of a messenger's hot
    /// tags in one slot, and lost most of its hits.
    const SHARED_BITS_MAX: u32 = 18;

    /// Makes an array that suits a cache of so many bytes: an eighth of them in slots, 512 KiB to 32 MiB. What a write drops
    /// without need grows with the results that are kept, and shrinks with the slots.
    #[must_use]
    pub fn for_cache(bytes_max: u64) -> Self {
        let slots = (bytes_max / 8) / size_of::<u64>() as u64;
        Self::new(slots.max(1).ilog2().clamp(16, 22))
    }

    /// Makes an array of 2^`bits` slots for single values, and a quarter of it, at most 2^18, for all other tags; `bits` is
    /// brought into 1 to [`Self::BITS_MAX`].
    #[must_use]
    pub fn new(bits: u32) -> Self {
        // Random, so that nobody can choose values whose tags fall into one slot.
        Self::with_layout(bits, RandomState::new().hash_one(bits))
    }
}

impl Default for SlotArray {
    fn default() -> Self {
        Self::new(Self::BITS_DEFAULT)
    }
}

impl<W: AtomicWord> SlotArray<W> {
    /// Makes an array as [`new`](SlotArray::new) does, whose mapping of tags is determined by `seed`. Processes that share
    /// results share `bits` and `seed`, the latter as a secret: who knows it can choose values that fall into one slot.
    #[must_use]
    pub fn with_layout(bits: u32, seed: u64) -> Self {
        static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);
        let bits = bits.clamp(1, SlotArray::BITS_MAX);
        let shared_bits = bits
            .saturating_sub(2)
            .clamp(bits.min(4), SlotArray::SHARED_BITS_MAX);
        let slots = (1_u32 << bits) + (1 << shared_bits);
        Self {
            words: (0..slots).map(|_| W::default()).collect(),
            seed,
            shift: u64::BITS - bits,
            shared_shift: u64::BITS - shared_bits,
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            abandoned_holds: AtomicU64::new(0),
        }
    }

    /// Captures the stamps of everything that a result depends on. **Must be called before its query is sent.**
    ///
    /// `None` where a write of any of it is in flight: such a result must not be stored.
    #[must_use = "a result without stamps must not be stored"]
    pub fn capture(&self, tags: impl Iterator<Item = Tag>) -> Option<Stamps> {
        Some(Stamps {
            then: self.capture_group(tags)?,
            ..Stamps::default()
        })
    }

    /// Captures, like [`capture`](Self::capture), the stamps of slots that were told by their [indexes](Self::slots_of): those of
    /// `first` before all others. `None` also where there is no such slot.
    #[must_use = "a result without stamps must not be stored"]
    pub fn capture_slots(&self, first: &[u32], then: &[u32]) -> Option<Stamps> {
        let group = |slots: &[u32]| {
            let slots = SlotIndexes::from_slice(slots);
            let is_known = slots.iter().all(|&slot| (slot as usize) < self.words.len());
            is_known.then(|| self.capture_indexes(sorted(slots)))?
        };
        Some(Stamps {
            first: group(first)?,
            then: group(then)?,
        })
    }

    /// Captures, like [`capture`](Self::capture), the stamps of what writes may hold as a precaution and
    /// [release](WriteHold::release): they are looked at before all others.
    #[must_use = "a result without stamps must not be stored"]
    pub fn capture_first(&self, tags: impl Iterator<Item = Tag>) -> Option<Stamps> {
        Some(Stamps {
            first: self.capture_group(tags)?,
            ..Stamps::default()
        })
    }

    /// Watches slots, from before a query is sent until its rows are there, whether or not writes are in flight: `first` what
    /// writes may hold as a precaution, `then` all others. `None` where that cannot be told.
    ///
    /// It is for a result that depends on less than what is watched, which only its rows tell. They can be captured then: a
    /// write of theirs that is still in flight holds them, and one that has come to its end meanwhile is seen by
    /// [`is_unchanged`](Self::is_unchanged).
    #[must_use]
    pub fn watch(&self, first: impl Iterator<Item = Tag>, then: impl Iterator<Item = Tag>) -> Option<Watch> {
        let mut is_held = false;
        let mut group = |tags: SlotIndexes| -> Option<Group> {
            let mut group = Group::with_capacity(tags.len());
            for slot in tags {
                let value = self.word(slot).load_acquire();
                if word::is_stuck(value) {
                    return None;
                }
                is_held |= word::is_held(value);
                group.push(Stamp { slot, value });
            }
            Some(group)
        };
        let stamps = Stamps {
            first: group(self.indexes(first))?,
            then: group(self.indexes(then))?,
        };
        Some(Watch { stamps, is_held })
    }

    /// Whether every write of what is watched that was in flight at any time since is still in flight, or had no effect.
    #[must_use]
    pub fn is_unchanged(&self, watch: &Watch) -> bool {
        self.holds(&watch.stamps)
    }

    fn capture_group(&self, tags: impl Iterator<Item = Tag>) -> Option<Group> {
        self.capture_indexes(self.indexes(tags))
    }

    fn capture_indexes(&self, slots: SlotIndexes) -> Option<Group> {
        // Their number is known, so that many stamps take one allocation, of the size that is kept.
        let mut group = Group::with_capacity(slots.len());
        for slot in slots {
            let value = self.word(slot).load_acquire();
            if word::is_held(value) {
                return None;
            }
            group.push(Stamp { slot, value });
        }
        Some(group)
    }

    /// Whether every slot still holds its stamped value, so that the result is what the database would answer now.
    #[inline]
    #[must_use]
    pub fn holds(&self, stamps: &Stamps) -> bool {
        let holds = |stamp: &Stamp| self.word(stamp.slot).load_acquire() == stamp.value;
        stamps.first.iter().all(holds) && stamps.then.iter().all(holds)
    }

    /// Whether stamps that do not hold may hold again: writes are in flight, and none has ended.
    #[cold]
    pub(crate) fn may_hold_again(&self, stamps: &Stamps) -> bool {
        stamps.iter().all(|stamp| {
            let value = self.word(stamp.slot).load_acquire();
            value == stamp.value || word::is_held(value) && word::version(value) == word::version(stamp.value)
        })
    }

    /// Holds the slots of what a write touches. **Must be called before the write can become visible**: before
    /// COMMIT is sent, or before an autocommit statement is sent. Until the hold is decided, reads that depend on
    /// any of it neither find nor store cached results.
    pub fn begin_write(self: &Arc<Self>, tags: &[Tag]) -> WriteHold<W> {
        let mut hold = WriteHold::new(Arc::clone(self));
        hold.extend(tags);
        hold
    }

    /// Holds slots that were told by their [indexes](Self::slots_of), as by another process with an array of the same
    /// [layout](Self::with_layout). One that is not there counts as the whole database.
    pub fn begin_write_of_slots(self: &Arc<Self>, slots: &[u32]) -> WriteHold<W> {
        let mut hold = WriteHold::new(Arc::clone(self));
        hold.extend_by_slots(slots);
        hold
    }

    /// These slots, sorted and distinct; one that is not there is that of the whole database.
    fn known(&self, slots: &[u32]) -> SlotIndexes {
        let whole = self.index(Tag::DATABASE);
        let is_known = |slot: u32| (slot as usize) < self.words.len();
        let known = slots
            .iter()
            .map(|&slot| if is_known(slot) { slot } else { whole });
        sorted(known.collect())
    }

    /// The distinct slots of these tags, ascending. Arrays of the same [layout](Self::with_layout) have the same.
    #[must_use]
    pub fn slots_of(&self, tags: impl Iterator<Item = Tag>) -> Vec<u32> {
        self.indexes(tags).into_vec()
    }

    /// Number of slots; their indexes are those below it.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.words.len()
    }

    /// Holds that were dropped without a decision; their slots stay held for good. Each is a fault of its owner.
    #[must_use]
    pub fn abandoned_holds(&self) -> u64 {
        self.abandoned_holds.load(Ordering::Relaxed)
    }

    /// Slots with a write in flight, or with an abandoned hold. Looks at every slot: for reports, not for reads.
    #[must_use]
    pub fn held(&self) -> usize {
        self.words
            .iter()
            .filter(|word| word::is_held(word.load_acquire()))
            .count()
    }

    /// Tells whose stamps are whose; see [`Stamps`].
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The distinct slots of these tags.
    fn indexes(&self, tags: impl Iterator<Item = Tag>) -> SlotIndexes {
        sorted(tags.map(|tag| self.index(tag)).collect())
    }

    #[inline]
    fn index(&self, tag: Tag) -> u32 {
        // A folded multiplication spreads the seed over all bits, so that which tags collide depends on it.
        let product = u128::from(tag.hash() ^ self.seed) * 0xf39c_c060_5ced_c835_u128;
        let folded = product as u64 ^ (product >> 64) as u64;
        if tag.is_of_value() {
            (folded >> self.shift) as u32
        } else {
            // Behind the slots of single values, of which there are 2^(64 - shift).
            (1 << (u64::BITS - self.shift)) + (folded >> self.shared_shift) as u32
        }
    }

    #[inline]
    fn word(&self, slot: u32) -> &W {
        &self.words[slot as usize]
    }
}

fn sorted(mut slots: SlotIndexes) -> SlotIndexes {
    slots.sort_unstable();
    slots.dedup();
    slots
}

impl<W: AtomicWord> fmt::Debug for SlotArray<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotArray")
            .field("slots", &self.words.len())
            .field("abandoned_holds", &self.abandoned_holds())
            .finish_non_exhaustive()
    }
}
