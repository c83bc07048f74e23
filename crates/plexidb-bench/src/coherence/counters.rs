//! Counters that any number of writers add one to at once.
//!
//! Invariant: a read is never less than the additions acknowledged before it began, or than what another read had returned
//! by then, and never more than those begun before it ended.

use std::sync::atomic::{AtomicI64, Ordering};

use plexidb::{Database, Dialect, Execution, Params, ToParam, ValueRef};

use super::dice::Dice;
use super::run_work::{self, Abandoned, Outcome, is_worth_a_retry};
use super::schema::COUNTERS;
use super::work::{Statement, Step, Work};

/// Attempts of an addition that meets locks.
const ATTEMPTS_MAX: u32 = 20;

#[derive(Debug, Default)]
struct Counter {
    begun: AtomicI64,
    acknowledged: AtomicI64,
    observed: AtomicI64,
}

/// All counters of one database.
#[derive(Debug, Default)]
pub(crate) struct Counters([Counter; COUNTERS as usize]);

/// What a read must lie between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) least: i64,
    pub(crate) most: i64,
}

impl Counters {
    /// The least that a read which begins now may return.
    pub(crate) fn least(&self, id: i64) -> i64 {
        let counter = &self.0[id as usize];
        let observed = counter.observed.load(Ordering::SeqCst);
        counter.acknowledged.load(Ordering::SeqCst).max(observed)
    }

    /// Judges a read that has ended and had to be `least`; `Err` tells the bounds.
    pub(crate) fn judge(&self, id: i64, least: i64, value: i64) -> Result<(), Bounds> {
        let counter = &self.0[id as usize];
        let most = counter.begun.load(Ordering::SeqCst);
        if value < least || value > most {
            return Err(Bounds { least, most });
        }
        counter.observed.fetch_max(value, Ordering::SeqCst);
        Ok(())
    }

    /// Adds one; whether it took effect.
    pub(crate) async fn add(
        &self,
        database: &Database,
        id: i64,
        dice: &mut Dice,
        polls: Option<u32>,
    ) -> Outcome {
        let work = addition(database.dialect(), id, dice);
        let counter = &self.0[id as usize];
        counter.begun.fetch_add(1, Ordering::SeqCst);
        let mut attempts = 1;
        loop {
            let run = run_work::run(database, &work, Execution::default());
            let outcome = match polls {
                Some(polls) => Abandoned::after(polls, run).await.unwrap_or(Outcome::Doubt),
                None => run.await,
            };
            match outcome {
                Outcome::Done => {
                    counter.acknowledged.fetch_add(1, Ordering::SeqCst);
                    return Outcome::Done;
                }
                Outcome::Nothing(error)
                    if attempts < ATTEMPTS_MAX && is_worth_a_retry(&error, database.dialect()) =>
                {
                    attempts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The database is quiet and holds this value.
    pub(crate) fn settle(&self, id: i64, value: i64) -> Result<(), Bounds> {
        self.judge(id, self.least(id), value)?;
        let counter = &self.0[id as usize];
        // What was in doubt and did not happen by now will not happen.
        for number in [&counter.begun, &counter.acknowledged, &counter.observed] {
            number.store(value, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn addition(dialect: Dialect, id: i64, dice: &mut Dice) -> Work {
    let update = "UPDATE counters SET n = n + 1 WHERE id = ?";
    let (sql, is_transaction) = match (dice.below(4), dialect) {
        (0, _) => (update, true),
        (1, Dialect::MySql) => (
            "INSERT INTO counters (id, n) VALUES (?, 0) ON DUPLICATE KEY UPDATE n = n + 1",
            false,
        ),
        (1, _) => (
            "INSERT INTO counters (id, n) VALUES (?, 0) ON CONFLICT (id) DO UPDATE SET n = counters.n + 1",
            false,
        ),
        _ => (update, false),
    };
    Work {
        steps: vec![Step::Run(Statement::new(dialect, sql, vec![id.into()]))],
        is_transaction,
        rolled_back: Vec::new(),
    }
}

/// Reads a counter through the layer; `None` where that failed.
pub(crate) async fn read(database: &Database, id: i64) -> Option<(i64, plexidb::Source)> {
    let sql = match database.dialect() {
        Dialect::Postgres => "SELECT n FROM counters WHERE id = $1",
        Dialect::Sqlite | Dialect::MySql => "SELECT n FROM counters WHERE id = ?",
    };
    let params: [ValueRef<'_>; 1] = [id.to_param()];
    let rows = database.query(sql, Params::Positional(&params)).await.ok()?;
    let value = rows.rows().first()?.get::<i64>(0).ok()?;
    Some((value, rows.source()))
}
