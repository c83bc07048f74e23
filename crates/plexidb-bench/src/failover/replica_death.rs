//! A replica dies, or freezes, under readers and comes back.
//!
//! Invariant: the primary and the other servers are well all the time, so that no read has a reason to fail.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plexidb_bench::{Fleet, Product};
use tokio::task::block_in_place;

use super::bare::{Pooled, Reconnecting};
use super::client::{Layer, script};
use super::load::Load;

const LEAD: Duration = Duration::from_secs(1);
/// How long readers are watched without the replica.
const WATCHED: Duration = Duration::from_secs(3);
/// How long is waited for the replica to serve again.
const RETURN_PATIENCE: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// The replica that dies.
const VICTIM: usize = 1;

/// What one client saw.
pub(super) struct Seen {
    pub(super) name: &'static str,
    pub(super) reads: usize,
    pub(super) failed: usize,
    /// The longest that a read took that was under way when the replica died, or was made later.
    pub(super) stall: Duration,
    /// From when the replica answered again to when it served a read; `None` where that cannot be told, or did not happen.
    pub(super) serves_after: Option<Duration>,
    pub(super) unseen: u64,
    pub(super) stuck: usize,
    pub(super) failures: Vec<String>,
}

/// One death, seen by all clients at once; plexidb is the first.
pub(super) async fn run(product: Product, replicas: usize) -> Result<Vec<Seen>> {
    let fleet = block_in_place(|| Fleet::start(product, replicas, &script(product)))?;
    let port = fleet.port(VICTIM)?;
    let mut loads = vec![Load::begin(Layer::connect(&fleet).await?, 1)];
    if product == Product::Postgres {
        loads.push(Load::begin(Reconnecting::new(&fleet)?, 2));
        loads.push(Load::begin(Pooled::new(&fleet)?, 3));
    }
    let began = Instant::now();
    let journal = &loads[0].journal;
    while journal.first_read_of(port, began).is_none() {
        ensure!(began.elapsed() < RETURN_PATIENCE, "the replica serves no reads");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    tokio::time::sleep(LEAD).await;

    let died = Instant::now();
    block_in_place(|| fleet.kill(VICTIM))?;
    tokio::time::sleep(WATCHED).await;
    block_in_place(|| fleet.start_again(VICTIM))?;
    let back = Instant::now();
    while journal.first_read_of(port, back).is_none() && back.elapsed() < RETURN_PATIENCE {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let served = journal.first_read_of(port, back);
    tokio::time::sleep(LEAD).await;
    let until = Instant::now();
    let mut seen = Vec::new();
    for (number, load) in loads.into_iter().enumerate() {
        let name = load.name;
        let (journal, stuck) = load.end().await;
        let reads = journal.reads_between(died, until);
        seen.push(Seen {
            name,
            reads: reads.len(),
            failed: reads.iter().filter(|read| !read.is_ok).count(),
            stall: reads.iter().map(|read| read.took()).max().unwrap_or_default(),
            serves_after: served.filter(|_| number == 0).map(|served| served - back),
            unseen: journal.unseen.load(std::sync::atomic::Ordering::Relaxed),
            stuck,
            failures: journal.failures(),
        });
    }
    Ok(seen)
}
