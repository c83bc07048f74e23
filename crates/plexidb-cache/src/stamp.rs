//! Stamps: what the slots of a result held before its query was sent.
//!
//! Invariant: no stamp was taken of a slot with a write in flight. Slots that a write may hold as a precaution and let go
//! without a new version are looked at before all others (the reason is in `slots/word.rs`).

use smallvec::SmallVec;

/// Stamps of a result over a few tables are kept without an allocation.
const STAMPS_INLINE: usize = 4;

/// A slot and the value that it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) slot: u32,
    pub(crate) value: u64,
}

/// Sorted and distinct.
pub(crate) type Group = SmallVec<[Stamp; STAMPS_INLINE]>;

/// The slots on which a result depends, each with the value that it held; see
/// [`SlotArray::capture`](crate::SlotArray::capture).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// Those that are looked at first.
    pub(crate) first: Group,
    pub(crate) then: Group,
}

impl Stamps {
    /// Number of slots; one that is looked at twice counts twice.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.then.len()
    }

    /// Whether there are none, as for a result that depends on nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slots that are looked at before all others, ascending.
    pub fn first_slots(&self) -> impl ExactSizeIterator<Item = u32> {
        self.first.iter().map(|stamp| stamp.slot)
    }

    /// All other slots, ascending.
    pub fn other_slots(&self) -> impl ExactSizeIterator<Item = u32> {
        self.then.iter().map(|stamp| stamp.slot)
    }

    /// These stamps and others. Where both have a slot with different values, a write has come between them: such stamps
    /// never hold.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        merge(&mut self.first, other.first);
        merge(&mut self.then, other.then);
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stamp> {
        self.first.iter().chain(&self.then)
    }

    /// Gives unused memory back.
    pub(crate) fn shrink(&mut self) {
        self.first.shrink_to_fit();
        self.then.shrink_to_fit();
    }

    /// The memory that they hold apart from their own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        let of = |group: &Group| {
            if group.spilled() {
                group.capacity() * size_of::<Stamp>()
            } else {
                0
            }
        };
        of(&self.first) + of(&self.then)
    }
}

/// Slots as they were at one moment, writes in flight included; see [`SlotArray::watch`](crate::SlotArray::watch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub(crate) stamps: Stamps,
    pub(crate) is_held: bool,
}

impl Watch {
    /// The stamps of the same slots, as if [captured](crate::SlotArray::capture) then; `None` where a write was in flight.
    #[must_use]
    pub fn stamps(&self) -> Option<&Stamps> {
        (!self.is_held).then_some(&self.stamps)
    }
}

fn merge(group: &mut Group, more: Group) {
    if group.is_empty() {
        *group = more;
    } else if !more.is_empty() {
        group.extend(more);
        group.sort_unstable();
        group.dedup();
    }
}
