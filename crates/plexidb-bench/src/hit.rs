//! What a hit costs: `db.query` of a join that is cached, by the bare cache crate's `get` of a precomputed key.
//!
//! Invariant: all sides run in one process, in turns, over as many keys; every answer is looked at and dropped.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use plexidb::{Manager, Source, params};

mod bare;

use crate::figure::{Goal, Report};
use crate::paired::median;
use bare::{Numbers, Results};

const HIT_NS_MAX: f64 = 150.0;
const BY_BARE_MAX: f64 = 4.0;
const TWO_THREADS_MIN: f64 = 1.8;
/// Rows of each table, and results that are cached.
const KEYS: i64 = 1_000;
/// Visits all keys before any comes twice, in an order that no prefetcher knows: it has no factor in common with their number.
const STEP: i64 = 619;
/// A join of two tables that is pinned by a key; the joined row's key is taken from the result.
const SQL: &str = "SELECT m.id, m.body, u.id AS author, u.name FROM messages m JOIN users u ON u.id = m.user_id \
                   WHERE m.id = ?";

/// Calls of a round of one thread: less than a slice of the scheduler, so that most rounds run undisturbed.
const CALLS: usize = 2_000;
/// Calls of each of two threads at once: many enough that their start does not count.
const CALLS_AT_ONCE: usize = 100_000;
/// Calls of the bare crate in about the time of one hit.
const BARE_BY_LAYER: usize = 4;

/// Runs the benchmark.
pub(crate) async fn run(quick: bool) -> Result<Report> {
    let rounds = if quick { 201 } else { 1_001 };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hit.db");
    let db = plexidb::connect(&format!("sqlite:{}?mode=rwc", path.display())).await?;
    fill(&db).await?;
    let mut report = Report::default();
    for (keys, name) in [(1, "one key"), (KEYS, "1000 keys in turn")] {
        one_thread(&db, keys, name, rounds, &mut report).await?;
    }
    tokio::task::block_in_place(|| two_threads(&db, rounds / 10, &mut report))?;
    report.add("allocations of a hit", allocations(&db)?, "", Goal::AtMost(0.0));
    Ok(report)
}

/// Makes the tables and reads every key twice: the second answer must come from the cache.
async fn fill(db: &Manager) -> Result<()> {
    db.execute_script(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE messages (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), body TEXT NOT NULL)",
    )
    .await?;
    for id in 0..KEYS {
        let (name, body) = (format!("user {id}"), format!("the text of message {id}"));
        db.execute("INSERT INTO users VALUES (?, ?)", params![id, name])
            .await?;
        db.execute("INSERT INTO messages VALUES (?, ?, ?)", params![id, id, body])
            .await?;
    }
    for id in 0..KEYS {
        db.query(SQL, params![id]).await?;
        let rows = db.query(SQL, params![id]).await?;
        anyhow::ensure!(rows.source() == Source::L1, "message {id} is not cached");
        let row = rows.rows().first().context("no row")?;
        anyhow::ensure!(row.get::<i64>(0)? == id, "another row");
    }
    Ok(())
}

async fn one_thread(db: &Manager, keys: i64, name: &str, rounds: usize, report: &mut Report) -> Result<()> {
    let numbers = Numbers::new();
    let mut results = Results::new(db).await?;
    let results = results.keys();
    let bare_ns =
        || -> Result<[f64; 2]> { Ok([numbers.hit_ns(keys, CALLS), bare::hit_ns(&results, keys, CALLS)?]) };
    let mut costs = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let bare_first = (round % 2 == 0).then(bare_ns).transpose()?;
        let layer = layer_ns(db, keys, CALLS).await?;
        let [number, result] = bare_first.map_or_else(bare_ns, Ok)?;
        // The first round warms up.
        if round > 0 {
            costs.push([layer, number, result, layer / number, layer / result]);
        }
    }
    for (index, (figure, unit, goal)) in [
        ("L1 hit through db.query", "ns", Goal::AtMost(HIT_NS_MAX)),
        ("get of the bare cache crate under numbers", "ns", Goal::Stated),
        (
            "get of the bare cache crate under plexidb's keys",
            "ns",
            Goal::Stated,
        ),
        ("L1 hit by the bare get under numbers", "×", Goal::Stated),
        (
            "L1 hit by the bare get under plexidb's keys",
            "×",
            Goal::AtMost(BY_BARE_MAX),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let value = median(costs.iter().map(|cost| cost[index]));
        report.add(format!("{figure}, {name}"), value, unit, goal);
    }
    Ok(())
}

/// Hits a second of two threads at a time, by those of one; beside it what the machine has to give at that time, by a loop
/// whose threads share nothing.
fn two_threads(db: &Manager, rounds: usize, report: &mut Report) -> Result<()> {
    let mut gains = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let layer = at_once_ns(Some(db), 1)? / at_once_ns(Some(db), 2)?;
        let machine = at_once_ns(None, 1)? / at_once_ns(None, 2)?;
        if round > 0 {
            gains.push([layer, machine, layer / machine]);
        }
    }
    for (index, (figure, goal)) in [
        (
            "throughput of two threads by that of one, 1000 keys in turn",
            Goal::AtLeast(TWO_THREADS_MIN),
        ),
        ("the same of a loop that shares nothing", Goal::Stated),
        ("of what the machine has to give, two threads get", Goal::Stated),
    ]
    .into_iter()
    .enumerate()
    {
        report.add(figure, median(gains.iter().map(|gain| gain[index])), "×", goal);
    }
    Ok(())
}

/// The time from when so many threads start together until the last is done, by the number of all their calls: hits, or,
/// without a database, those of a cache for each thread.
fn at_once_ns(db: Option<&Manager>, threads: usize) -> Result<f64> {
    let runtime = tokio::runtime::Handle::current();
    let bare: Vec<Numbers> = (0..threads).map(|_| Numbers::new()).collect();
    let start = Barrier::new(threads + 1);
    let took = std::thread::scope(|scope| -> Result<Duration> {
        let running: Vec<_> = bare
            .iter()
            .map(|bare| {
                let (runtime, start) = (&runtime, &start);
                scope.spawn(move || {
                    start.wait();
                    match db {
                        Some(db) => runtime.block_on(layer_ns(db, KEYS, CALLS_AT_ONCE)),
                        None => Ok(bare.hit_ns(KEYS, CALLS_AT_ONCE * BARE_BY_LAYER)),
                    }
                })
            })
            .collect();
        start.wait();
        let started = Instant::now();
        for thread in running {
            thread.join().map_err(|_| anyhow!("a thread has panicked"))??;
        }
        Ok(started.elapsed())
    })?;
    Ok(took.as_nanos() as f64 / (threads * CALLS_AT_ONCE) as f64)
}

async fn layer_ns(db: &Manager, keys: i64, calls: usize) -> Result<f64> {
    let mut id = 0;
    let started = Instant::now();
    for _ in 0..calls {
        id = (id + STEP) % keys;
        black_box(db.query(SQL, params![id]).await?);
    }
    Ok(started.elapsed().as_nanos() as f64 / calls as f64)
}

/// Allocations by a hit: those of a thousand hits on this thread, less those of entering the runtime.
fn allocations(db: &Manager) -> Result<f64> {
    let idle = allocations_of(db, 0)?;
    let busy = allocations_of(db, KEYS)?;
    Ok(busy.saturating_sub(idle) as f64 / KEYS as f64)
}

fn allocations_of(db: &Manager, hits: i64) -> Result<u64> {
    let runtime = tokio::runtime::Handle::current();
    let mut outcome = Ok(());
    let counted = tokio::task::block_in_place(|| {
        allocation_counter::measure(|| {
            outcome = runtime.block_on(async {
                for id in 0..hits {
                    black_box(db.query(SQL, params![id]).await?);
                }
                Ok::<_, plexidb::Error>(())
            });
        })
    });
    outcome?;
    Ok(counted.count_total)
}
