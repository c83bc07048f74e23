//! A result with its origin.

use std::ops::Deref;
use std::sync::Arc;

use plexidb_cache::Hit;
use plexidb_core::RowSet;

use crate::statistics::Miss;

/// Where a result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The cache in this process.
    L1,
    /// Redis: another process has fetched it.
    L2,
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
            Self::L2 => "L2",
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
    miss: Option<Miss>,
    is_kept: bool,
    /// The server that was asked, where there are several.
    endpoint: Option<Arc<String>>,
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
            miss: None,
            is_kept: false,
            endpoint: None,
        }
    }

    #[inline]
    pub(crate) fn of_hit(hit: Hit) -> Self {
        Self {
            set: Shared::Hit(hit),
            source: Source::L1,
            miss: None,
            is_kept: true,
            endpoint: None,
        }
    }

    /// Says why the cache did not have them.
    pub(crate) fn missed(mut self, miss: Miss) -> Self {
        self.miss = Some(miss);
        self
    }

    /// Says that the cache has them now.
    pub(crate) fn kept(mut self, is_kept: bool) -> Self {
        self.is_kept = is_kept;
        self
    }

    /// Says which server was asked.
    pub(crate) fn answered_by(mut self, endpoint: Option<Arc<String>>) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The server that was asked for the rows, by its name in [`Database::servers`](crate::Database::servers); `None` where the
    /// database has no replicas, or no server was asked.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        Some(self.endpoint.as_ref()?.as_str())
    }

    /// Where the rows came from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// Why the cache did not have the rows, where the database was asked for them.
    #[must_use]
    pub fn miss(&self) -> Option<Miss> {
        self.miss
    }

    /// Whether the cache keeps these rows: they came from it, or were stored there. They are not where a write of what they
    /// depend on was in flight, or where the statement is not cached (see [`Manager::explain`](crate::Manager::explain)).
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_kept
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
