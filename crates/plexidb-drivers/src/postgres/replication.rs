//! The server's part in a replication: role, position in the log, lag.
//!
//! Invariant: what is told is never ahead of the truth. Of a primary the position is the end of what was inserted into the log,
//! flushed or not: an asynchronous commit is acknowledged before it is flushed. Of a replica it is read before its
//! timeline, which can only become later in between, and then reads as a position that the replica has reached on it too.

use std::time::Duration;

use plexidb_core::{DriverError, Position, ReplicationRole, ReplicationState};

use super::text_query::{TextResults, TextRow};

/// One round trip. Each question but the first may be refused (a role without the right, a server that resembles PostgreSQL);
/// what was answered before it counts.
///
/// 1. Role, and whether the session's transactions are read-only unless they say otherwise.
/// 2. A primary's place in its log, and the name of its file there, which begins with the timeline; sizes of the log's parts;
///    a replica's place, whether it has replayed what it has received, and the microseconds since the commit that it replayed last.
/// 3. Whether a receiver runs. Its state and timeline are told to members of `pg_read_all_stats` alone.
/// 4. A replica's timeline as its control file has it. It is never later than the true one, though up to
///    `checkpoint_timeout` behind it after a failover; until then such a replica covers no position of the new timeline.
pub(super) const QUESTIONS: &str = "\
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('default_transaction_read_only'); \
    SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn END, \
      CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END, \
      pg_catalog.current_setting('wal_block_size'), \
      pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')), \
      pg_catalog.pg_last_wal_replay_lsn() - '0/0'::pg_catalog.pg_lsn, \
      pg_catalog.pg_last_wal_replay_lsn() >= pg_catalog.pg_last_wal_receive_lsn(), \
      pg_catalog.trunc(extract(epoch FROM \
        pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::numeric * 1000000); \
    SELECT pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming', \
      CASE WHEN status = 'streaming' THEN received_tli END FROM pg_catalog.pg_stat_get_wal_receiver(); \
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN greatest( \
      (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()), \
      (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery())) END";

/// SQLSTATEs of a question that was not understood or not allowed: no right, not supported, no such function.
const REFUSALS: [&str; 4] = ["42501", "0A000", "42883", "42703"];

/// What an answer lacks that it must have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear;

/// Bytes of the header of a page of the log, and of the first page of a segment.
const PAGE_HEADER_BYTES: u64 = 24;
const SEGMENT_HEADER_BYTES: u64 = 40;

/// Whether the questions that came before this error are answer enough.
pub(super) fn is_refusal(error: &DriverError) -> bool {
    let sqlstate = error.sql_error().and_then(|error| error.sqlstate.as_deref());
    sqlstate.is_some_and(|sqlstate| REFUSALS.contains(&sqlstate))
}

/// The state that the answers to [`QUESTIONS`] describe.
pub(super) fn assemble(mut answers: TextResults) -> Result<ReplicationState, Unclear> {
    let mut row = |statement| Cells(answers.take(statement).into_iter().next().unwrap_or_default());
    let (role, log, receiver, control) = (row(0), row(1), row(2), row(3));
    let is_replica = role.flag(0).ok_or(Unclear)?;
    let is_read_only = role.text(1).ok_or(Unclear)? == "on";
    if !is_replica {
        return Ok(ReplicationState {
            position: primary_position(&log)?,
            ..ReplicationState::of_single(is_read_only)
        });
    }
    let timeline = match receiver.number(1)? {
        Some(timeline) => Some(timeline),
        None => control.number(0)?,
    };
    let position = match (timeline.map(u32::try_from), log.number(4)?) {
        (Some(Ok(timeline)), Some(lsn)) if timeline > 0 => Some(Position::from_wal_bytes(timeline, lsn)),
        _ => None,
    };
    Ok(ReplicationState {
        role: ReplicationRole::Replica,
        refuses_writes: true,
        position,
        replay_lag: replay_lag(&log, &receiver)?,
    })
}

fn primary_position(log: &Cells) -> Result<Option<Position>, Unclear> {
    let (Some(inserted), Some(file)) = (log.number(0)?, log.text(1)) else {
        return Ok(None);
    };
    let timeline = file.get(..8).ok_or(Unclear)?;
    let timeline = u32::from_str_radix(timeline, 16).map_err(|_| Unclear)?;
    let lsn = end_of_last_record(inserted, log.number(2)?, log.number(3)?);
    Ok(Some(Position::from_wal_bytes(timeline, lsn)))
}

/// Behind a record that fills its page, the place to insert is already behind the next page's header. A replica that has
/// replayed the record stands before that header, maybe for long.
fn end_of_last_record(inserted: u64, page_bytes: Option<u64>, segment_bytes: Option<u64>) -> u64 {
    let is_behind = |bytes: Option<u64>, header| {
        let place = bytes.and_then(|bytes| inserted.checked_rem(bytes));
        place == Some(header)
    };
    if is_behind(segment_bytes, SEGMENT_HEADER_BYTES) {
        inserted - SEGMENT_HEADER_BYTES
    } else if is_behind(page_bytes, PAGE_HEADER_BYTES) {
        inserted - PAGE_HEADER_BYTES
    } else {
        inserted
    }
}

fn replay_lag(log: &Cells, receiver: &Cells) -> Result<Option<Duration>, Unclear> {
    if log.flag(5) == Some(true) && receiver.flag(0) == Some(true) {
        return Ok(Some(Duration::ZERO));
    }
    // Where the primary's clock is ahead, the last commit was made in the future.
    let micros = log.text(6).map(|text| text.parse::<i64>().map_err(|_| Unclear));
    let micros = micros.transpose()?.map(|micros| micros.max(0).unsigned_abs());
    Ok(micros.map(Duration::from_micros))
}

/// One answer's cells.
struct Cells(TextRow);

impl Cells {
    fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    fn flag(&self, column: usize) -> Option<bool> {
        match self.text(column)? {
            "t" => Some(true),
            "f" => Some(false),
            _ => None,
        }
    }

    fn number(&self, column: usize) -> Result<Option<u64>, Unclear> {
        let number = self.text(column).map(str::parse);
        number.transpose().map_err(|_| Unclear)
    }
}

#[cfg(test)]
mod tests;
