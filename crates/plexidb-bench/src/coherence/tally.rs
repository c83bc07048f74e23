//! What was checked, from where it was read, and what went wrong on purpose.

use std::time::Duration;

use serde::Serialize;

/// Counts of one worker, one round, or one database.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Reads that the cache answered.
    pub(crate) hits: u64,
    /// Reads that shared another's execution.
    pub(crate) coalesced: u64,
    /// Reads that the database answered.
    pub(crate) fetched: u64,
    /// Reads during which too much was written to judge them.
    pub(crate) unjudged: u64,
    /// Reads that failed.
    pub(crate) failed_reads: u64,
    /// Reads whose futures were dropped.
    pub(crate) dropped_reads: u64,
    /// Writes that were acknowledged.
    pub(crate) writes: u64,
    /// Writes that failed without effect.
    pub(crate) failed_writes: u64,
    /// Writes of which nobody knew whether they took effect.
    pub(crate) doubts: u64,
    /// Reads that were compared with the database itself when all was quiet.
    pub(crate) compared: u64,
    /// Connections that were reset, delays, changes of the schema.
    pub(crate) disturbances: u64,
    /// Servers killed and started again.
    pub(crate) restarts: u64,
    pub(crate) rounds: u64,
    pub(crate) seconds: f64,
    /// The first failure in a round without faults, which should have none.
    pub(crate) unexpected: Option<String>,
}

impl Tally {
    /// Operations whose result was checked.
    pub(crate) fn checked(&self) -> u64 {
        self.hits + self.coalesced + self.fetched + self.writes + self.compared
    }

    /// Hits by reads.
    pub(crate) fn hit_ratio(&self) -> f64 {
        let reads = self.hits + self.coalesced + self.fetched;
        (self.hits + self.coalesced) as f64 / reads.max(1) as f64
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, other) in [
            (&mut self.hits, other.hits),
            (&mut self.coalesced, other.coalesced),
            (&mut self.fetched, other.fetched),
            (&mut self.unjudged, other.unjudged),
            (&mut self.failed_reads, other.failed_reads),
            (&mut self.dropped_reads, other.dropped_reads),
            (&mut self.writes, other.writes),
            (&mut self.failed_writes, other.failed_writes),
            (&mut self.doubts, other.doubts),
            (&mut self.compared, other.compared),
            (&mut self.disturbances, other.disturbances),
            (&mut self.restarts, other.restarts),
            (&mut self.rounds, other.rounds),
        ] {
            *own += other;
        }
        self.seconds += other.seconds;
        if self.unexpected.is_none() {
            self.unexpected.clone_from(&other.unexpected);
        }
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.seconds += time.as_secs_f64();
    }
}
