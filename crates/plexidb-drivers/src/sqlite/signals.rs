//! What may stop a statement while SQLite runs it: cancellation, a lost caller, the wait for a lock, the bound of
//! an inline run.
//!
//! Invariant: once a write commits nothing stops it any more; before, only a cancellation does, or the bound of an inline run
//! by itself. All handlers run on the thread of the statement.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rusqlite::hooks::Action;

/// Virtual machine instructions between two looks at the signals: some 20 µs.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

/// Looks that an inline statement gets before it must go to a thread: about a millisecond of running.
const INLINE_LOOKS_MAX: u32 = 40;

/// The sleep before the second attempt for a lock, which doubles each time: most locks are held for one short commit.
const LOCK_SLEEP_MIN: Duration = Duration::from_micros(100);

/// The longest sleep between two attempts for a lock, so that a cancellation is noticed.
const LOCK_SLEEP_MAX: Duration = Duration::from_millis(25);

/// Flags between a connection's handle, its cancellers and its running statement.
///
/// All are hints that are looked at again and again: none orders other memory, hence `Relaxed`.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// A statement is under way, or on its way to a thread.
    is_running: AtomicBool,
    /// It runs on the caller's task, so it must neither sleep nor take long.
    is_inline: AtomicBool,
    /// It changes nothing, so it may be stopped without harm.
    is_read: AtomicBool,
    /// Stopped before it commits it has no effect, not even on a transaction around it.
    is_repeatable: AtomicBool,
    /// It has begun to commit. SQLite asks the progress handler also when a statement has ended, and would report one
    /// that has taken effect as interrupted.
    is_committing: AtomicBool,
    is_cancelled: AtomicBool,
    /// Nobody waits for it any more.
    is_abandoned: AtomicBool,
    /// An inline run was stopped since it needs a thread.
    has_overrun: AtomicBool,
    inline_looks: AtomicU32,
    /// How long it has slept for locks.
    lock_wait_ns: AtomicU64,
    /// A row was inserted into a table with rowids.
    has_inserted: AtomicBool,
}

impl Signals {
    /// A statement is about to run.
    pub(super) fn begin(&self, is_inline: bool) {
        self.is_cancelled.store(false, Relaxed);
        self.is_abandoned.store(false, Relaxed);
        self.has_overrun.store(false, Relaxed);
        self.is_read.store(false, Relaxed);
        self.is_repeatable.store(false, Relaxed);
        self.is_committing.store(false, Relaxed);
        self.is_inline.store(is_inline, Relaxed);
        self.inline_looks.store(0, Relaxed);
        self.lock_wait_ns.store(0, Relaxed);
        self.is_running.store(true, Relaxed);
    }

    /// What is known once it is prepared.
    pub(super) fn set_nature(&self, is_read: bool, is_repeatable: bool) {
        self.is_read.store(is_read, Relaxed);
        self.is_repeatable.store(is_repeatable, Relaxed);
    }

    /// The statement has ended.
    pub(super) fn end(&self) {
        self.is_running.store(false, Relaxed);
        self.is_inline.store(false, Relaxed);
    }

    /// Asks the running statement to stop; `false` where none runs.
    pub(super) fn cancel(&self) -> bool {
        let is_running = self.is_running.load(Relaxed);
        if is_running {
            self.is_cancelled.store(true, Relaxed);
        }
        is_running
    }

    /// Nobody waits for the running statement any more: a read stops, a write goes on.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Relaxed)
    }

    pub(super) fn has_overrun(&self) -> bool {
        self.has_overrun.load(Relaxed)
    }

    /// How long it has slept for locks.
    pub(super) fn lock_wait(&self) -> Duration {
        Duration::from_nanos(self.lock_wait_ns.load(Relaxed))
    }

    /// The statement runs for the next row of parameters: earlier insertions and commits are forgotten.
    pub(super) fn begin_row(&self) {
        self.has_inserted.store(false, Relaxed);
        self.is_committing.store(false, Relaxed);
    }

    /// Whether a row was inserted since [`begin_row`](Self::begin_row).
    pub(super) fn has_inserted(&self) -> bool {
        self.has_inserted.load(Relaxed)
    }

    /// Whether the statement is no longer wanted.
    fn is_unwanted(&self) -> bool {
        self.is_cancelled.load(Relaxed) || (self.is_abandoned.load(Relaxed) && self.is_read.load(Relaxed))
    }

    /// The progress handler: whether to stop.
    fn must_stop(&self) -> bool {
        if self.is_committing.load(Relaxed) {
            return false;
        }
        if self.is_unwanted() {
            return true;
        }
        if !self.is_inline.load(Relaxed) || !self.is_repeatable.load(Relaxed) {
            return false;
        }
        let must_stop = self.inline_looks.fetch_add(1, Relaxed) >= INLINE_LOOKS_MAX;
        if must_stop {
            self.has_overrun.store(true, Relaxed);
        }
        must_stop
    }

    /// The busy handler: sleeps and returns whether to try for the lock again.
    fn wait_for_lock(&self, attempt: i32, since: Instant, timeout: Duration) -> bool {
        if self.is_inline.load(Relaxed) {
            self.has_overrun.store(true, Relaxed);
            return false;
        }
        let Some(left) = timeout
            .checked_sub(since.elapsed())
            .filter(|left| !left.is_zero())
        else {
            return false;
        };
        if self.is_unwanted() {
            return false;
        }
        let sleep = (LOCK_SLEEP_MIN * (1 << attempt.clamp(0, 8))).min(LOCK_SLEEP_MAX);
        let start = Instant::now();
        std::thread::sleep(sleep.min(left));
        let slept_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.lock_wait_ns.fetch_add(slept_ns, Relaxed);
        true
    }

    /// Makes a connection heed these signals.
    pub(super) fn install(
        self: &std::sync::Arc<Self>,
        database: &mut rusqlite::Connection,
        lock_timeout: Duration,
    ) -> rusqlite::Result<()> {
        let signals = std::sync::Arc::clone(self);
        let mut since = Instant::now();
        database.busy_handler(Some(move |attempt| {
            if attempt == 0 {
                since = Instant::now();
            }
            signals.wait_for_lock(attempt, since, lock_timeout)
        }))?;
        let signals = std::sync::Arc::clone(self);
        database.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || signals.must_stop()))?;
        let signals = std::sync::Arc::clone(self);
        database.commit_hook(Some(move || {
            signals.is_committing.store(true, Relaxed);
            false
        }))?;
        let signals = std::sync::Arc::clone(self);
        database.update_hook(Some(
            move |action: Action, _database: &str, _table: &str, _rowid: i64| {
                if action == Action::SQLITE_INSERT {
                    signals.has_inserted.store(true, Relaxed);
                }
            },
        ))
    }
}
