//! What the workers counted, by kind of operation.

use plexidb_workloads::chat::Kind;

use super::oracle::Verdict;

/// The counts of one kind of operation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) operations: u64,
    /// Reads that the cache answered.
    pub(super) hits: u64,
    /// Reads of the database that nobody had made before.
    pub(super) first: u64,
    /// Reads of the database that gave another result than the last one.
    pub(super) changed: u64,
    /// Reads of the database that were sent while another one was about to bring a first or a changed result.
    pub(super) together: u64,
    /// Reads of the database that gave the last result once more, since a write of it was in flight.
    pub(super) in_flight: u64,
    /// Other reads of the database that gave the last result once more.
    pub(super) unneeded: u64,
}

impl Counts {
    pub(super) fn hit_ratio(&self) -> f64 {
        share(self.hits, self.operations)
    }

    /// The hit ratio of the oracle.
    pub(super) fn oracle_ratio(&self) -> f64 {
        share(self.oracle_hits(), self.operations)
    }

    /// Hits by the oracle's; 1 where the oracle has none either.
    pub(super) fn of_oracle(&self) -> f64 {
        match self.oracle_hits() {
            0 => 1.0,
            oracle => self.hits as f64 / oracle as f64,
        }
    }

    /// It drops nothing while a write is in flight, nor without need.
    fn oracle_hits(&self) -> u64 {
        self.hits + self.in_flight + self.unneeded
    }

    /// Results that were dropped though they had not changed, by all that were dropped.
    pub(super) fn unneeded_share(&self) -> f64 {
        share(self.unneeded, self.unneeded + self.changed)
    }

    fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.hits += other.hits;
        self.first += other.first;
        self.changed += other.changed;
        self.together += other.together;
        self.in_flight += other.in_flight;
        self.unneeded += other.unneeded;
    }
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The counts of one worker, or of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// In the order of [`Kind::ALL`].
    kinds: [Counts; Kind::ALL.len()],
    /// Writes made again after a deadlock or a lock's timeout.
    pub(super) retries: u64,
}

impl Tally {
    pub(super) fn operation(&mut self, kind: Kind) {
        self.kinds[kind.index()].operations += 1;
    }

    pub(super) fn hit(&mut self, kind: Kind) {
        self.kinds[kind.index()].hits += 1;
    }

    pub(super) fn fetched(&mut self, kind: Kind, verdict: Verdict) {
        let counts = &mut self.kinds[kind.index()];
        match verdict {
            Verdict::First => counts.first += 1,
            Verdict::Changed => counts.changed += 1,
            Verdict::Together => counts.together += 1,
            Verdict::InFlight => counts.in_flight += 1,
            Verdict::Unchanged => counts.unneeded += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.kinds.iter_mut().zip(&other.kinds) {
            own.add(other);
        }
        self.retries += other.retries;
    }

    pub(super) fn kind(&self, kind: Kind) -> &Counts {
        &self.kinds[kind.index()]
    }

    /// The counts of all reads.
    pub(super) fn reads(&self) -> Counts {
        let mut all = Counts::default();
        for kind in Kind::ALL.iter().filter(|kind| kind.is_read()) {
            all.add(self.kind(*kind));
        }
        all
    }
}
