//! What the workers of a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plexidb::Manager;

use super::arena::Arena;
use super::model::Model;
use super::run::Plan;
use super::sql::Sql;
use super::tally::Tally;
use crate::coherence::Dice;

/// What the workers of a run share.
pub(super) struct World {
    pub(super) arena: Arc<Arena>,
    pub(super) manager: Manager,
    pub(super) sql: Sql,
    pub(super) model: Model,
    pub(super) tally: Tally,
    pub(super) seed: u64,
    /// How long it may take at the end until all is quiet.
    pub(super) quiet_max: Duration,
    is_over: AtomicBool,
}

impl World {
    pub(super) fn new(arena: Arc<Arena>, manager: Manager, plan: &Plan) -> Self {
        Self {
            sql: Sql::new(arena.product),
            arena,
            manager,
            model: Model::new(),
            tally: Tally::default(),
            seed: plan.seed,
            quiet_max: plan.quiet_max,
            is_over: AtomicBool::new(false),
        }
    }

    /// The dice of one operation of one worker.
    pub(super) fn dice(&self, worker: u64, operation: u64) -> Dice {
        Dice::at(self.seed, worker, operation)
    }

    /// Tells the workers to end.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Whether the workers are to end. A violation ends the run.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst) || self.model.is_violated()
    }
}
