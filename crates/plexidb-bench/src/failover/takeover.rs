//! Another server takes the writes: the primary was killed, or refuses them since a planned switchover.
//!
//! Invariant: time counts from when the new primary takes a write that it is asked for directly. No acknowledged write is lost by
//! the servers themselves: a commit waits for a replica, and the replica that has received the most is promoted.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb_bench::{Fleet, Product};
use tokio::task::block_in_place;

use super::bare::{Pooled, Reconnecting};
use super::client::{Layer, script};
use super::load::Load;
use super::probe;

/// How long the load runs before anything happens, and after writes have resumed.
const LEAD: Duration = Duration::from_secs(1);
/// How long clients are watched that do not resume.
const WATCHED: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How the old primary goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// It is killed, and the promotion comes so much later.
    Killed(Duration),
    /// It refuses writes; its connections stay open.
    SwitchedOver,
}

/// What one client saw.
pub(super) struct Seen {
    pub(super) name: &'static str,
    /// From the promotion to the first acknowledged write; `None` where there was none while it was watched.
    pub(super) resumed_after: Option<Duration>,
    pub(super) acknowledged: usize,
    pub(super) failed_writes: usize,
    pub(super) failed_reads: usize,
    pub(super) lost: usize,
    pub(super) unseen: u64,
    pub(super) stuck: usize,
    pub(super) failures: Vec<String>,
}

/// One takeover, seen by all clients at once; plexidb is the first.
pub(super) async fn run(product: Product, replicas: usize, departure: Departure) -> Result<Vec<Seen>> {
    let fleet = block_in_place(|| Fleet::start(product, replicas, &script(product)))?;
    let fleet = Arc::new(fleet);
    block_in_place(|| fleet.confirm_commits(0, true))?;
    let mut loads = vec![Load::begin(Layer::connect(&fleet).await?, 1)];
    if product == Product::Postgres {
        loads.push(Load::begin(Reconnecting::new(&fleet)?, 2));
        loads.push(Load::begin(Pooled::new(&fleet)?, 3));
    }
    tokio::time::sleep(LEAD).await;
    let began = Instant::now();
    let (promoting, promoted, primary) = take_over(&fleet, departure).await?;
    let is_waited_for = |load: &&Load| load.journal.first_write_after(promoting).is_none();
    while loads.iter().any(|load| is_waited_for(&load)) && promoted.elapsed() < WATCHED {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    tokio::time::sleep(LEAD).await;
    let watched_until = Instant::now();
    let mut seen = Vec::new();
    for load in loads {
        let name = load.name;
        let (journal, stuck) = load.end().await;
        let (acknowledged, failed_writes) = journal.writes();
        let reads = journal.reads_between(began, watched_until);
        let there = block_in_place(|| ledger(&fleet, primary))?;
        seen.push(Seen {
            name,
            resumed_after: journal
                .first_write_after(promoting)
                .map(|resumed| resumed.saturating_duration_since(promoted)),
            acknowledged,
            failed_writes,
            failed_reads: reads.iter().filter(|read| !read.is_ok).count(),
            lost: journal.lost(&there),
            unseen: journal.unseen.load(std::sync::atomic::Ordering::Relaxed),
            stuck,
            failures: journal.failures(),
        });
    }
    Ok(seen)
}

/// Returns when the promotion was ordered, when the new primary took a write, and which node it is.
async fn take_over(fleet: &Arc<Fleet>, departure: Departure) -> Result<(Instant, Instant, usize)> {
    let replicas: Vec<usize> = (1..fleet.nodes()).collect();
    match departure {
        Departure::Killed(outage) => {
            block_in_place(|| fleet.kill(0))?;
            tokio::time::sleep(outage).await;
            block_in_place(|| fleet.wait_until_detached(&replicas))?;
        }
        Departure::SwitchedOver => block_in_place(|| fleet.refuse_writes(0))?,
    }
    let next = block_in_place(|| fleet.most_advanced(&replicas))?;
    if departure == Departure::SwitchedOver {
        block_in_place(|| fleet.catch_up(next, 0))?;
    }
    let probing = tokio::spawn(probe::until_it_writes(Arc::clone(fleet), next));
    let promoting = Instant::now();
    block_in_place(|| fleet.promote(next))?;
    let promoted = probing.await.context("the probe")??;
    Ok((promoting, promoted, next))
}

fn ledger(fleet: &Fleet, node: usize) -> Result<HashSet<(i64, i64)>> {
    let text = fleet.administer(node, "SELECT concat(writer, ' ', seq) FROM ledger")?;
    text.lines()
        .map(|line| {
            let (writer, seq) = line.split_once(' ').context("a line of the ledger")?;
            Ok((writer.parse()?, seq.parse()?))
        })
        .collect()
}
