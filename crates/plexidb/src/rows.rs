//! A result with its origin.

use std::ops::Deref;

use plexidb_cache::Hit;
use plexidb_core::RowSet;

/// Where a result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The cache in this process.
    L1,
    /// The database.
    Database,
    /// The database, asked by an equal read that was under way.
    Coalesced,
    /// The cache, although a write has overtaken it: only where the user asked for `stale_while_revalidate`.
    Stale,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::Database => "database",
            Self::Coalesced => "coalesced",
            Self::Stale => "stale",
        })
    }
}

/// The rows of a query; dereferences to [`RowSet`], whose cells it shares with the cache.
#[derive(Clone, Debug)]
pub struct Rows {
    set: Shared,
    source: Source,
}

/// The rows themselves, or the cache's entry with them.
#[derive(Clone, Debug)]
enum Shared {
    Set(RowSet),
    Hit(Hit),
}

impl Rows {
    pub(crate) fn new(set: RowSet, source: Source) -> Self {
        Self {
            set: Shared::Set(set),
            source,
        }
    }

    #[inline]
    pub(crate) fn of_hit(hit: Hit) -> Self {
        Self {
            set: Shared::Hit(hit),
            source: Source::L1,
        }
    }

    /// Where the rows came from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The rows without their origin.
    #[must_use]
    pub fn into_set(self) -> RowSet {
        match self.set {
            Shared::Set(set) => set,
            Shared::Hit(hit) => RowSet::clone(&hit),
        }
    }
}

impl Deref for Rows {
    type Target = RowSet;

    #[inline]
    fn deref(&self) -> &RowSet {
        match &self.set {
            Shared::Set(set) => set,
            Shared::Hit(hit) => hit,
        }
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a plexidb_core::Row;
    type IntoIter = std::slice::Iter<'a, plexidb_core::Row>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows().iter()
    }
}
