//! The workers of one arrangement, dealt out to its nodes, and a window of their work.
//!
//! Invariant: between two windows nothing is under way.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb::{Database, Source};
use plexidb_workloads::chat::{Operation, Sequence, is_worth_a_retry};

use crate::shared::member::Member;

/// A worker whose reads all hit never waits: it lets the others run after so many operations.
const OPERATIONS_PER_TURN: u64 = 64;
/// Times that a write is made again, as an application would.
const RETRIES_MAX: u32 = 10;

/// What workers counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) operations: u64,
    pub(super) reads: u64,
    pub(super) in_memory: u64,
    pub(super) in_redis: u64,
    /// Reads that shared the query of an equal one.
    pub(super) coalesced: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.reads += other.reads;
        self.in_memory += other.in_memory;
        self.in_redis += other.in_redis;
        self.coalesced += other.coalesced;
    }

    /// Reads for which no query was sent, those apart that shared one.
    pub(super) fn hits(&self) -> u64 {
        self.in_memory + self.in_redis
    }
}

/// The workers between two windows.
pub(super) struct Crew(Vec<Worker>);

struct Worker {
    node: usize,
    database: Database,
    sequence: Sequence,
}

impl Crew {
    pub(super) fn hire(members: &[Member], sequences: Vec<Sequence>) -> Result<Self> {
        let workers = sequences.into_iter().zip((0..members.len()).cycle());
        let workers = workers.map(|(sequence, node)| {
            Ok(Worker {
                node,
                database: members[node].database()?.clone(),
                sequence,
            })
        });
        Ok(Self(workers.collect::<Result<_>>()?))
    }

    /// All work for so long; what they counted, and how long the last of them took.
    pub(super) async fn work(&mut self, members: &[Member], window: Duration) -> Result<(Counts, Duration)> {
        let begun = Instant::now();
        let until = begun + window;
        let mut running = Vec::with_capacity(self.0.len());
        for worker in self.0.drain(..) {
            running.push(members[worker.node].spawn(worker.work(until))?);
        }
        let mut total = Counts::default();
        for worker in running {
            let (worker, counts) = worker.await??;
            total.add(counts);
            self.0.push(worker);
        }
        Ok((total, begun.elapsed()))
    }
}

impl Worker {
    async fn work(mut self, until: Instant) -> Result<(Self, Counts)> {
        let mut counts = Counts::default();
        while Instant::now() < until {
            let operation = self.sequence.next().context("the operations are at an end")?;
            counts.operations += 1;
            if let Some(source) = make(&self.database, &operation).await? {
                counts.reads += 1;
                match source {
                    Source::L1 => counts.in_memory += 1,
                    Source::L2 => counts.in_redis += 1,
                    Source::Coalesced => counts.coalesced += 1,
                    _ => {}
                }
            }
            if counts.operations % OPERATIONS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok((self, counts))
    }
}

/// Where a read came from; nothing of a write.
async fn make(database: &Database, operation: &Operation) -> Result<Option<Source>> {
    let mut retries = 0;
    loop {
        match operation.run(database).await {
            Ok(rows) => {
                for row in rows.iter().flatten() {
                    row.values().for_each(|value| {
                        black_box(value);
                    });
                }
                return Ok(rows.map(|rows| rows.source()));
            }
            Err(error) if retries < RETRIES_MAX && is_worth_a_retry(&error) => retries += 1,
            Err(error) => return Err(error).context(operation.name()),
        }
    }
}
