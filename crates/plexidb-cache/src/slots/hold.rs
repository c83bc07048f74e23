//! The hold of a write on its slots, from before it can become visible until its outcome is known.
//!
//! Invariant: only an explicit decision lets go of a slot. A hold that is lost leaves its slots held: reads of them
//! bypass the cache for good, which is slow and right.

use std::fmt;
use std::sync::Arc;

use plexidb_core::Tag;
#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};

use super::{SlotArray, SlotIndexes, word};
use crate::shim::{AtomicU64, AtomicWord, Ordering};

/// Slots that are held for a write; made by [`SlotArray::begin_write`].
///
/// # Dropping it is not deciding it
///
/// **A hold that is dropped undecided leaves its slots held for ever**: every read that depends on them bypasses the
/// cache until the process ends, and [`SlotArray::abandoned_holds`] counts it. Whoever loses sight of a
/// write (a cancelled future, a broken connection) must keep its hold until the database is known to be done with it,
/// since the write may still become visible, and then call [`end`](Self::end).
#[must_use = "a hold that is dropped undecided leaves its slots held: reads bypass the cache for good"]
pub struct WriteHold<W: AtomicWord = AtomicU64> {
    array: Arc<SlotArray<W>>,
    /// Sorted and distinct; each was raised once.
    slots: SlotIndexes,
}

impl<W: AtomicWord> WriteHold<W> {
    pub(super) fn new(array: Arc<SlotArray<W>>) -> Self {
        Self {
            array,
            slots: SlotIndexes::new(),
        }
    }

    /// Holds the slots of these tags as well, where they are not held yet. As for
    /// [`begin_write`](SlotArray::begin_write), this must precede the moment at which the write can become visible.
    pub fn extend(&mut self, tags: &[Tag]) {
        let slots = self.array.indexes(tags.iter().copied());
        self.extend_to(slots);
    }

    /// Holds these slots as well, as [`begin_write_of_slots`](SlotArray::begin_write_of_slots) does.
    pub fn extend_by_slots(&mut self, slots: &[u32]) {
        let slots = self.array.known(slots);
        self.extend_to(slots);
    }

    /// Holds the same slots once more: the other hold is decided by itself.
    pub fn again(&self) -> Self {
        self.array.begin_write_of_slots(&self.slots)
    }

    pub(super) fn extend_to(&mut self, slots: SlotIndexes) {
        #[cfg(feature = "planted-faults")]
        if planted::is(Fault::NeverInvalidate) {
            return;
        }
        for slot in slots {
            if let Err(position) = self.slots.binary_search(&slot) {
                self.array.word(slot).update(word::begun);
                #[cfg(feature = "planted-faults")]
                if planted::is(Fault::InvalidateBeforeWrite) {
                    self.array.word(slot).update(word::ended);
                    continue;
                }
                self.slots.insert(position, slot);
            }
        }
    }

    /// Ends the write after the database has answered: one version up, results from before are dead. This is also
    /// the decision after an error that does not exclude an effect.
    pub fn end(mut self) {
        #[cfg(feature = "planted-faults")]
        if planted::is(Fault::ReleaseInsteadOfEnd) {
            return self.let_go(word::released);
        }
        self.let_go(word::ended);
    }

    /// Ends the write of some slots, then releases all others, which turned out not to be touched.
    pub fn end_of_slots(mut self, touched: &[u32]) {
        let (touched, others): (SlotIndexes, SlotIndexes) =
            self.slots.drain(..).partition(|slot| touched.contains(slot));
        self.slots = touched;
        self.let_go(word::ended);
        self.slots = others;
        self.let_go(word::released);
    }

    /// Lets go without a new version: results from before stay true. **Only** where the write is known to have had
    /// no effect: a definite rollback, or slots that were held as a precaution and not touched.
    pub fn release(mut self) {
        self.let_go(word::released);
    }

    /// The slots held, ascending.
    #[must_use]
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Number of slots held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no slot is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn let_go(&mut self, step: fn(u64) -> u64) {
        for slot in self.slots.drain(..) {
            self.array.word(slot).update(step);
        }
    }
}

impl<W: AtomicWord> Drop for WriteHold<W> {
    fn drop(&mut self) {
        if !self.slots.is_empty() {
            self.array.abandoned_holds.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<W: AtomicWord> fmt::Debug for WriteHold<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHold")
            .field("slots", &self.slots.len())
            .finish_non_exhaustive()
    }
}
