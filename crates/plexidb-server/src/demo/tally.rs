//! What the workers counted: per kind of operation, and all together.

use std::time::Duration;

use plexidb_workloads::chat::Kind;

use super::latency::Latencies;

/// The tally of one kind of operation.
#[derive(Clone, Debug)]
pub(super) struct KindTally {
    pub(super) latencies: Latencies,
    /// Operations that the cache answered.
    pub(super) hits: u64,
    /// The time that they took.
    pub(super) hits_took: Duration,
}

/// The tally of one worker, or of all.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// In the order of [`Kind::ALL`].
    kinds: Vec<KindTally>,
    /// Writes that were made again after a deadlock or a lock that was not granted.
    pub(super) retries: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        let kind = KindTally {
            latencies: Latencies::new(),
            hits: 0,
            hits_took: Duration::ZERO,
        };
        Self {
            kinds: vec![kind; Kind::ALL.len()],
            retries: 0,
        }
    }

    pub(super) fn record(&mut self, kind: Kind, latency: Duration, is_hit: bool) {
        let tally = &mut self.kinds[kind.index()];
        tally.latencies.record(latency);
        if is_hit {
            tally.hits += 1;
            tally.hits_took += latency;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.kinds.iter_mut().zip(&other.kinds) {
            own.latencies.add(&other.latencies);
            own.hits += other.hits;
            own.hits_took += other.hits_took;
        }
        self.retries += other.retries;
    }

    pub(super) fn kind(&self, kind: Kind) -> &KindTally {
        &self.kinds[kind.index()]
    }

    /// The latencies of all kinds.
    pub(super) fn latencies(&self) -> Latencies {
        let mut all = Latencies::new();
        for tally in &self.kinds {
            all.add(&tally.latencies);
        }
        all
    }

    pub(super) fn operations(&self) -> u64 {
        self.kinds.iter().map(|tally| tally.latencies.count()).sum()
    }

    pub(super) fn reads(&self) -> u64 {
        let reads = Kind::ALL.iter().filter(|kind| kind.is_read());
        reads.map(|kind| self.kind(*kind).latencies.count()).sum()
    }

    pub(super) fn hits(&self) -> u64 {
        self.kinds.iter().map(|tally| tally.hits).sum()
    }

    /// Hits by reads, from 0 to 1.
    pub(super) fn hit_ratio(&self) -> f64 {
        self.hits() as f64 / self.reads().max(1) as f64
    }
}
