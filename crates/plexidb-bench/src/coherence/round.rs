//! A round: workers read and write side by side, something goes wrong on purpose, and then all is quiet and compared.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result};
use plexidb::{Database, Manager};
use tokio::task::JoinSet;

use super::counters::Counters;
use super::plan::{Plan, Trouble};
use super::settle;
use super::shape::Shapes;
use super::site::Site;
use super::tally::Tally;
use super::trouble;
use super::violation::Violation;
use super::worker;
use super::world::World;

/// Workers side by side.
pub(crate) const WORKERS: u64 = 12;
/// Violations after which a round ends.
const VIOLATIONS_MAX: usize = 3;

/// What a run keeps from round to round.
pub(crate) struct Bench {
    pub(crate) site: Site,
    pub(crate) world: World,
    pub(crate) counters: Counters,
    pub(crate) shapes: Shapes,
}

/// What the tasks of a round share.
pub(crate) struct Round {
    pub(crate) bench: Arc<Bench>,
    pub(crate) database: Database,
    pub(crate) plan: Plan,
    /// The shapes to read by.
    pub(crate) choice: Vec<usize>,
    /// Operations made so far.
    pub(crate) made: AtomicU64,
    is_over: AtomicBool,
    violations: Mutex<Vec<Violation>>,
}

impl Round {
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self, violation: Violation) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        violations.push(violation);
        if violations.len() >= VIOLATIONS_MAX {
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// The command that runs this round again.
    pub(crate) fn again(&self) -> String {
        let Plan { seed, number, .. } = self.plan;
        let product = self.bench.site.product.option();
        format!(
            "cargo xtask bench coherence --database {product} --seed {seed} --replay {number} (the same operations; they meet in \
             another order each time)"
        )
    }
}

/// Runs a round and compares everything afterwards.
pub(crate) async fn run(bench: &Arc<Bench>, plan: Plan) -> Result<(Tally, Vec<Violation>)> {
    let started = Instant::now();
    let needs_proxy = matches!(plan.trouble, Trouble::Resets | Trouble::Delays | Trouble::Outage);
    let manager: Manager = bench.site.connect(needs_proxy).await?;
    let round = Arc::new(Round {
        bench: Arc::clone(bench),
        database: manager.databases().first().context("no database")?.clone(),
        choice: plan.choose(bench.shapes.of_families(&plan.families)),
        plan,
        made: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        violations: Mutex::new(Vec::new()),
    });
    let mut tasks = JoinSet::new();
    for number in 0..WORKERS {
        tasks.spawn(worker::work(Arc::clone(&round), number));
    }
    let troubles = tokio::spawn(trouble::make(Arc::clone(&round)));
    let mut tally = Tally {
        rounds: 1,
        ..Tally::default()
    };
    while let Some(ended) = tasks.join_next().await {
        tally.add(&ended?);
    }
    round.is_over.store(true, Ordering::Relaxed);
    tally.add(&troubles.await??);
    if round
        .violations
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_empty()
    {
        settle::settle(&round, &manager, &mut tally).await?;
    }
    manager.close().await;
    let mut violations = round.violations.lock().unwrap_or_else(PoisonError::into_inner);
    tally.took(started.elapsed());
    Ok((tally, std::mem::take(&mut violations)))
}
