//! GTIDs of MariaDB and MySQL as lists in the order of their keys.
//!
//! Invariant: a list has each key once and is sorted; within a key a greater number is a later state.

use std::cmp::Ordering;
use std::fmt;

/// The last commit of a domain: `domain-server-sequence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DomainGtid {
    pub(super) domain: u32,
    pub(super) server: u32,
    pub(super) sequence: u64,
}

/// The commits of a source from the first to the `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceGtids {
    pub(super) source: u128,
    pub(super) last: u64,
}

/// A part of a position that has an order of its own.
pub(super) trait Member: Copy {
    type Key: Ord + Copy;
    fn key(&self) -> Self::Key;
    /// Whether this one's state includes that of the other, of the same key.
    fn reaches(&self, other: &Self) -> bool;
}

impl Member for DomainGtid {
    type Key = u32;

    fn key(&self) -> u32 {
        self.domain
    }

    /// One number given out by two servers is a fork.
    fn reaches(&self, other: &Self) -> bool {
        match self.sequence.cmp(&other.sequence) {
            Ordering::Greater => true,
            Ordering::Equal => self.server == other.server,
            Ordering::Less => false,
        }
    }
}

impl Member for SourceGtids {
    type Key = u128;

    fn key(&self) -> u128 {
        self.source
    }

    fn reaches(&self, other: &Self) -> bool {
        self.last >= other.last
    }
}

/// Whether each member of `others` is reached by that of the same key.
pub(super) fn covers<M: Member>(own: &[M], others: &[M]) -> bool {
    let mut own = own.iter();
    others.iter().all(|other| {
        let of_key = own.find(|member| member.key() >= other.key());
        of_key.is_some_and(|member| member.key() == other.key() && member.reaches(other))
    })
}

/// The later member of each key; `None` where two do not compare.
pub(super) fn join<M: Member>(own: &[M], others: &[M]) -> Option<Vec<M>> {
    let mut joined: Vec<M> = Vec::with_capacity(own.len().max(others.len()));
    let mut all: Vec<&M> = own.iter().chain(others).collect();
    all.sort_by_key(|member| member.key());
    for member in all {
        match joined.last_mut().filter(|last| last.key() == member.key()) {
            None => joined.push(*member),
            Some(last) if last.reaches(member) => {}
            Some(last) if member.reaches(last) => *last = *member,
            Some(_) => return None,
        }
    }
    Some(joined)
}

impl fmt::Display for DomainGtid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.domain, self.server, self.sequence)
    }
}

impl fmt::Display for SourceGtids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.source);
        let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        write!(f, "{}:1-{}", groups.join("-"), self.last)
    }
}
