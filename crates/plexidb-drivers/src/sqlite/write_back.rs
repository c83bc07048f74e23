//! Writes the WAL back to the database's file (a checkpoint) on a thread, so that no commit has to.
//!
//! Invariant: one checkpoint at a time, and the WAL stays bounded under writers that never pause: where they are faster than
//! the disk, the rest is written back while they wait.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use tokio::runtime::Handle;

use super::open::open_to_write_back;
use super::settings::Settings;

/// Pages in the WAL at which it is written back: as SQLite's own default.
const PAGES_TO_START: i32 = 1_000;

/// Pages from which on writers wait until the checkpoint beside them has ended.
const PAGES_TO_HOLD_WRITERS: i32 = 4_000;

/// Passes over the WAL in one checkpoint: from the second on without writers, but one that was under way may still add to it.
const PASSES_MAX: u32 = 4;

/// What the connections of one connector know of their WAL. Hints, that order no other memory.
pub(super) struct WriteBack {
    settings: Arc<Settings>,
    is_running: AtomicBool,
    /// Pages in the WAL after the latest commit.
    pages: AtomicI32,
    /// Pages at which the next checkpoint starts.
    next_at: AtomicI32,
    /// Writers wait at the gate.
    are_writers_held: AtomicBool,
    gate: Mutex<()>,
    /// The next commit begins the WAL anew, for which SQLite waits for the disk.
    is_restart_due: AtomicBool,
}

/// A checkpoint that is under way, or that will never run since its runtime has ended.
struct Running(Arc<WriteBack>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Relaxed);
    }
}

impl WriteBack {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            is_running: AtomicBool::new(false),
            pages: AtomicI32::new(0),
            next_at: AtomicI32::new(PAGES_TO_START),
            are_writers_held: AtomicBool::new(false),
            gate: Mutex::new(()),
            is_restart_due: AtomicBool::new(true),
        }
    }

    /// Whether the next commit is likely to wait for the disk: for that of the WAL's new beginning, or for a checkpoint.
    /// Another process may begin the WAL anew as well, which nothing tells in advance.
    pub(super) fn is_wait_due(&self) -> bool {
        self.is_restart_due.load(Relaxed) || self.are_writers_held.load(Relaxed)
    }

    /// Waits on the present thread while writers are held: for the checkpoint of some thousand pages at the most.
    pub(super) fn pass_gate(&self) {
        if self.are_writers_held.load(Relaxed) {
            let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have been closed again just when the checkpoint ended.
            self.are_writers_held.store(false, Relaxed);
            drop(gate);
        }
    }

    /// Makes a connection tell of its commits. This takes the place of SQLite's own automatic checkpoints, which the
    /// committing statement would wait for.
    pub(super) fn install(
        self: &Arc<Self>,
        database: &mut Connection,
        runtime: &Handle,
    ) -> rusqlite::Result<()> {
        let (write_back, runtime) = (Arc::clone(self), runtime.clone());
        database.wal_hook(Some(move |wal: &mut Wal, pages| {
            if wal.name() == MAIN_DB {
                write_back.after_commit(pages, &runtime);
            }
            Ok(())
        }))
    }

    fn after_commit(self: &Arc<Self>, pages: i32, runtime: &Handle) {
        self.is_restart_due.store(false, Relaxed);
        self.pages.store(pages, Relaxed);
        if pages < self.next_at.load(Relaxed) {
            return;
        }
        if self.is_running.swap(true, Relaxed) {
            if pages >= PAGES_TO_HOLD_WRITERS {
                self.are_writers_held.store(true, Relaxed);
            }
            return;
        }
        let running = Running(Arc::clone(self));
        runtime.spawn_blocking(move || running.0.run());
    }

    fn run(&self) {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let is_emptied = self.attempt().unwrap_or_else(|error| {
            tracing::debug!(target = self.settings.target(), %error, "the WAL was not written back");
            false
        });
        self.is_restart_due.store(is_emptied, Relaxed);
        // Where readers of an older state, or writers, have kept it from being emptied, it is tried again when it has grown.
        let pages_left = if is_emptied { 0 } else { self.pages.load(Relaxed) };
        self.next_at
            .store(pages_left.saturating_add(PAGES_TO_START), Relaxed);
        self.are_writers_held.store(false, Relaxed);
        drop(gate);
    }

    /// Writes back what is there; `true` where that was all, so that the next commit begins the WAL anew.
    fn attempt(&self) -> rusqlite::Result<bool> {
        // A connection of its own each time: one that is kept would be the last to close, on whichever thread.
        let database = open_to_write_back(&self.settings)?;
        for _ in 0..PASSES_MAX {
            // It waits neither for readers nor for writers, and does not make them wait.
            let (pages, written) = database.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
            let pages_now = self.pages.load(Relaxed);
            if pages == written && pages_now <= written {
                return Ok(true);
            }
            if pages != written || pages_now < PAGES_TO_HOLD_WRITERS {
                break;
            }
            // Writers are faster than the disk.
            self.are_writers_held.store(true, Relaxed);
        }
        Ok(false)
    }
}
