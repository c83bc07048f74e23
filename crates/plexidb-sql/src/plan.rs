//! What a statement depends on and touches, as templates that its parameters fill in.
//!
//! Invariant: a value that cannot be told apart from others with certainty widens: a read to its whole table, a write to the
//! rows of unknown key. Nothing here looks at a syntax tree or a catalog.

use plexidb_core::{KeySpace, Place, Tag, ValueRef};
use smallvec::SmallVec;

mod key;
mod precision;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use precision::Precision;
pub use read::{Dependence, Dependencies, FollowedKey, Guard, ReadPlan};
pub use write::{KeyImage, Learning, Lookup, Touched, WritePlan};

pub(crate) use key::{PinnedColumn, PinnedKey, PinnedValue};
pub(crate) use read::{InsertNeed, JoinedTable, ShownColumns, TableRead};
pub(crate) use write::{KeyTouch, TableTouch, TouchedKey};

/// Tags of a read or a write; those of most fit without an allocation.
pub type TagList = SmallVec<[Tag; 24]>;

/// Most values of a key that a read or a write is pinned to; more of them count as the whole table.
pub(crate) const PINNED_VALUES_MAX: usize = 16;

/// The places of one key that values lead to.
type Places = SmallVec<[Place; 4]>;

/// The place of the row with these values of the key's columns, if each can be told apart.
fn place_of(space: KeySpace, hashes: impl IntoIterator<Item = Option<u64>>) -> Option<Place> {
    let hashes: Option<SmallVec<[u64; 4]>> = hashes.into_iter().collect();
    Some(space.at(KeySpace::combine_hashes(hashes?)))
}

fn parameter<'a>(params: &[ValueRef<'a>], index: usize) -> Option<ValueRef<'a>> {
    params.get(index).copied()
}
