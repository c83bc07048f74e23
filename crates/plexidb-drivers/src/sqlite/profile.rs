//! What a connection remembers of each statement beside SQLite's own prepared form: its kind, its columns, and how
//! long it runs.
//!
//! Invariant: columns are handed out only while the statement is the same preparation that they were read from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Column, RowSetBuilder};

use super::keyword::Kind;

#[cfg(test)]
mod tests;

/// Below this mean running time a statement runs inline: a hop to a thread and back costs about 50 µs.
const QUICK_MAX: Duration = Duration::from_micros(200);

/// Of this many inline runs one is timed: reading the clock twice costs some percent of a point read.
const INLINE_RUNS_PER_TIMING: u32 = 8;

/// The largest size of a last result for which the next one gets its room in advance.
const ROOM_BYTES_MAX: usize = 1 << 16;

/// What is known of one statement.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) kind: Kind,
    /// Columns, and how often SQLite had prepared the statement anew when they were read.
    pub(super) columns: Option<(Arc<[Column]>, i32)>,
    /// Mean running time, the latest run weighing as much as all before it; `None` before the first.
    mean: Option<Duration>,
    inline_runs: u32,
    /// Rows and bytes of the last result, as room for the next.
    room: (usize, usize),
    used_at: u64,
}

impl Profile {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            columns: None,
            mean: None,
            inline_runs: 0,
            room: (0, 0),
            used_at: 0,
        }
    }

    /// Whether it is known to be quick: never before its first run.
    pub(super) fn is_quick(&self) -> bool {
        self.mean.is_some_and(|mean| mean < QUICK_MAX)
    }

    /// Counts an inline run, and says whether to time it. A run that is not timed is still bounded by
    /// [`Signals`](super::signals::Signals).
    pub(super) fn is_inline_run_timed(&mut self) -> bool {
        self.inline_runs = self.inline_runs.wrapping_add(1);
        self.inline_runs.is_multiple_of(INLINE_RUNS_PER_TIMING)
    }

    /// An empty result with room for one like the last.
    pub(super) fn builder(&self, columns: Arc<[Column]>) -> RowSetBuilder {
        let (rows, bytes) = self.room;
        RowSetBuilder::with_capacity(columns, rows, bytes)
    }

    /// Notes how large a result was.
    pub(super) fn record_result(&mut self, rows: usize, bytes: usize) {
        self.room = if bytes <= ROOM_BYTES_MAX {
            (rows, bytes.next_multiple_of(16))
        } else {
            (0, 0)
        };
    }

    /// Notes how long it ran. One slow run sends it to a thread for the next few.
    pub(super) fn record(&mut self, duration: Duration) {
        self.mean = Some(self.mean.map_or(duration, |mean| (mean + duration) / 2));
    }
}

/// The profiles of a connection, by the statement's text; bounded like the cache of prepared statements.
#[derive(Debug)]
pub(super) struct Profiles {
    by_sql: HashMap<Box<str>, Profile>,
    capacity: usize,
    clock: u64,
}

impl Profiles {
    /// Room for `capacity` statements, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            by_sql: HashMap::new(),
            capacity: capacity.max(1),
            clock: 0,
        }
    }

    pub(super) fn get_mut(&mut self, sql: &str) -> Option<&mut Profile> {
        let profile = self.by_sql.get_mut(sql)?;
        self.clock += 1;
        profile.used_at = self.clock;
        Some(profile)
    }

    /// Enters a statement, in place of the one that was used longest ago where there is no more room.
    pub(super) fn insert(&mut self, sql: &str, profile: Profile) -> &mut Profile {
        if self.by_sql.len() >= self.capacity {
            // A scan of some hundred entries takes less than the preparation that led here.
            let oldest = self.by_sql.iter().min_by_key(|(_, profile)| profile.used_at);
            if let Some(oldest) = oldest.map(|(sql, _)| sql.clone()) {
                self.by_sql.remove(&oldest);
            }
        }
        self.clock += 1;
        let entry = self.by_sql.entry(sql.into()).or_insert(profile);
        entry.used_at = self.clock;
        entry
    }
}
