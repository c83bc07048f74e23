//! Stamps: what the slots of a result held before its query was sent.
//!
//! Invariant: no stamp was taken of a slot with a write in flight.

use smallvec::SmallVec;

/// Stamps of a result over a few tables are kept without an allocation.
const STAMPS_INLINE: usize = 4;

/// A slot and the value that it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) slot: u32,
    pub(crate) value: u64,
}

/// The slots on which a result depends, each with the value that it held; see
/// [`SlotArray::capture`](crate::SlotArray::capture).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(pub(crate) SmallVec<[Stamp; STAMPS_INLINE]>);

impl Stamps {
    /// Number of distinct slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, as for a result that depends on nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The memory that they hold apart from their own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        if self.0.spilled() {
            self.0.capacity() * size_of::<Stamp>()
        } else {
            0
        }
    }
}
