//! A writer: it alone writes its pairs and its part of the ledger, one write at a time.
//!
//! Invariant: an update takes effect only on an older number, so that one that comes late changes nothing; an entry has nothing
//! that would keep it from being there twice.

use std::sync::Arc;
use std::time::Duration;

use plexidb::{Error, Executed, params};

use super::call::{bounded, fate, judge_failure};
use super::model::Fate;
use super::sql::{PAIRS, body, cells};
use super::tally::count;
use super::world::World;
use crate::coherence::{Abandoned, Dice};

/// Writers; each has an equal share of the pairs.
pub(super) const WRITERS: i64 = 4;
const PAUSE: Duration = Duration::from_millis(3);
/// Of a thousand writes, those whose future is dropped.
const DROPPED_PER_MILLE: u64 = 40;
/// Polls after which a future is dropped, at most.
const POLLS_MAX: u64 = 12;

/// A write that is about to be sent.
#[derive(Clone, Copy)]
enum Write {
    /// Both cells in one statement.
    Statement { pair: i64, seq: i64 },
    /// Both cells and an entry, in a transaction.
    Transaction { pair: i64, seq: i64, entry: i64 },
    /// An entry alone.
    Entry { entry: i64 },
}

/// Writes until the run is over.
pub(super) async fn run(world: Arc<World>, writer: i64) {
    let mut entries = 0;
    for operation in 0.. {
        if world.is_over() {
            return;
        }
        let mut dice = world.dice(writer as u64, operation);
        // Some pairs rest long enough for replicas to catch up and for the cache to keep them.
        let pair = writer + WRITERS * skewed_twice(&mut dice, PAIRS / WRITERS);
        let write = match dice.below(3) {
            0 => Write::Statement {
                pair,
                seq: world.model.send(pair),
            },
            kind => {
                entries += 1;
                match kind {
                    1 => Write::Transaction {
                        pair,
                        seq: world.model.send(pair),
                        entry: entries,
                    },
                    _ => Write::Entry { entry: entries },
                }
            }
        };
        let fate = make(&world, writer, write, &mut dice).await;
        match write {
            Write::Statement { pair, seq } => world.model.end_send(pair, seq, fate),
            Write::Transaction { pair, seq, entry } => {
                world.model.end_send(pair, seq, fate);
                world.model.note_entry(writer, entry, fate);
            }
            Write::Entry { entry } => world.model.note_entry(writer, entry, fate),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The smaller numbers are by far the likelier.
fn skewed_twice(dice: &mut Dice, bound: i64) -> i64 {
    let bound = dice.skewed(bound) + 1;
    dice.number(bound)
}

async fn make(world: &World, writer: i64, write: Write, dice: &mut Dice) -> Fate {
    let sending = send(world, writer, write);
    let outcome = if dice.per_mille(DROPPED_PER_MILLE) {
        let polls = 1 + dice.below(POLLS_MAX) as u32;
        bounded(&world.model, "a write", Abandoned::after(polls, sending)).await
    } else {
        bounded(&world.model, "a write", async { Some(sending.await) }).await
    };
    match outcome {
        Some(Some(Ok(()))) => {
            count(&world.tally.writes);
            Fate::Acknowledged
        }
        Some(Some(Err(fate))) => {
            count(match fate {
                Fate::Unknown => &world.tally.writes_unknown,
                _ => &world.tally.writes_failed,
            });
            fate
        }
        Some(None) => {
            count(&world.tally.writes_dropped);
            Fate::Unknown
        }
        None => Fate::Unknown,
    }
}

async fn send(world: &World, writer: i64, write: Write) -> Result<(), Fate> {
    let told = |error: Error| {
        judge_failure(&world.model, "a write", &error);
        error
    };
    match write {
        Write::Statement { pair, seq } => {
            let [first, second] = cells(pair);
            let (one, other) = (body(first, seq), body(second, seq));
            let values = params![seq, first, one, other, pair, seq];
            let executed = world.manager.execute(&world.sql.set_pair, values).await;
            let executed = executed.map_err(|error| fate(&told(error)))?;
            judge_rows(world, pair, &executed, 2);
        }
        Write::Entry { entry } => {
            let values = params![writer, entry];
            let executed = world.manager.execute(&world.sql.append, values).await;
            executed.map_err(|error| fate(&told(error)))?;
        }
        Write::Transaction { pair, seq, entry } => {
            // What fails before COMMIT is sent has no effect.
            let failed = |error| {
                told(error);
                Fate::Failed
            };
            let mut transaction = world.manager.begin().await.map_err(failed)?;
            for cell in cells(pair) {
                let text = body(cell, seq);
                let values = params![seq, text, cell, seq];
                let executed = transaction.execute(&world.sql.set_cell, values).await;
                judge_rows(world, pair, &executed.map_err(failed)?, 1);
            }
            let values = params![writer, entry];
            let executed = transaction.execute(&world.sql.append, values).await;
            executed.map_err(failed)?;
            transaction.commit().await.map_err(|error| fate(&told(error)))?;
        }
    }
    Ok(())
}

/// Nobody else writes these rows, and what comes late changes nothing.
fn judge_rows(world: &World, pair: i64, executed: &Executed, expected: u64) {
    if executed.rows_affected != expected {
        let changed = executed.rows_affected;
        world.model.violated(format!(
            "a write of pair {pair} changed {changed} rows, not {expected}"
        ));
    }
}
