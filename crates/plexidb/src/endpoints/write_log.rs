//! The numbers of the writes that were acknowledged: how many in all, and of each tag the last.
//!
//! Invariant: a write has its number before its slots are let go, and only after the database has acknowledged it. Tags may
//! share a place, which makes a read ask for more than it needs, never for less.

use std::sync::atomic::{AtomicU64, Ordering};

use plexidb_core::Tag;
use plexidb_sql::{Dependence, Dependencies};

#[cfg(test)]
mod tests;

/// Places for the numbers of tags: 64 KiB.
const PLACES: usize = 1 << 13;

/// The numbers of the writes that were acknowledged.
pub(crate) struct WriteLog {
    acknowledged: AtomicU64,
    newest: Box<[AtomicU64]>,
}

impl WriteLog {
    pub(crate) fn new() -> Self {
        Self {
            acknowledged: AtomicU64::new(0),
            newest: std::iter::repeat_with(AtomicU64::default).take(PLACES).collect(),
        }
    }

    /// Gives a write its number. **Only after the database has acknowledged it, and before its slots are let go.**
    pub(crate) fn note(&self, tags: &[Tag]) {
        let number = self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1;
        for &tag in tags {
            self.newest[place(tag)].fetch_max(number, Ordering::SeqCst);
        }
    }

    /// How many writes were acknowledged: what the primary shows from now on has them all.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// The number of the last write to anything that a result depends on.
    pub(crate) fn newest(&self, found: &Dependencies) -> u64 {
        let of = |dependence: &Dependence| {
            let tags = dependence.always.iter().chain(&dependence.unless_found);
            self.newest_of(tags.copied())
        };
        let guards = found
            .guards
            .iter()
            .flat_map(|guard| guard.unknown.iter().chain(&guard.known));
        of(&found.unknown)
            .max(of(&found.known))
            .max(self.newest_of(guards.copied()))
            .max(self.newest_of([Tag::DATABASE].into_iter()))
    }

    fn newest_of(&self, tags: impl Iterator<Item = Tag>) -> u64 {
        tags.map(|tag| self.newest[place(tag)].load(Ordering::SeqCst))
            .max()
            .unwrap_or_default()
    }
}

fn place(tag: Tag) -> usize {
    // The lowest bit is no hash.
    (tag.hash() >> 1) as usize % PLACES
}
