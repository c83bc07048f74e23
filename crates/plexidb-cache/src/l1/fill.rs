//! A result to be stored, and what became of it.
//!
//! Invariant: it carries stamps that are older than its query; nothing here looks at them.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::RowSet;

use crate::stamp::Stamps;
use crate::tally::Tally;

/// A result to be stored.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The result.
    pub rows: RowSet,
    /// What it depends on, captured **before its query was sent**.
    pub stamps: Stamps,
    /// How long it may take memory, by [`L1::tick`](crate::L1::tick).
    pub ttl: Duration,
    /// What a hit saves: the time that it took to fetch. It decides what is kept where there is not room for all.
    pub cost: Duration,
    /// Where its hits are counted.
    pub tally: Arc<Tally>,
    /// Whether [`L1::peek_stale`](crate::L1::peek_stale) may return it after a write has overtaken it.
    pub keeps_stale: bool,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored, until it is overtaken, expires or makes room.
    Stored,
    /// It is larger than an entry may be.
    TooLarge {
        /// Its memory.
        bytes: u64,
        /// The most that one entry may have.
        bytes_max: u64,
    },
    /// There is not room for all, and it is worth less than what would have to go; see
    /// [`L1Config::is_cost_aware`](crate::L1Config::is_cost_aware).
    NotAdmitted {
        /// Its memory.
        bytes: u64,
    },
    /// Its TTL is zero.
    Expired,
}
