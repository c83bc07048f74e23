//! A hit in memory in strict mode, which looks at the lease, by one in local mode, which does not.
//!
//! Invariant: both run on one thread in turns over the same keys, and both have all results in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plexidb::{Coherence, Manager, Source, params};

use super::member::{Member, Terms, close_all};
use super::{SERVING_PATIENCE, Site};
use crate::figure::{Goal, Report};
use crate::paired::median;

const BY_LOCAL_MAX: f64 = 1.1;
const KEYS: i64 = 1_000;
/// It has no factor in common with their number.
const STEP: i64 = 619;
const CALLS: usize = 2_000;
const SQL: &str = "SELECT m.id, m.body, u.id AS author, u.name FROM notes m JOIN authors u ON u.id = m.author_id WHERE m.id = $1";
const TABLES: [&str; 4] = [
    "CREATE TABLE authors (id BIGINT PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE notes (id BIGINT PRIMARY KEY, author_id BIGINT NOT NULL REFERENCES authors (id), body TEXT NOT NULL)",
    "INSERT INTO authors SELECT n, 'user ' || n FROM generate_series(0, 999) AS n",
    "INSERT INTO notes SELECT n, n, 'the text of note ' || n FROM generate_series(0, 999) AS n",
];

pub(super) async fn run(site: &Site<'_>, rounds: usize, report: &mut Report) -> Result<()> {
    let local = Member::open(site, &Terms::of(Coherence::Local, "lease")).await?;
    for sql in TABLES {
        local.manager().execute(sql, params![]).await?;
    }
    // A second one of the same kind tells what the comparison itself is worth.
    let again = Member::open(site, &Terms::of(Coherence::Local, "lease")).await?;
    let strict = Member::open_many(site, &Terms::of(Coherence::Strict, "lease"), 1).await?;
    let members: Vec<Member> = [local, again].into_iter().chain(strict).collect();
    for member in &members {
        fill(member.manager()).await?;
    }
    for (keys, name) in [(1, "one key"), (KEYS, "1000 keys in turn")] {
        let mut costs = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let mut cost = [0.0; 3];
            for turn in 0..members.len() {
                let index = (turn + round) % members.len();
                cost[index] = hit_ns(members[index].manager(), keys).await?;
            }
            // The first round warms up.
            if round > 0 {
                costs.push(cost);
            }
        }
        let of = |value: fn(&[f64; 3]) -> f64| median(costs.iter().map(value));
        let mut add = |figure: &str, value, unit, goal| {
            report.add(format!("L1 hit, {name}: {figure}"), value, unit, goal);
        };
        add("local", of(|cost| cost[0]), "ns", Goal::Stated);
        add("strict", of(|cost| cost[2]), "ns", Goal::Stated);
        add(
            "strict by local",
            of(|cost| cost[2] / cost[0]),
            "×",
            Goal::AtMost(BY_LOCAL_MAX),
        );
        add(
            "local by another local",
            of(|cost| cost[1] / cost[0]),
            "×",
            Goal::Stated,
        );
    }
    close_all(members).await
}

async fn fill(manager: &Manager) -> Result<()> {
    let begun = Instant::now();
    for id in 0..KEYS {
        loop {
            let rows = manager.query(SQL, params![id]).await?;
            let row = rows.rows().first().context("no row")?;
            ensure!(row.get::<i64>(0)? == id, "another row");
            if rows.source() == Source::L1 {
                break;
            }
            ensure!(begun.elapsed() < SERVING_PATIENCE, "note {id} is not cached");
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }
    Ok(())
}

/// Nanoseconds of a hit. A lease that was over would show: a read over the network is a thousand times as long.
async fn hit_ns(manager: &Manager, keys: i64) -> Result<f64> {
    let mut id = 0;
    let started = Instant::now();
    for _ in 0..CALLS {
        id = (id + STEP) % keys;
        black_box(manager.query(SQL, params![id]).await?);
    }
    Ok(started.elapsed().as_nanos() as f64 / CALLS as f64)
}
