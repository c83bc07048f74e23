//! The workers of one mode, and a slice of their work.
//!
//! Invariant: worker n of every mode makes the same operations in the same order.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb::{CacheStats, Database, Manager, Miss, Source, StatementStats};
use plexidb_workloads::chat::{Kind, Mix, Operation, Scale, Sequence, is_worth_a_retry};
use tokio::task::JoinSet;

use super::mode::{Learning, Mode};
use super::oracle::{Fetched, Memory, ReadKey};
use super::tally::Tally;
use crate::bare::Bare;
use crate::product::Place;

/// A worker whose reads all hit never waits: it lets the others run after so many operations.
const OPERATIONS_PER_TURN: usize = 64;
/// Operations among which each kind of read is met.
const SAMPLES: usize = 10_000;
/// Times that a write is made again, as an application would.
const RETRIES_MAX: u32 = 10;

/// What is worked off.
#[derive(Clone, Copy)]
pub(super) struct Work {
    pub(super) seed: u64,
    pub(super) scale: Scale,
    pub(super) mix: Mix,
    /// Mixes on one database take workers of their own, so that none repeats what another has written.
    pub(super) first_worker: u32,
    pub(super) workers: u32,
    pub(super) learning: Learning,
}

/// The workers of one mode.
pub(super) struct Crew {
    workers: Vec<Worker>,
    /// None where the driver is bare.
    manager: Option<Manager>,
}

struct Worker {
    door: Door,
    sequence: Sequence,
}

enum Door {
    Bare(Bare),
    /// Without a memory, nothing is compared.
    Layer(Database, Option<Arc<Memory>>),
}

impl Crew {
    pub(super) async fn hire(mode: Mode, place: &Place<'_>, work: Work) -> Result<Self> {
        let manager = match mode {
            Mode::Bare => None,
            _ => Some(mode.open(place, work.learning).await?),
        };
        let memory = mode.precision().map(|_| Arc::new(Memory::default()));
        let mut workers = Vec::new();
        for number in work.first_worker..work.first_worker + work.workers {
            let door = match &manager {
                None => Door::Bare(Bare::connect(place).await?),
                Some(manager) => Door::Layer(default_database(manager)?.clone(), memory.clone()),
            };
            workers.push(Worker {
                door,
                sequence: Sequence::for_worker(work.seed, work.mix, work.scale, number),
            });
        }
        Ok(Self { workers, manager })
    }

    /// The workers make so many operations between them; returns what they counted and how long it took.
    pub(super) async fn slice(&mut self, operations: usize) -> Result<(Tally, Duration)> {
        let operations_per_worker = operations.div_ceil(self.workers.len());
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for worker in self.workers.drain(..) {
            tasks.spawn(worker.make(operations_per_worker));
        }
        let mut total = Tally::default();
        while let Some(ended) = tasks.join_next().await {
            let (worker, tally) = ended??;
            total.add(&tally);
            self.workers.push(worker);
        }
        Ok((total, start.elapsed()))
    }

    /// What the cache has counted, warming up included.
    pub(super) fn cache_stats(&self) -> Option<CacheStats> {
        self.manager.as_ref().map(Manager::cache_stats)
    }

    /// What the layer has counted of each kind of operation, warming up included, in the order of [`Kind::ALL`].
    pub(super) fn statement_stats(&self) -> Result<Vec<Option<StatementStats>>> {
        let (Some(manager), Some(worker)) = (&self.manager, self.workers.first()) else {
            return Ok(vec![None; Kind::ALL.len()]);
        };
        let database = default_database(manager)?;
        let all = database.statement_stats();
        let of_kind = |kind: Kind| {
            let mut operations = worker.sequence.clone().take(SAMPLES);
            let sample = operations.find(|operation| operation.kind() == kind)?;
            let fingerprint = database.explain(sample.sql(database.dialect())).fingerprint;
            all.iter().find(|stats| stats.fingerprint == fingerprint).cloned()
        };
        Ok(Kind::ALL.map(of_kind).to_vec())
    }

    pub(super) async fn dismiss(self) {
        drop(self.workers);
        if let Some(manager) = self.manager {
            manager.close().await;
        }
    }
}

pub(super) fn default_database(manager: &Manager) -> Result<&Database> {
    manager.databases().first().context("the manager has no database")
}

impl Worker {
    async fn make(mut self, operations: usize) -> Result<(Self, Tally)> {
        let mut tally = Tally::default();
        for number in 1..=operations {
            let Some(operation) = self.sequence.next() else {
                break;
            };
            let kind = operation.kind();
            tally.operation(kind);
            match &mut self.door {
                Door::Bare(bare) => tally.retries += u64::from(make_bare(bare, &operation).await?),
                Door::Layer(database, memory) => {
                    make_through_layer(database, memory.as_deref(), &operation, &mut tally).await?;
                }
            }
            if number % OPERATIONS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok((self, tally))
    }
}

async fn make_through_layer(
    database: &Database,
    memory: Option<&Memory>,
    operation: &Operation,
    tally: &mut Tally,
) -> Result<()> {
    let kind: Kind = operation.kind();
    let mut retries = 0;
    let (rows, sent, back) = loop {
        let sent = Instant::now();
        match operation.run(database).await {
            Ok(rows) => break (rows, sent, Instant::now()),
            Err(error) if retries < RETRIES_MAX && is_worth_a_retry(&error) => retries += 1,
            Err(error) => return Err(error).context(operation.name()),
        }
    };
    tally.retries += u64::from(retries);
    let Some(rows) = rows else { return Ok(()) };
    for row in &rows {
        row.values().for_each(|value| {
            black_box(value);
        });
    }
    if rows.source() != Source::Database {
        tally.hit(kind);
    } else if let (Some(memory), Some(key)) = (memory, ReadKey::of(operation)) {
        let fetched = Fetched {
            met_write: rows.miss() == Some(Miss::Held),
            is_kept: rows.is_kept(),
            result: rows.into_set(),
            sent,
            back,
        };
        tally.fetched(kind, memory.judge(key, fetched));
    }
    Ok(())
}

/// Returns how often it was made again.
async fn make_bare(bare: &mut Bare, operation: &Operation) -> Result<u32> {
    let sql = operation.sql(bare.dialect());
    let params = operation.params();
    if operation.kind().is_read() {
        bare.query(sql, &params).await?;
        return Ok(0);
    }
    let mut retries = 0;
    loop {
        match bare.execute(sql, &params).await {
            Ok(_) => return Ok(retries),
            Err(error) if retries < RETRIES_MAX && Bare::is_worth_a_retry(&error) => retries += 1,
            Err(error) => return Err(error).context(operation.name()),
        }
    }
}
