//! Which writes and commits of a connection may run on the caller's task.
//!
//! Invariant: one that may has few pages to write and waits neither for the disk nor, beyond one attempt, for a lock.

use std::sync::Arc;

use plexidb_core::ValueRef;
use rusqlite::{Connection, TransactionState};

use super::write_back::WriteBack;

/// Rows that a transaction may have changed, triggers' and cascades' among them, for its commit to run inline.
const CHANGES_MAX: u64 = 256;

/// Bytes of texts and blobs among the parameters of an inline write.
const PARAMETER_BYTES_MAX: usize = 1 << 16;

/// What is known of a connection's commits.
pub(super) struct Commits {
    /// A commit of a few pages waits for no disk: it goes to memory, or to a WAL that is not flushed at each commit.
    is_quick: bool,
    /// Where there is a WAL.
    write_back: Option<Arc<WriteBack>>,
    /// SQLite's count of changes when the latest transaction began inline.
    changes_at_start: u64,
    /// All of its statements so far ran inline.
    is_all_inline: bool,
}

impl Commits {
    pub(super) fn new(is_quick: bool, write_back: Option<Arc<WriteBack>>) -> Self {
        Self {
            is_quick,
            write_back,
            changes_at_start: 0,
            is_all_inline: false,
        }
    }

    /// A transaction begins inline.
    pub(super) fn begin(&mut self, database: &Connection) {
        self.changes_at_start = database.total_changes();
        self.is_all_inline = true;
    }

    /// A statement that is no read is about to run on a thread: it may change any number of rows, of which SQLite does not
    /// count all. It waits where writers are held.
    pub(super) fn leave_inline(&mut self, database: &Connection) {
        self.is_all_inline = false;
        if let Some(write_back) = &self.write_back
            && !holds_write_lock(database)
        {
            write_back.pass_gate();
        }
    }

    /// From now on commits may be of another kind than at the start.
    pub(super) fn distrust(&mut self) {
        self.is_quick = false;
    }

    /// Whether one attempt for the write lock may be made inline.
    pub(super) fn may_lock(&self) -> bool {
        self.is_quick && !self.is_wait_due()
    }

    /// Whether a quick write may run inline.
    pub(super) fn may_write(&self, database: &Connection, params: &[ValueRef<'_>]) -> bool {
        // A transaction that holds the write lock writes to its page cache until it commits.
        let is_allowed = self.may_lock() || !database.is_autocommit() && holds_write_lock(database);
        is_allowed && params.iter().map(byte_len).sum::<usize>() <= PARAMETER_BYTES_MAX
    }

    /// Whether the end of the transaction may run inline.
    pub(super) fn may_end(&self, database: &Connection) -> bool {
        let is_small = || {
            self.is_all_inline
                && database.total_changes().saturating_sub(self.changes_at_start) <= CHANGES_MAX
        };
        !holds_write_lock(database) || self.may_lock() && is_small()
    }

    fn is_wait_due(&self) -> bool {
        self.write_back
            .as_ref()
            .is_some_and(|write_back| write_back.is_wait_due())
    }
}

fn holds_write_lock(database: &Connection) -> bool {
    matches!(
        database.transaction_state(rusqlite::DEFAULT_NAME),
        Ok(TransactionState::Write)
    )
}

fn byte_len(value: &ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Decimal(text) | ValueRef::Other(text) => {
            text.len()
        }
        ValueRef::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
