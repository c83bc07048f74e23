//! Flights: equal reads that miss at the same time share one execution.
//!
//! Invariant: a reader joins a flight only if, at a moment after its own call began, every slot held what the flight
//! captured before its query was sent (why that is enough is told at [`Flights::board`]).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam_utils::CachePadded;
#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{Limits, RowSet};
use tokio::sync::Semaphore;

use crate::key::{BuildKeyHasher, Key};
use crate::shim::{AtomicWord, Ordering};
use crate::slots::SlotArray;
use crate::stamp::Stamps;

#[cfg(test)]
mod tests;

const SHARDS: usize = 16;

/// Flights that can be joined, of one shard. Reads beyond it are not entered and run alone, which bounds the memory whatever
/// the number of connections is.
const SHARD_FLIGHTS_MAX: usize = 256;

/// Flights that a reader looks at before it starts its own in any case: each newer one was entered while it looked.
const LOOKS_MAX: usize = 4;

/// The reads of one database that are under way and can be joined.
#[derive(Default)]
pub struct Flights {
    shards: [CachePadded<Mutex<Shard>>; SHARDS],
}

/// By the hash of the key, one each: of two keys with one hash only the last is joined.
type Shard = HashMap<u64, Arc<Flight>, BuildKeyHasher>;

/// What tells which reads are equal, and what a read depends on.
#[derive(Clone, Debug)]
pub struct Boarding {
    /// Compared in full.
    pub key: Key,
    /// An answer within other limits is another one: an error may take its place.
    pub limits: Limits,
    /// Everything on which the answer may depend, captured **before its query is sent**.
    pub stamps: Stamps,
}

/// The part of a reader in a flight.
#[derive(Debug)]
#[must_use]
pub enum Boarded<'a> {
    /// It runs the query, for itself and whoever joins.
    Leads(Leader<'a>),
    /// It waits for the answer of another.
    Follows(Follower),
}

/// How a flight ended for its followers.
#[derive(Clone, Debug)]
#[must_use]
pub enum Landing {
    /// With this answer.
    Rows(RowSet),
    /// The leader's query failed; the error is its own.
    Failed,
    /// The leader went away before it had an answer.
    Abandoned,
}

struct Flight {
    boarding: Boarding,
    /// `None` where the query failed.
    answer: OnceLock<Option<RowSet>>,
    /// Without permits; closed once the flight has landed.
    landed: Semaphore,
    is_overdue: AtomicBool,
}

/// Runs the query of a flight. Dropped without a word, it leaves its followers to themselves.
#[must_use]
pub struct Leader<'a> {
    flights: &'a Flights,
    flight: Arc<Flight>,
}

/// Waits for the answer of a flight.
#[must_use]
pub struct Follower {
    flight: Arc<Flight>,
    boarding: Boarding,
}

// A write that the flight's answer lacks became visible after the flight's capture. Had it been acknowledged, or shown to a
// reader, before the joining reader looked at the slots, it would have raised or held one of them. Any other write
// is concurrent with that reader, and may be seen or not.
impl Flights {
    /// Joins the flight of an equal read, or starts one that others may join. **Must be called before the query is sent.**
    pub fn board<W: AtomicWord>(&self, boarding: Boarding, slots: &SlotArray<W>) -> Boarded<'_> {
        let hash = boarding.key.hash();
        // Whether the slots hold is looked at without the lock: there may be many of them.
        let mut refused: Option<Arc<Flight>> = None;
        for _ in 0..LOOKS_MAX {
            let found = {
                let shard = self.shard(hash);
                match shard.get(&hash) {
                    Some(found) if !is_same(refused.as_ref(), found) => Arc::clone(found),
                    _ => return self.lead(shard, boarding),
                }
            };
            let is_fresh = slots.holds(&found.boarding.stamps);
            #[cfg(feature = "planted-faults")]
            let is_fresh = is_fresh || planted::is(Fault::JoinStaleFlight);
            if found.suits(&boarding) && is_fresh {
                return Boarded::Follows(Follower {
                    flight: found,
                    boarding,
                });
            }
            refused = Some(found);
        }
        self.lead(self.shard(hash), boarding)
    }

    /// Flights that can be joined now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lead(&self, mut shard: MutexGuard<'_, Shard>, boarding: Boarding) -> Boarded<'_> {
        let hash = boarding.key.hash();
        let flight = Arc::new(Flight {
            boarding,
            answer: OnceLock::new(),
            landed: Semaphore::new(0),
            is_overdue: AtomicBool::new(false),
        });
        if shard.len() < SHARD_FLIGHTS_MAX || shard.contains_key(&hash) {
            shard.insert(hash, Arc::clone(&flight));
        }
        Boarded::Leads(Leader {
            flights: self,
            flight,
        })
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The map takes its own bits from both ends of the hash, the shard from the middle.
        lock(&self.shards[(hash >> 32) as usize % SHARDS])
    }
}

impl Leader<'_> {
    /// The key with which it boarded.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.flight.boarding.key
    }

    /// Gives the answer to all who follow. The flight can be joined until the leader is dropped, so that there is no gap
    /// between it and the entry in the cache.
    pub fn publish(&self, rows: &RowSet) {
        self.land(Some(rows.clone()));
    }

    /// Tells those who follow that there is no answer.
    pub fn fail(self) {
        self.land(None);
    }

    fn land(&self, answer: Option<RowSet>) {
        // The first word counts.
        let _ = self.flight.answer.set(answer);
        self.flight.landed.close();
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let hash = self.key().hash();
        // Another flight may have taken its place.
        if let Entry::Occupied(entered) = self.flights.shard(hash).entry(hash)
            && Arc::ptr_eq(entered.get(), &self.flight)
        {
            entered.remove();
        }
        if self.flight.answer.get().is_none() {
            self.flight.landed.close();
        }
    }
}

impl Follower {
    /// Waits until the flight has landed.
    pub async fn wait(&self) -> Landing {
        // There are no permits: it returns when it is closed.
        let _ = self.flight.landed.acquire().await;
        match self.flight.answer.get() {
            Some(Some(rows)) => Landing::Rows(rows.clone()),
            Some(None) => Landing::Failed,
            None => Landing::Abandoned,
        }
    }

    /// That with which it boarded, to board anew.
    #[must_use]
    pub fn into_boarding(self) -> Boarding {
        self.boarding
    }

    /// Gives the flight up: nobody joins it any more, and the next who boards leads.
    #[must_use]
    pub fn give_up(self) -> Boarding {
        self.flight.is_overdue.store(true, Ordering::Relaxed);
        self.boarding
    }
}

impl Flight {
    /// Whether its answer is one for this read, if it is fresh enough.
    fn suits(&self, boarding: &Boarding) -> bool {
        self.boarding.key == boarding.key
            && self.boarding.limits == boarding.limits
            && !self.is_overdue.load(Ordering::Relaxed)
            && !matches!(self.answer.get(), Some(None))
    }
}

fn is_same(one: Option<&Arc<Flight>>, other: &Arc<Flight>) -> bool {
    one.is_some_and(|one| Arc::ptr_eq(one, other))
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A map is never left half changed.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("flights", &self.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Leader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader").finish_non_exhaustive()
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}
