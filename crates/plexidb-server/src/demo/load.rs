//! Runs the workload for a time: workers side by side, each with operations of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plexidb::{Database, DriverError, ErrorKind, Rows, Source};
use plexidb_workloads::chat::{Mix, Operation, Scale, Sequence};
use tokio::task::JoinSet;

use super::tally::Tally;

/// How often a moment is told.
const MOMENT_INTERVAL: Duration = Duration::from_millis(250);
/// A worker whose reads all hit never waits: it lets the timers and the others run after so many operations.
const OPERATIONS_PER_TURN: usize = 64;
/// Times that a write is made again, as an application would.
const RETRIES_MAX: u32 = 10;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) seed: u64,
    pub(super) mix: Mix,
    pub(super) scale: Scale,
    pub(super) workers: u32,
    pub(super) duration: Duration,
}

/// What one run gave.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) tally: Tally,
    pub(super) took: Duration,
}

impl Side {
    pub(super) fn operations_per_second(&self) -> f64 {
        self.tally.operations() as f64 / self.took.as_secs_f64()
    }
}

/// A run under way, as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) elapsed: Duration,
    pub(super) operations_per_second: f64,
    pub(super) hit_ratio: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

/// Runs the load to its end; `watch` is told how it stands four times a second.
pub(super) async fn run(
    database: &Database,
    load: &Load,
    mut watch: impl FnMut(Moment),
) -> Result<Side, plexidb::Error> {
    let start = Instant::now();
    let mut tallies = Vec::new();
    // Dropped on an error and on Ctrl-C, which ends the workers.
    let mut workers = JoinSet::new();
    for worker in 0..load.workers {
        let tally = Arc::new(Mutex::new(Tally::new()));
        tallies.push(Arc::clone(&tally));
        let sequence = Sequence::for_worker(load.seed, load.mix, load.scale, worker);
        workers.spawn(work(database.clone(), sequence, start + load.duration, tally));
    }
    let mut moments = tokio::time::interval(MOMENT_INTERVAL);
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => break,
                Some(Ok(result)) => result?,
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            },
            _ = moments.tick() => {
                watch(moment(&sum(&tallies), start.elapsed()));
            }
        }
    }
    Ok(Side {
        tally: sum(&tallies),
        took: start.elapsed(),
    })
}

async fn work(
    database: Database,
    sequence: Sequence,
    deadline: Instant,
    tally: Arc<Mutex<Tally>>,
) -> Result<(), plexidb::Error> {
    for (number, operation) in sequence.enumerate() {
        let start = Instant::now();
        if start >= deadline {
            break;
        }
        let (rows, retries) = run_operation(&database, &operation).await?;
        let latency = start.elapsed();
        let is_hit = rows.is_some_and(|rows| rows.source() == Source::L1);
        {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.record(operation.kind(), latency, is_hit);
            tally.retries += u64::from(retries);
        }
        if number % OPERATIONS_PER_TURN == OPERATIONS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

async fn run_operation(
    database: &Database,
    operation: &Operation,
) -> Result<(Option<Rows>, u32), plexidb::Error> {
    let mut retries = 0;
    loop {
        match operation.run(database).await {
            Ok(rows) => return Ok((rows, retries)),
            Err(error) if retries < RETRIES_MAX && is_worth_a_retry(&error) => retries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Whether the statement was rolled back only because of what others did at the same time.
fn is_worth_a_retry(error: &plexidb::Error) -> bool {
    /// Serialization failure and deadlock, of the standard and of PostgreSQL.
    const SQLSTATES: [&str; 2] = ["40001", "40P01"];
    error.driver().is_some_and(|error| {
        let sqlstate = error.sql_error().and_then(|error| error.sqlstate.as_deref());
        DriverError::kind(error) == ErrorKind::Locked
            || sqlstate.is_some_and(|state| SQLSTATES.contains(&state))
    })
}

fn moment(tally: &Tally, elapsed: Duration) -> Moment {
    let latencies = tally.latencies();
    Moment {
        elapsed,
        operations_per_second: tally.operations() as f64 / elapsed.as_secs_f64(),
        hit_ratio: tally.hit_ratio(),
        p50: latencies.percentile(50.0),
        p99: latencies.percentile(99.0),
    }
}

fn sum(tallies: &[Arc<Mutex<Tally>>]) -> Tally {
    let mut total = Tally::new();
    for tally in tallies {
        total.add(&tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
    total
}
