//! What a hit costs: `db.query` of a join that is cached, by the bare cache crate's `get` of a precomputed key.
//!
//! Invariant: all sides run in one process, in turns, over as many keys; every answer is looked at and dropped.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use plexidb::{Manager, Source, params};
use quick_cache::sync::Cache;

use crate::figure::{Goal, Report};
use crate::paired::median;

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
const CALLS_AT_ONCE: usize = 40_000;

/// Runs the benchmark.
pub(crate) async fn run(quick: bool) -> Result<Report> {
    let rounds = if quick { 201 } else { 1_001 };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hit.db");
    let db = plexidb::connect(&format!("sqlite:{}?mode=rwc", path.display())).await?;
    fill(&db).await?;
    let bare = bare();
    let mut report = Report::default();
    for (keys, name) in [(1, "one key"), (KEYS, "1000 keys in turn")] {
        one_thread(&db, &bare, keys, name, rounds, &mut report).await?;
    }
    two_threads(&db, rounds / 10, &mut report).await?;
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

/// The bare crate with its own hasher, under numbers: the least that a key can be. A hit clones one reference.
fn bare() -> Cache<u64, Arc<[u8]>> {
    let cache = Cache::new(64 << 10);
    for id in 0..KEYS as u64 {
        cache.insert(id, Arc::from(id.to_le_bytes()));
    }
    cache
}

async fn one_thread(
    db: &Manager,
    bare: &Cache<u64, Arc<[u8]>>,
    keys: i64,
    name: &str,
    rounds: usize,
    report: &mut Report,
) -> Result<()> {
    let mut costs = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let bare_first = (round % 2 == 0).then(|| bare_ns(bare, keys, CALLS));
        let layer = layer_ns(db, keys, CALLS).await?;
        let bare = bare_first.unwrap_or_else(|| bare_ns(bare, keys, CALLS));
        // The first round warms up.
        if round > 0 {
            costs.push((layer, bare));
        }
    }
    report.add(
        format!("L1 hit through db.query, {name}"),
        median(costs.iter().map(|cost| cost.0)),
        "ns",
        Goal::AtMost(HIT_NS_MAX),
    );
    report.add(
        format!("get of the bare cache crate, {name}"),
        median(costs.iter().map(|cost| cost.1)),
        "ns",
        Goal::Stated,
    );
    report.add(
        format!("L1 hit by the bare get, {name}"),
        median(costs.iter().map(|cost| cost.0 / cost.1)),
        "×",
        Goal::AtMost(BY_BARE_MAX),
    );
    Ok(())
}

/// Hits a second of two tasks at a time, by those of one.
async fn two_threads(db: &Manager, rounds: usize, report: &mut Report) -> Result<()> {
    let mut gains = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let one = at_once_ns(db, 1, CALLS_AT_ONCE).await?;
        let two = at_once_ns(db, 2, CALLS_AT_ONCE).await?;
        if round > 0 {
            gains.push(one / two);
        }
    }
    report.add(
        "throughput of two threads by that of one, 1000 keys in turn",
        median(gains.into_iter()),
        "×",
        Goal::AtLeast(TWO_THREADS_MIN),
    );
    Ok(())
}

/// The time by the number of all tasks' calls.
async fn at_once_ns(db: &Manager, tasks: usize, calls: usize) -> Result<f64> {
    let started = Instant::now();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { layer_ns(&db, KEYS, calls).await })
        })
        .collect();
    for handle in handles {
        handle.await??;
    }
    Ok(started.elapsed().as_nanos() as f64 / (tasks * calls) as f64)
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

fn bare_ns(bare: &Cache<u64, Arc<[u8]>>, keys: i64, calls: usize) -> f64 {
    let mut id = 0;
    let started = Instant::now();
    for _ in 0..calls {
        id = (id + STEP) % keys;
        black_box(bare.get(&(id as u64)));
    }
    started.elapsed().as_nanos() as f64 / calls as f64
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
