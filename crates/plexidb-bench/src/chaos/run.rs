//! One run: workers and faults for a time, then the checks when all is quiet.
//!
//! Invariant: a run ends with its servers as it found them, so that another one may follow on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::{JoinSet, block_in_place};

use super::arena::Arena;
use super::call::CALL_MAX;
use super::episode::Kind;
use super::findings::ChaosFindings;
use super::world::World;
use super::{reader, settle, trouble, writer};

/// What a run does.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) length: Duration,
    /// The kinds of faults; all where there are none.
    pub(super) only: &'static [Kind],
    /// How long it may take at the end until all is quiet.
    pub(super) quiet_max: Duration,
}

/// Runs it.
pub(super) async fn run(arena: &Arc<Arena>, plan: Plan) -> Result<ChaosFindings> {
    block_in_place(|| arena.refill())?;
    let started = Instant::now();
    let manager = arena.connect().await?;
    let world = Arc::new(World::new(Arc::clone(arena), manager, &plan));
    let mut workers = JoinSet::new();
    for number in 0..writer::WRITERS {
        workers.spawn(writer::run(Arc::clone(&world), number));
    }
    for number in 0..reader::READERS {
        workers.spawn(reader::run(Arc::clone(&world), number));
    }
    let of_trouble = Arc::clone(&world);
    let until = started + plan.length;
    let making = tokio::task::spawn_blocking(move || trouble::make(&of_trouble, plan.only, until));
    let incidents = making.await.context("the faults")?;
    world.end();
    let joining = async {
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended {
                world.model.violated(format!("a worker panicked: {error}"));
            }
        }
    };
    if tokio::time::timeout(2 * CALL_MAX, joining).await.is_err() {
        world.model.violated("stuck: a worker does not end".to_owned());
    }
    workers.shutdown().await;
    let incidents = incidents?;
    settle::check(&world).await?;
    let counts = world.tally.counts();
    let world = Arc::into_inner(world).context("somebody still works")?;
    let violations = settle::close(world).await?;
    Ok(ChaosFindings::new(
        arena.product,
        plan.seed,
        counts,
        &incidents,
        violations,
        started.elapsed(),
    ))
}
