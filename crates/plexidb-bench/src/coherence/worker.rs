//! A worker: reads and writes by its dice, one after the other, and judges what it reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plexidb::{Error, Execution, KeyLearning, Params, Rows, Source, ValueRef};

use super::counters;
use super::dice::Dice;
use super::fact::{tuple, tuples};
use super::plan::Trouble;
use super::round::{Round, WORKERS};
use super::run_work::{self, Abandoned, Outcome, is_worth_a_retry};
use super::schema::COUNTERS;
use super::shape::Read;
use super::tally::Tally;
use super::unit::{self, Family, UnitId};
use super::violation::Violation;
use super::work::{Work, list};
use super::world::{Span, Verdict};

/// Attempts of a write that meets locks.
const ATTEMPTS_MAX: u32 = 12;
/// Units that a write looks for a turn at.
const TURNS_MAX: u32 = 4;
/// A worker whose reads all hit never waits: it lets the others run after so many operations.
const OPERATIONS_PER_TURN: u64 = 16;
/// How long a worker pauses after an error, so that a server that is away does not use its operations up.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(4);
/// Reads that are made up after a write was lost sight of, of which those of its unit are made.
const TRIES_AT_ONCE: u32 = 60;
/// Polls after which a future is dropped at the latest.
const POLLS_MAX: i64 = 12;
/// Futures that are dropped, in a thousand.
const DROPPED_READS: u64 = 40;
const DROPPED_WRITES: u64 = 150;

/// Makes the worker's share of the round's operations.
pub(crate) async fn work(round: Arc<Round>, number: u64) -> Tally {
    let mut worker = Worker {
        round,
        tally: Tally::default(),
    };
    let operations = worker.round.plan.operations / WORKERS;
    for operation in 0..operations {
        if worker.round.is_over() {
            break;
        }
        let mut dice = worker.round.plan.dice(number, operation);
        worker.operate(&mut dice).await;
        worker.round.made.fetch_add(1, Ordering::Relaxed);
        if operation % OPERATIONS_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
    worker.tally
}

struct Worker {
    round: Arc<Round>,
    tally: Tally,
}

impl Worker {
    async fn operate(&mut self, dice: &mut Dice) {
        let is_crowded = self.round.plan.trouble == Trouble::Crowd;
        if dice.per_mille(if is_crowded { 300 } else { 20 }) {
            self.count(dice).await;
        } else if dice.per_mille(self.round.plan.writes_per_mille) {
            self.write(dice).await;
        } else {
            self.read(dice).await;
        }
    }

    /// After how many polls to drop the future, if at all.
    fn polls(&self, dice: &mut Dice, often: u64) -> Option<u32> {
        let often = match self.round.plan.trouble {
            Trouble::DroppedFutures => often,
            // Few of them meet a lock.
            Trouble::Outage => 3 * often,
            _ => return None,
        };
        // A future that was never polled has sent nothing.
        dice.per_mille(often).then(|| 1 + dice.skewed(POLLS_MAX) as u32)
    }

    fn timeout(&self, dice: &mut Dice) -> Option<Duration> {
        let wanted = self.round.plan.trouble == Trouble::Timeouts && dice.per_mille(80);
        wanted.then(|| Duration::from_micros(50 + dice.below(2_000)))
    }

    async fn read(&mut self, dice: &mut Dice) {
        let shape = dice.pick(&self.round.choice);
        let read = self.round.bench.shapes.read(shape, dice);
        self.run_read(read, dice).await;
    }

    /// Reads a unit whose last write was lost sight of, while it may still take effect.
    async fn read_at_once(&mut self, unit: UnitId, dice: &mut Dice) {
        for _ in 0..TRIES_AT_ONCE {
            let shape = dice.pick(&self.round.choice);
            let read = self.round.bench.shapes.read(shape, dice);
            if self.round.bench.shapes.all[shape].is_about(unit, &read.numbers) {
                self.run_read(read, dice).await;
            }
        }
    }

    async fn run_read(&mut self, read: Read, dice: &mut Dice) {
        let round = Arc::clone(&self.round);
        let shape = read.shape;
        let execution = Execution {
            timeout: self.timeout(dice),
            ..Execution::default()
        };
        let polls = self.polls(dice, DROPPED_READS);
        let params: Vec<ValueRef<'_>> = read.params.iter().map(|value| value.as_ref()).collect();
        let sql = &round.bench.shapes.texts[shape];
        let clock = &round.bench.world.clock;
        let start = clock.tick();
        let query = round
            .database
            .query_with(sql, Params::Positional(&params), execution);
        let result = match polls {
            None => Some(query.await),
            Some(polls) => Abandoned::after(polls, query).await,
        };
        let end = clock.tick();
        match result {
            None => self.tally.dropped_reads += 1,
            Some(Err(error)) => self.failed_read(&error, sql).await,
            Some(Ok(rows)) => self.judge(&read, &rows, Span { start, end }),
        }
    }

    fn judge(&mut self, read: &Read, rows: &Rows, span: Span) {
        let bench = &self.round.bench;
        let shape = bench.shapes.all[read.shape];
        let found = tuples(rows).map(|mut found| {
            found.sort_unstable();
            found
        });
        let verdict = match &found {
            Some(found) => bench.world.judge(shape, &read.numbers, found, span),
            None => Verdict::Wrong(Vec::new()),
        };
        match verdict {
            Verdict::Unknown => {
                self.tally.unjudged += 1;
                return;
            }
            Verdict::Right => {}
            Verdict::Wrong(expected) => self.round.report(Violation {
                what: format!(
                    "{}: \"{}\" can never have been so",
                    bench.site.product, shape.name
                ),
                statement: format!("{} {}", shape.sql, list(&read.params)),
                source: rows.source().to_string(),
                span,
                found: found.unwrap_or_default(),
                expected,
                writes: bench.world.around(shape, &read.numbers, span),
                again: self.round.again(),
            }),
        }
        self.count_source(rows.source());
    }

    fn count_source(&mut self, source: Source) {
        match source {
            Source::L1 => self.tally.hits += 1,
            Source::Database => self.tally.fetched += 1,
            _ => self.tally.coalesced += 1,
        }
    }

    async fn write(&mut self, dice: &mut Dice) {
        let round = Arc::clone(&self.round);
        for _ in 0..TURNS_MAX {
            let mut family = dice.pick(&round.plan.families);
            if family == Family::Gauge && !dice.per_mille(40) {
                family = round.plan.families[0];
            }
            let index = dice.skewed(family.units() as i64) as usize;
            let unit = UnitId { family, index };
            let Some(last) = round.bench.world.history(unit).take_turn() else {
                continue;
            };
            let (facts, work) = unit::next(
                unit,
                last.number + 1,
                &last.facts,
                round.plan.seed,
                round.database.dialect(),
            );
            if work.steps.is_empty() {
                round.bench.world.history(unit).pass_turn();
                continue;
            }
            self.make(unit, facts.into(), Arc::new(work), dice).await;
            return;
        }
    }

    async fn make(
        &mut self,
        unit: UnitId,
        facts: Arc<[super::fact::Fact]>,
        work: Arc<Work>,
        dice: &mut Dice,
    ) {
        let round = Arc::clone(&self.round);
        let history = round.bench.world.history(unit);
        let execution = Execution {
            timeout: self.timeout(dice),
            key_learning: dice.pick(&[
                None,
                None,
                Some(KeyLearning::Never),
                Some(KeyLearning::OneTrip),
                Some(KeyLearning::TwoTrips),
            ]),
            ..Execution::default()
        };
        let polls = self.polls(dice, DROPPED_WRITES);
        let clock = &round.bench.world.clock;
        history.begin(facts, Arc::clone(&work), clock.tick());
        let mut attempts = 1;
        loop {
            let run = run_work::run(&round.database, &work, execution);
            let outcome = match polls {
                None => run.await,
                Some(polls) => Abandoned::after(polls, run).await.unwrap_or(Outcome::Doubt),
            };
            match outcome {
                Outcome::Done => {
                    history.acknowledge(clock.tick());
                    self.tally.writes += 1;
                }
                Outcome::Doubt => {
                    history.doubt();
                    self.tally.doubts += 1;
                    self.read_at_once(unit, dice).await;
                }
                Outcome::Nothing(error)
                    if attempts < ATTEMPTS_MAX && is_worth_a_retry(&error, round.database.dialect()) =>
                {
                    attempts += 1;
                    continue;
                }
                Outcome::Nothing(error) => {
                    history.undo();
                    self.tally.failed_writes += 1;
                    self.unexpected(&error, &work.to_string());
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
            return;
        }
    }

    /// Adds to a counter, or reads one.
    async fn count(&mut self, dice: &mut Dice) {
        let round = Arc::clone(&self.round);
        let id = match round.plan.trouble {
            Trouble::Crowd => 0,
            _ => dice.number(COUNTERS),
        };
        if dice.per_mille(round.plan.writes_per_mille) {
            let polls = self.polls(dice, DROPPED_WRITES);
            let outcome = round.bench.counters.add(&round.database, id, dice, polls).await;
            self.count_outcome(outcome);
            return;
        }
        let least = round.bench.counters.least(id);
        let start = round.bench.world.clock.tick();
        let Some((value, source)) = counters::read(&round.database, id).await else {
            self.tally.failed_reads += 1;
            return;
        };
        let end = round.bench.world.clock.tick();
        self.count_source(source);
        if let Err(bounds) = round.bench.counters.judge(id, least, value) {
            round.report(Violation {
                what: format!(
                    "{}: counter {id} is {value}, but must lie between {} and {}",
                    round.bench.site.product, bounds.least, bounds.most
                ),
                statement: format!("SELECT n FROM counters WHERE id = {id}"),
                source: source.to_string(),
                span: Span { start, end },
                found: vec![tuple(&[value])],
                expected: vec![tuple(&[bounds.most])],
                writes: Vec::new(),
                again: round.again(),
            });
        }
    }

    fn count_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Done => self.tally.writes += 1,
            Outcome::Doubt => self.tally.doubts += 1,
            Outcome::Nothing(error) => {
                self.tally.failed_writes += 1;
                self.unexpected(&error, "an addition to a counter");
            }
        }
    }

    async fn failed_read(&mut self, error: &Error, sql: &str) {
        self.tally.failed_reads += 1;
        self.unexpected(error, sql);
        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
    }

    fn unexpected(&mut self, error: &Error, what: &str) {
        let is_expected = !matches!(
            self.round.plan.trouble,
            Trouble::Nothing | Trouble::Crowd | Trouble::Delays
        ) || is_worth_a_retry(error, self.round.database.dialect());
        if !is_expected && self.tally.unexpected.is_none() {
            self.tally.unexpected = Some(format!("{error}: {what}"));
        }
    }
}
