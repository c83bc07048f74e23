//! A hit: the rows of an entry, shared with the cache.
//!
//! Invariant: an entry that is evicted or overtaken stays readable for those who hold a hit of it. A hit is one reference
//! to the entry and not a copy of the references within: each of them would be a step that threads contend for.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use plexidb_core::RowSet;

use super::entry::Entry;

/// The rows that a lookup found; dereferences to [`RowSet`]. Cloning shares them.
#[derive(Clone)]
pub struct Hit {
    entry: Arc<Entry>,
}

impl Hit {
    #[inline]
    pub(super) fn new(entry: Arc<Entry>) -> Self {
        Self { entry }
    }
}

impl Deref for Hit {
    type Target = RowSet;

    #[inline]
    fn deref(&self) -> &RowSet {
        &self.entry.rows
    }
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hit").field(&self.entry.rows).finish()
    }
}
