//! What must be true: of each pair of cells what was acknowledged and what was sent, of each entry of the ledger its fate.
//!
//! Invariant: a number is noted as sent before its write is, and as acknowledged when its call has returned; a read compares itself
//! with what was acknowledged before it began.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::sql::PAIRS;

/// Violations that are told in full.
const VIOLATIONS_KEPT_MAX: usize = 20;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Acknowledged,
    /// It has had no effect and will have none.
    Failed,
    Unknown,
}

/// What must be true.
pub(super) struct Model {
    pairs: Vec<Pair>,
    entries: Mutex<HashMap<(i64, i64), Fate>>,
    violations: Mutex<Vec<String>>,
    is_violated: AtomicBool,
    /// Milliseconds from the start to the last acknowledged write.
    last_write_ms: AtomicI64,
    started: Instant,
}

#[derive(Default)]
struct Pair {
    acknowledged: AtomicI64,
    sent: AtomicI64,
    failed: Mutex<HashSet<i64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under the lock is whole at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            pairs: (0..PAIRS).map(|_| Pair::default()).collect(),
            entries: Mutex::default(),
            violations: Mutex::default(),
            is_violated: AtomicBool::new(false),
            last_write_ms: AtomicI64::new(0),
            started: Instant::now(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes that something is not as it must be.
    pub(super) fn violated(&self, what: String) {
        let mut violations = locked(&self.violations);
        if violations.len() < VIOLATIONS_KEPT_MAX {
            violations.push(format!("after {:.3} s: {what}", self.elapsed().as_secs_f64()));
        }
        self.is_violated.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_violated(&self) -> bool {
        self.is_violated.load(Ordering::SeqCst)
    }

    pub(super) fn violations(&self) -> Vec<String> {
        locked(&self.violations).clone()
    }

    /// How long after the start a write was acknowledged last.
    pub(super) fn last_write(&self) -> Duration {
        Duration::from_millis(self.last_write_ms.load(Ordering::SeqCst).unsigned_abs())
    }

    fn note_write(&self) {
        let now_ms = self.elapsed().as_millis() as i64;
        self.last_write_ms.fetch_max(now_ms, Ordering::SeqCst);
    }

    fn pair(&self, pair: i64) -> &Pair {
        &self.pairs[pair as usize]
    }

    /// What a read that begins now must show at least.
    pub(super) fn acknowledged(&self, pair: i64) -> i64 {
        self.pair(pair).acknowledged.load(Ordering::SeqCst)
    }

    /// The next number of a pair, which is about to be sent by the pair's only writer.
    pub(super) fn send(&self, pair: i64) -> i64 {
        self.pair(pair).sent.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn end_send(&self, pair: i64, seq: i64, fate: Fate) {
        match fate {
            Fate::Acknowledged => {
                self.pair(pair).acknowledged.store(seq, Ordering::SeqCst);
                self.note_write();
            }
            Fate::Failed => {
                locked(&self.pair(pair).failed).insert(seq);
            }
            Fate::Unknown => {}
        }
    }

    pub(super) fn note_entry(&self, writer: i64, seq: i64, fate: Fate) {
        if fate == Fate::Acknowledged {
            self.note_write();
        }
        locked(&self.entries).insert((writer, seq), fate);
    }

    /// Judges what a read has shown of a pair that began when so much was acknowledged; 0 where it may be old.
    pub(super) fn judge(&self, what: &str, pair: i64, acknowledged: i64, seq: i64) {
        let sent = self.pair(pair).sent.load(Ordering::SeqCst);
        let of = format!("{what} of pair {pair} shows {seq}");
        if seq < acknowledged {
            self.violated(format!(
                "{of}, though {acknowledged} was acknowledged before it began"
            ));
        }
        if seq < 0 || seq > sent {
            self.violated(format!("{of}, though nothing after {sent} was ever sent"));
        }
        if locked(&self.pair(pair).failed).contains(&seq) {
            self.violated(format!("{of}, whose write had failed"));
        }
    }

    /// Judges the ledger as it is at the end: how often each entry is there.
    pub(super) fn judge_ledger(&self, there: &HashMap<(i64, i64), u64>) {
        let entries = locked(&self.entries);
        for (&(writer, seq), &fate) in entries.iter() {
            let count = there.get(&(writer, seq)).copied().unwrap_or(0);
            let is_right = match fate {
                Fate::Acknowledged => count == 1,
                Fate::Failed => count == 0,
                Fate::Unknown => count <= 1,
            };
            if !is_right {
                self.violated(format!(
                    "entry {seq} of writer {writer} is there {count} times; its write was {fate:?}"
                ));
            }
        }
        for (writer, seq) in there.keys() {
            if !entries.contains_key(&(*writer, *seq)) {
                self.violated(format!("entry {seq} of writer {writer} was never written"));
            }
        }
    }
}
