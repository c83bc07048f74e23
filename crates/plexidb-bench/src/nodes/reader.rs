//! A reader of a node: cells, pairs, two pairs and all of them, most through the cache.

use std::sync::Arc;
use std::time::Duration;

use plexidb::{Error, RowError, Rows, Source, params};

use super::call::{bounded, tell_failure};
use super::clock;
use super::event::{Answerer, Event};
use super::node::{Node, tell};
use super::sql::{PAIRS, cells};
use crate::coherence::Dice;

/// Readers of a node.
pub(super) const READERS: u64 = 4;
/// The first reader's number among all workers.
const FIRST: u64 = 1_000;
/// Between two reads, at most.
const PAUSE_MAX_US: u64 = 20_000;

/// Reads until the process ends.
pub(super) async fn run(node: Arc<Node>, reader: u64) {
    for operation in 0.. {
        let mut dice = node.dice(FIRST + reader, operation);
        {
            let _passed = node.gate.read().await;
            let start = clock::now();
            let answer = bounded("a read", start, read(&node, &mut dice)).await;
            let end = clock::now();
            match answer {
                Some(Ok(rows)) => tell(&match cells_of(&rows) {
                    Ok(cells) => Event::Read {
                        cells,
                        start,
                        end,
                        by: answerer(rows.source()),
                    },
                    Err(error) => Event::Wrong(format!("rows that cannot be read: {error}")),
                }),
                Some(Err(error)) => tell_failure(false, start, &error),
                None => {}
            }
        }
        tokio::time::sleep(Duration::from_micros(dice.below(PAUSE_MAX_US))).await;
    }
}

async fn read(node: &Node, dice: &mut Dice) -> Result<Rows, Error> {
    let pair = dice.below(PAIRS as u64) as usize;
    let other = (pair + 1 + dice.below(PAIRS as u64 - 1) as usize) % PAIRS;
    let cell = cells(pair)[dice.below(2) as usize];
    let (manager, sql) = (&node.manager, &node.sql);
    match dice.below(100) {
        0..45 => manager.query(&sql.cell, params![cell as i64]).await,
        45..75 => manager.query(&sql.pair, params![pair as i64]).await,
        75..87 => {
            // Few different ones, so that some are asked for again.
            let other = (pair ^ 1) as i64;
            manager.query(&sql.two_pairs, params![pair as i64, other]).await
        }
        87..93 => manager.query(&sql.all, params![]).await,
        93..95 => {
            let select = manager.select(&sql.two_pairs);
            select
                .bind(pair as i64)
                .bind(other as i64)
                .no_cache()
                .fetch()
                .await
        }
        _ => {
            let select = manager.select(&sql.pair).bind(pair as i64);
            select.no_cache().fetch().await
        }
    }
}

fn answerer(source: Source) -> Answerer {
    match source {
        Source::L1 => Answerer::L1,
        Source::L2 => Answerer::L2,
        Source::Coalesced => Answerer::Coalesced,
        _ => Answerer::Database,
    }
}

/// The cells of a result with their numbers.
pub(super) fn cells_of(rows: &Rows) -> Result<Vec<(usize, i64)>, RowError> {
    rows.rows()
        .iter()
        .map(|row| Ok((row.get::<i64>(0)? as usize, row.get(1)?)))
        .collect()
}
