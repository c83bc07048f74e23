//! A reader: points, pairs, large results and streams, some of them past the cache, some of them dropped or cancelled.
//!
//! Invariant: each row is checked for being of the read that asked for it, and a strict read for showing what was acknowledged before
//! it began.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plexidb::{Error, Replicas, Row, RowStream, Rows, Source, params};

use super::call::{bounded, judge_failure};
use super::sql::{BLOB_BYTES, BLOBS, PAIRS, body, cells, letter};
use super::tally::count;
use super::world::World;
use crate::coherence::{Abandoned, Dice};

/// Readers.
pub(super) const READERS: u64 = 6;
/// The first reader's number among all workers.
const FIRST: u64 = 1_000;
const PAUSE: Duration = Duration::from_millis(2);
const DROPPED_PER_MILLE: u64 = 40;
const POLLS_MAX: u64 = 10;
/// How old a replica may be that serves a read which does not ask for more.
const LAG_MAX: Duration = Duration::from_secs(60);
/// How long a statement takes that is to be cancelled, as its text has it.
const SLEEP: Duration = Duration::from_secs(1);
/// When it is cancelled.
const CANCEL_AFTER: Duration = Duration::from_millis(30);

/// Reads until the run is over.
pub(super) async fn run(world: Arc<World>, reader: u64) {
    for operation in 0.. {
        if world.is_over() {
            return;
        }
        let mut dice = world.dice(FIRST + reader, operation);
        let tag = (reader << 40 | operation) as i64;
        let is_dropped = dice.per_mille(DROPPED_PER_MILLE);
        let polls = 1 + dice.below(POLLS_MAX) as u32;
        let reading = read(&world, &mut dice, tag);
        let outcome = if is_dropped {
            bounded(&world.model, "a read", Abandoned::after(polls, reading)).await
        } else {
            bounded(&world.model, "a read", async { Some(reading.await) }).await
        };
        match outcome {
            Some(Some(Ok(()))) => count(&world.tally.reads),
            Some(Some(Err(error))) => {
                count(&world.tally.reads_failed);
                judge_failure(&world.model, "a read", &error);
            }
            Some(None) => count(&world.tally.reads_dropped),
            None => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read(world: &World, dice: &mut Dice, tag: i64) -> Result<(), Error> {
    let pair = dice.number(PAIRS);
    let cell = cells(pair)[dice.below(2) as usize];
    let acknowledged = world.model.acknowledged(pair);
    let (manager, sql) = (&world.manager, &world.sql);
    match dice.below(100) {
        0..30 => {
            let rows = manager.query(&sql.pair, params![pair]).await?;
            judge_pair(world, "a read", pair, acknowledged, &rows, None)
        }
        30..55 => {
            let rows = manager.query(&sql.cell, params![cell]).await?;
            note_source(world, &rows);
            judge_cell(world, "a read", pair, acknowledged, &rows, (cell, None))
        }
        55..75 => {
            let select = manager.select(&sql.cell_tagged).bind(tag).bind(cell);
            let rows = select.replicas(Replicas::Strict).no_cache().fetch().await?;
            note_source(world, &rows);
            judge_cell(
                world,
                "a strict read",
                pair,
                acknowledged,
                &rows,
                (cell, Some(tag)),
            )
        }
        75..90 => {
            let select = manager.select(&sql.pair_tagged).bind(tag).bind(pair);
            let rows = select.replicas(Replicas::Strict).no_cache().fetch().await?;
            judge_pair(world, "a strict read", pair, acknowledged, &rows, Some(tag))
        }
        90..94 => {
            let select = manager.select(&sql.pair_tagged).bind(tag).bind(pair);
            let rows = select.replicas(Replicas::Lag(LAG_MAX)).no_cache().fetch().await?;
            judge_pair(world, "a lagging read", pair, 0, &rows, Some(tag))
        }
        94..97 => {
            let rows = manager.select(&sql.blobs).no_cache().fetch().await?;
            judge_blobs(world, rows.rows().iter())
        }
        97..99 => stream(world, dice.below(BLOBS as u64)).await,
        _ => cancel(world, cell).await,
    }
}

fn note_source(world: &World, rows: &Rows) {
    if rows.source() == Source::L1 {
        count(&world.tally.hits);
    }
    let primary = world.arena.proxies[world.arena.primary()].address();
    if rows.endpoint().is_some_and(|server| !server.contains(&primary)) {
        count(&world.tally.of_replicas);
    }
}

fn judge_pair(
    world: &World,
    what: &str,
    pair: i64,
    acknowledged: i64,
    rows: &Rows,
    tag: Option<i64>,
) -> Result<(), Error> {
    note_source(world, rows);
    let [first, second] = rows.rows() else {
        let found = rows.len();
        world
            .model
            .violated(format!("{what} of pair {pair} has {found} rows, not 2"));
        return Ok(());
    };
    let mut numbers = [0; 2];
    for ((row, cell), number) in [first, second].into_iter().zip(cells(pair)).zip(&mut numbers) {
        *number = judge_row(world, what, cell, row, tag)?;
    }
    if numbers[0] != numbers[1] {
        world.model.violated(format!(
            "{what} of pair {pair} shows half a write: {} and {}",
            numbers[0], numbers[1]
        ));
    }
    world.model.judge(what, pair, acknowledged, numbers[0]);
    Ok(())
}

fn judge_cell(
    world: &World,
    what: &str,
    pair: i64,
    acknowledged: i64,
    rows: &Rows,
    (cell, tag): (i64, Option<i64>),
) -> Result<(), Error> {
    let [row] = rows.rows() else {
        let found = rows.len();
        world
            .model
            .violated(format!("{what} of cell {cell} has {found} rows, not 1"));
        return Ok(());
    };
    let seq = judge_row(world, what, cell, row, tag)?;
    world.model.judge(what, pair, acknowledged, seq);
    Ok(())
}

/// Whether a row is the cell's, and whole. Returns its number.
fn judge_row(world: &World, what: &str, cell: i64, row: &Row, tag: Option<i64>) -> Result<i64, Error> {
    let (id, seq, text): (i64, i64, &str) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let tag_found: Option<i64> = match tag {
        Some(_) => Some(row.get(3)?),
        None => None,
    };
    if id != cell || text != body(cell, seq) || tag_found != tag {
        world.model.violated(format!(
            "{what} of cell {cell}, tag {tag:?}, got a row of another read: {id}, {seq}, {text:?}, {tag_found:?}"
        ));
    }
    Ok(seq)
}

fn judge_blobs<'a>(world: &World, rows: impl Iterator<Item = &'a Row>) -> Result<(), Error> {
    let mut found = 0;
    for row in rows {
        judge_blob(world, found, row)?;
        found += 1;
    }
    if found != BLOBS {
        world
            .model
            .violated(format!("a result has {found} blobs, not {BLOBS}"));
    }
    Ok(())
}

fn judge_blob(world: &World, blob: i64, row: &Row) -> Result<(), Error> {
    let (id, text): (i64, &str) = (row.get(0)?, row.get(1)?);
    if id != blob || text.len() != BLOB_BYTES || !text.chars().all(|found| found == letter(blob)) {
        world
            .model
            .violated(format!("blob {blob} came as {id} of {} bytes", text.len()));
    }
    Ok(())
}

/// Reads a stream up to a row, and leaves it there.
async fn stream(world: &World, rows: u64) -> Result<(), Error> {
    let mut stream: RowStream = world.manager.stream(&world.sql.blobs, params![]).await?;
    for blob in 0..rows as i64 {
        match stream.next().await? {
            Some(row) => judge_blob(world, blob, &row)?,
            None => {
                world.model.violated(format!("a stream ended at blob {blob}"));
                break;
            }
        }
    }
    count(&world.tally.streams);
    Ok(())
}

/// Runs a statement that cannot end in time.
async fn cancel(world: &World, cell: i64) -> Result<(), Error> {
    let select = world.manager.select(&world.sql.sleep).bind(cell).no_cache();
    let started = Instant::now();
    match select.timeout(CANCEL_AFTER).fetch().await {
        // It goes on where the server cannot be told; and of one that is interrupted MariaDB may say so as a result.
        Ok(rows) => {
            let took = started.elapsed();
            let is_interrupted = rows.rows().first().is_some_and(|row| row.get::<i64>(1) == Ok(1));
            if took < SLEEP && !is_interrupted {
                world.model.violated(format!(
                    "a sleep of {SLEEP:?} at {:?} ended well after {took:?}: {:?}",
                    rows.endpoint(),
                    rows.rows()
                ));
            }
        }
        Err(error) => {
            judge_failure(&world.model, "a statement that was to be cancelled", &error);
            count(&world.tally.cancelled);
        }
    }
    Ok(())
}
