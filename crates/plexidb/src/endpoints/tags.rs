//! The tags of servers, by which reads ask for some of them.
//!
//! Invariant: a tag that was looked up in one database means nothing in another.

use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(test)]
mod tests;

/// Where the numbers of the next set's tags begin; 0 stands for the tag of a database without replicas.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A tag of servers, as it was looked up by [`Database::tag`](crate::Database::tag). It belongs to that database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerTag(u32);

impl ServerTag {
    /// Any tag of a database with one server, which serves whatever is asked for.
    pub(crate) const OF_ONLY_SERVER: Self = Self(0);
}

/// What is configured of a server apart from its address.
#[derive(Clone, Debug)]
pub(crate) struct ServerTraits {
    pub(crate) tags: Vec<String>,
    pub(crate) weight: u32,
    /// Whether it is kept free of reads that ask for none of its tags.
    pub(crate) is_reserved: bool,
}

/// A set of servers, by their places in the configuration: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerSet(pub(super) u64);

impl ServerSet {
    pub(super) fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    fn of(is_in: impl Iterator<Item = bool>) -> Self {
        let bits = is_in.enumerate().map(|(index, is_in)| u64::from(is_in) << index);
        Self(bits.fold(0, |set, bit| set | bit))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The tags of one set of servers.
pub(super) struct Tags {
    first: u32,
    names: Vec<String>,
    bearers: Vec<ServerSet>,
    ordinary: ServerSet,
    with_weight: ServerSet,
}

impl Tags {
    /// Of at most 64 servers, in the order of the configuration.
    pub(super) fn new(servers: &[ServerTraits]) -> Self {
        let mut names: Vec<String> = servers.iter().flat_map(|server| server.tags.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let bearers = names
            .iter()
            .map(|name| ServerSet::of(servers.iter().map(|server| server.tags.contains(name))));
        // At most 64 servers with 16 tags each.
        let count = u32::try_from(names.len()).unwrap_or_default();
        Self {
            first: NEXT.fetch_add(count, Ordering::Relaxed),
            bearers: bearers.collect(),
            ordinary: ServerSet::of(servers.iter().map(|server| !server.is_reserved)),
            with_weight: ServerSet::of(servers.iter().map(|server| server.weight > 0)),
            names,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<ServerTag> {
        let place = self.names.iter().position(|known| known == name)?;
        Some(ServerTag(self.first + u32::try_from(place).ok()?))
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    fn place(&self, tag: ServerTag) -> Option<usize> {
        let place = usize::try_from(tag.0.checked_sub(self.first)?).ok()?;
        (place < self.names.len()).then_some(place)
    }

    /// The tag's name; `None` for one of another database.
    pub(super) fn name(&self, tag: ServerTag) -> Option<&str> {
        Some(&self.names[self.place(tag)?])
    }

    /// The servers that bear it.
    pub(super) fn bearers(&self, tag: ServerTag) -> ServerSet {
        self.place(tag)
            .map_or_else(ServerSet::default, |place| self.bearers[place])
    }

    /// The servers that a read may go to while they are replicas, by what is configured.
    pub(super) fn candidates(&self, tag: Option<ServerTag>) -> ServerSet {
        let asked = tag.map_or(self.ordinary, |tag| self.bearers(tag));
        asked.and(self.with_weight)
    }
}
