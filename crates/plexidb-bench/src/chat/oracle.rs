//! The oracle: a cache that drops an entry only when its result has really changed, measured from outside.
//!
//! Invariant: what differs from the last result of its key is counted as changed; concurrent reads of one key may be
//! ordered wrongly, which errs towards "changed" by one read and never makes a changed result look unchanged.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use plexidb::RowSet;
use plexidb_workloads::chat::Operation;

#[cfg(test)]
mod tests;

/// A read and its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReadKey {
    kind: usize,
    ids: (i64, i64),
}

impl ReadKey {
    /// The key of a read; none for a write.
    pub(super) fn of(operation: &Operation) -> Option<Self> {
        let ids = match *operation {
            Operation::ChannelHistory { channel } => (channel, 0),
            Operation::Profile { user } | Operation::UserChannels { user } => (user, 0),
            Operation::UnreadCount { user, channel } | Operation::MembershipCheck { user, channel } => {
                (user, channel)
            }
            Operation::ReactionCounts { message } => (message, 0),
            _ => return None,
        };
        Some(Self {
            kind: operation.kind().index(),
            ids,
        })
    }
}

/// What the oracle would have made of a read that went to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nobody has read this before: the oracle misses as well.
    First,
    /// The result is another than the last one: the oracle misses as well.
    Changed,
    /// The result is the last one, but this read was sent before the read that brought that one was back: the oracle had
    /// nothing to answer it with either.
    Together,
    /// The result is the last one, and the oracle would have had it; but nothing was dropped without need: a write of what it
    /// depends on was in flight, now or when the last one was fetched, so that it was not to be used or not to be stored.
    InFlight,
    /// The result is the last one: the oracle would have had it.
    Unchanged,
}

/// A result from the database.
pub(super) struct Fetched {
    pub(super) result: RowSet,
    /// Whether the cache had it, and did not use it since a write was in flight.
    pub(super) met_write: bool,
    /// Whether the cache has stored it.
    pub(super) is_kept: bool,
    pub(super) sent: Instant,
    pub(super) back: Instant,
}

/// The last result of every key.
pub(super) struct Memory {
    shards: [Mutex<HashMap<ReadKey, Last>>; SHARDS],
}

struct Last {
    result: RowSet,
    /// When the read was sent that gave it.
    sent: Instant,
    /// When the first read was back that gave it.
    known_at: Instant,
    /// Whether the cache has stored it at any time.
    was_kept: bool,
}

/// Far more than workers.
const SHARDS: usize = 64;

impl Default for Memory {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Memory {
    /// Compares a result from the database with the last one of its key, and remembers it.
    pub(super) fn judge(&self, key: ReadKey, fetched: Fetched) -> Verdict {
        let shard = (key.ids.0 ^ key.ids.1.rotate_left(3)) as usize % SHARDS;
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let sent = fetched.sent;
        let Some(last) = shard.get_mut(&key) else {
            shard.insert(key, fetched.into());
            return Verdict::First;
        };
        if last.result == fetched.result {
            last.sent = last.sent.max(sent);
            let could_be_used = last.was_kept && !fetched.met_write;
            last.was_kept |= fetched.is_kept;
            return match (sent < last.known_at, could_be_used) {
                (true, _) => Verdict::Together,
                (false, false) => Verdict::InFlight,
                (false, true) => Verdict::Unchanged,
            };
        }
        // Of two reads that overlap, the one that was sent later has more likely seen the later state.
        if sent >= last.sent {
            *last = fetched.into();
        }
        Verdict::Changed
    }
}

impl From<Fetched> for Last {
    fn from(fetched: Fetched) -> Self {
        Self {
            result: fetched.result,
            sent: fetched.sent,
            known_at: fetched.back,
            was_kept: fetched.is_kept,
        }
    }
}
