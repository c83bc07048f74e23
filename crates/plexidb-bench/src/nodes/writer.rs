//! A writer of a node: one pair or two at once, by a statement or in a transaction, in competition with those of all nodes.
//!
//! Invariant: both cells of a pair get the same number, and so do both pairs of one write.

use std::sync::Arc;
use std::time::Duration;

use plexidb::{Error, params};

use super::call::{bounded, tell_failure};
use super::clock;
use super::event::{Event, Fate};
use super::node::{Node, tell};
use super::sql::{PAIRS, cells};
use crate::coherence::Dice;

/// Writers of a node.
pub(super) const WRITERS: u64 = 2;
/// Between two writes, at most.
const PAUSE_MAX_MS: u64 = 60;
/// Rows of a pair.
const CELLS: u64 = 2;

/// Writes until the process ends.
pub(super) async fn run(node: Arc<Node>, writer: u64) {
    for operation in 0.. {
        let mut dice = node.dice(writer, operation);
        {
            let _passed = node.gate.read().await;
            write(&node, &mut dice).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(PAUSE_MAX_MS))).await;
    }
}

async fn write(node: &Node, dice: &mut Dice) {
    // The smaller ones are the likelier, so that some rest long enough for results to be kept.
    let pair = dice.skewed(PAIRS as i64) as usize;
    let other = (pair + 1 + dice.below(PAIRS as u64 - 1) as usize) % PAIRS;
    let pairs = if dice.per_mille(300) {
        vec![pair.min(other), pair.max(other)]
    } else {
        vec![pair]
    };
    let is_transaction = dice.per_mille(400);
    let (number, start) = (node.numbers.next(), clock::now());
    tell(&Event::Begun {
        number,
        pairs: pairs.clone(),
        start,
    });
    let unannounced = node.unannounced();
    let sending = async {
        if is_transaction {
            in_transaction(node, number, &pairs).await
        } else {
            by_statement(node, number, &pairs).await
        }
    };
    let fates = match bounded("a write", start, sending).await {
        Some(Ok(fates)) => fates,
        Some(Err((fate, error))) => {
            tell_failure(true, start, &error);
            vec![fate; pairs.len()]
        }
        None => vec![Fate::Unknown; pairs.len()],
    };
    tell(&Event::Ended {
        number,
        fates,
        start,
        end: clock::now(),
        is_unannounced: node.unannounced() != unannounced,
    });
}

/// With what an error says of the write.
type Failed = (Fate, Error);

fn failed(error: Error) -> Failed {
    let fate = match error.driver() {
        Some(error) if error.outcome_is_unknown() => Fate::Unknown,
        _ => Fate::Void,
    };
    (fate, error)
}

async fn by_statement(node: &Node, number: i64, pairs: &[usize]) -> Result<Vec<Fate>, Failed> {
    let (manager, sql) = (&node.manager, &node.sql);
    let executed = match *pairs {
        [pair, other] => {
            let (pair, other) = (pair as i64, other as i64);
            let values = params![number, pair, other, number];
            manager.execute(&sql.set_two_pairs, values).await
        }
        _ => {
            let pair = pairs.first().copied().unwrap_or_default() as i64;
            let values = params![number, pair, number];
            manager.execute(&sql.set_pair, values).await
        }
    };
    let changed = executed.map_err(failed)?.rows_affected;
    let all = CELLS * pairs.len() as u64;
    let fate = match changed {
        0 => Fate::Void,
        changed if changed == all => Fate::Written,
        // One of two pairs, and it is not told which.
        CELLS => Fate::Unknown,
        changed => {
            tell(&Event::Wrong(format!(
                "a write of {} pairs changed {changed} rows",
                pairs.len()
            )));
            Fate::Unknown
        }
    };
    Ok(vec![fate; pairs.len()])
}

async fn in_transaction(node: &Node, number: i64, pairs: &[usize]) -> Result<Vec<Fate>, Failed> {
    // What fails before COMMIT is sent has no effect.
    let before = |error| (Fate::Void, error);
    let mut transaction = node.manager.begin().await.map_err(before)?;
    let mut fates = Vec::new();
    for pair in pairs {
        let mut changed = 0;
        for cell in cells(*pair) {
            let cell = cell as i64;
            let values = params![number, cell, number];
            let executed = transaction.execute(&node.sql.set_cell, values).await;
            changed += executed.map_err(before)?.rows_affected;
        }
        fates.push(match changed {
            0 => Fate::Void,
            CELLS => Fate::Written,
            changed => {
                tell(&Event::Wrong(format!("a pair changed in {changed} rows")));
                Fate::Unknown
            }
        });
    }
    transaction.commit().await.map_err(failed)?;
    Ok(fates)
}
