//! How often a node serves what is not true any more: reads in a quiet window, each once as a user makes it and once past the cache.
//!
//! Invariant: nothing is written meanwhile and all that was written has been acknowledged, so that two answers which differ show a stale one.

use anyhow::{Context as _, Result};
use plexidb::{Database, Execution, Rows, Source};
use plexidb_workloads::chat::Sequence;

/// What a quiet window has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Reads that were made.
    pub(super) reads: u64,
    /// Those that a cache answered.
    pub(super) cached: u64,
    /// Those of them that were stale.
    pub(super) stale: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.reads += other.reads;
        self.cached += other.cached;
        self.stale += other.stale;
    }
}

/// Makes so many reads of a sequence, which may hold no writes.
pub(super) async fn look(database: &Database, reads: &mut Sequence, count: usize) -> Result<Seen> {
    let past_the_cache = Execution {
        no_cache: true,
        ..Execution::default()
    };
    let mut seen = Seen::default();
    for operation in reads.take(count) {
        seen.reads += 1;
        let answer = operation.run(database).await?.context("it is no read")?;
        if answer.source() == Source::Database {
            continue;
        }
        seen.cached += 1;
        let truth = operation.run_with(database, past_the_cache).await?;
        seen.stale += u64::from(lines(&answer) != lines(&truth.context("it is no read")?));
    }
    Ok(seen)
}

/// The rows in an order of their own: most statements ask for none.
fn lines(rows: &Rows) -> Vec<String> {
    let mut lines: Vec<String> = rows
        .into_iter()
        .map(|row| format!("{:?}", row.values().collect::<Vec<_>>()))
        .collect();
    lines.sort_unstable();
    lines
}
