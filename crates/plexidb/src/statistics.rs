//! What each statement did so far: counts, times, why it was not cached.
//!
//! Invariant: statements are told apart by their normalised text, so that literals do not make new ones; a hit touches
//! nothing here (the entry itself counts it, see `plexidb_cache::Tally`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plexidb_cache::{Inserted, Tally};
use plexidb_sql::{Cacheability, Profile};
use quick_cache::sync::Cache;

mod payoff;
mod policy;
#[cfg(test)]
mod tests;

use crate::interest::HitsNoted;
use payoff::Payoff;
pub use policy::StatementPolicy;

/// Why a read went to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Miss {
    /// There was no entry.
    Absent,
    /// A write had overtaken the entry.
    Stale,
    /// A write of what it depends on was under way.
    Held,
    /// Its TTL was over.
    Expired,
    /// There was one, and it may have been overtaken by another process: this one has not heard from Redis for too long.
    NoLease,
    /// The cache was not to be asked.
    Unasked,
}

/// The mean time of an execution from which on reads are coalesced. To wake a waiting task takes about as long; quick reads of
/// SQLite, which run inline, stay below it, anything over a network does not.
const WAIT_WORTH_NS: u64 = 20_000;

/// A time longer than this many means counts as so long.
const OUTLIER: u64 = 4;

/// What one kind of statement did so far.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatementStats {
    /// The text with literals replaced by `?`.
    pub statement: String,
    /// The hash of that text.
    pub fingerprint: u64,
    /// Why its results are not cached, where they are not; by the newest reading of the schema.
    pub refusal: Option<String>,
    /// Whether caching was switched off because it does not pay; it is tried again by itself.
    pub is_switched_off: bool,
    /// Reads that the cache answered. Of hits that are not yet folded in, up to half of an entry's, at most 64, may be missing.
    pub hits: u64,
    /// Reads that waited for an equal one under way.
    pub coalesced: u64,
    /// Reads that a result in Redis answered, which another process had fetched.
    pub taken: u64,
    /// Reads and writes that the database answered.
    pub executions: u64,
    /// Of these, reads whose entry a write had overtaken.
    pub stale: u64,
    /// Of these, reads that met a write under way.
    pub held: u64,
    /// Results that were stored.
    pub fills: u64,
    /// Results that were not kept because the cache is full and they are worth less than what would have had to make room:
    /// they cost little to fetch, are large, or are hardly ever hit.
    pub not_admitted: u64,
    /// Results that were not kept because they are larger than `l1_entry_bytes_max`.
    pub too_large: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Rows that the database returned or changed.
    pub rows: u64,
    /// The time that the database took, in all.
    pub time: Duration,
    /// The longest execution.
    pub time_max: Duration,
}

/// The counters of one kind of statement.
#[derive(Debug)]
pub(crate) struct Record {
    statement: String,
    fingerprint: u64,
    pub(crate) tally: Arc<Tally>,
    refusal: Mutex<Option<String>>,
    payoff: Mutex<Payoff>,
    policy: Mutex<StatementPolicy>,
    has_policy: AtomicBool,
    is_revalidated: AtomicBool,
    hits_noted: HitsNoted,
    coalesced: AtomicU64,
    taken: AtomicU64,
    executions: AtomicU64,
    stale: AtomicU64,
    held: AtomicU64,
    fills: AtomicU64,
    not_admitted: AtomicU64,
    too_large: AtomicU64,
    errors: AtomicU64,
    rows: AtomicU64,
    time_ns: AtomicU64,
    time_max_ns: AtomicU64,
}

/// The records of one database, those least used forgotten beyond a bound.
#[derive(Debug)]
pub(crate) struct Registry {
    records: Cache<u64, Arc<Record>>,
    is_adaptive: bool,
}

impl Registry {
    /// `is_adaptive`: caching that does not pay is switched off.
    pub(crate) fn new(statements_max: usize, is_adaptive: bool) -> Self {
        Self {
            records: Cache::new(statements_max),
            is_adaptive,
        }
    }

    /// The record of statements of this form.
    pub(crate) fn record(&self, profile: &Profile, cacheability: &Cacheability) -> Arc<Record> {
        let fingerprint = profile.fingerprint();
        let record = match self.records.get(&fingerprint) {
            // Two texts of one hash would be counted as one: harmless, but they are told apart where they can be.
            Some(record) if record.statement == profile.normalised() => record,
            _ => {
                let record = Arc::new(Record::new(profile.normalised(), fingerprint));
                self.records.insert(fingerprint, Arc::clone(&record));
                record
            }
        };
        let refusal = match cacheability {
            Cacheability::Cacheable => None,
            Cacheability::Not(reason) => Some(reason.to_string()),
        };
        *lock(&record.refusal) = refusal;
        record
    }

    /// Whether a read of this statement is to use the cache.
    pub(crate) fn pays(&self, record: &Record) -> bool {
        !self.is_adaptive || lock(&record.payoff).is_on(record.tally.hits())
    }

    /// Judges after a miss whether caching pays.
    pub(crate) fn judge(&self, record: &Record, fetch: Duration, overhead: Duration) {
        if self.is_adaptive {
            let (fetch, overhead) = (nanoseconds(fetch), nanoseconds(overhead));
            lock(&record.payoff).missed(record.tally.hits(), fetch, overhead);
        }
    }

    /// A snapshot of all, those that took most time first.
    pub(crate) fn snapshot(&self) -> Vec<StatementStats> {
        let mut all: Vec<StatementStats> = self.records.iter().map(|(_, record)| record.snapshot()).collect();
        all.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.statement.cmp(&b.statement)));
        all
    }
}

impl Record {
    fn new(statement: &str, fingerprint: u64) -> Self {
        Self {
            statement: statement.to_owned(),
            fingerprint,
            tally: Arc::default(),
            refusal: Mutex::default(),
            payoff: Mutex::default(),
            policy: Mutex::default(),
            has_policy: AtomicBool::new(false),
            is_revalidated: AtomicBool::new(false),
            hits_noted: HitsNoted::default(),
            coalesced: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            executions: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            held: AtomicU64::new(0),
            fills: AtomicU64::new(0),
            not_admitted: AtomicU64::new(0),
            too_large: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            time_ns: AtomicU64::new(0),
            time_max_ns: AtomicU64::new(0),
        }
    }

    /// Counts why a read goes to the database.
    pub(crate) fn missed(&self, miss: Miss) {
        match miss {
            Miss::Stale => add(&self.stale, 1),
            Miss::Held => add(&self.held, 1),
            Miss::Absent | Miss::Expired | Miss::NoLease | Miss::Unasked => {}
        }
    }

    /// Counts an execution by the database; `rows` is `None` where it failed.
    pub(crate) fn executed(&self, took: Duration, rows: Option<u64>) {
        let ns = nanoseconds(took);
        add(&self.executions, 1);
        add(&self.time_ns, ns);
        self.time_max_ns.fetch_max(ns, Ordering::Relaxed);
        match rows {
            Some(rows) => add(&self.rows, rows),
            None => add(&self.errors, 1),
        }
    }

    /// Counts what became of a result.
    pub(crate) fn filled(&self, inserted: Inserted) {
        match inserted {
            Inserted::Stored => add(&self.fills, 1),
            Inserted::NotAdmitted { .. } => add(&self.not_admitted, 1),
            Inserted::TooLarge { .. } => add(&self.too_large, 1),
            Inserted::Expired => {}
        }
    }

    /// Results that the full cache did not admit.
    pub(crate) fn not_admitted(&self) -> u64 {
        self.not_admitted.load(Ordering::Relaxed)
    }

    /// The time of an execution that was counted, without what says nothing of the work: where it is many times the mean, a
    /// thread has lost its processor.
    pub(crate) fn usual(&self, took: Duration) -> Duration {
        let executions = self.executions.load(Ordering::Relaxed).max(1);
        let mean_ns = self.time_ns.load(Ordering::Relaxed) / executions;
        took.min(Duration::from_nanos(mean_ns.saturating_mul(OUTLIER)))
    }

    /// Counts a read that waited for an equal one.
    pub(crate) fn coalesced(&self) {
        add(&self.coalesced, 1);
    }

    /// A read was answered by a result that another process had fetched.
    pub(crate) fn taken(&self) {
        add(&self.taken, 1);
    }

    /// Whether an equal read had better wait for the answer than ask the database itself.
    pub(crate) fn is_worth_a_wait(&self) -> bool {
        let executions = self.executions.load(Ordering::Relaxed);
        self.time_ns.load(Ordering::Relaxed) >= executions.saturating_mul(WAIT_WORTH_NS)
    }

    /// The hits since the last call.
    pub(crate) fn new_hits(&self) -> u64 {
        self.hits_noted.since(self.tally.hits())
    }

    pub(crate) fn policy(&self) -> StatementPolicy {
        if self.has_policy.load(Ordering::Acquire) {
            *lock(&self.policy)
        } else {
            StatementPolicy::default()
        }
    }

    pub(crate) fn set_policy(&self, policy: StatementPolicy) {
        *lock(&self.policy) = policy;
        self.has_policy.store(true, Ordering::Release);
    }

    /// Whether the caller is to fetch a result anew in the background: one at a time.
    pub(crate) fn begin_revalidation(&self) -> bool {
        !self.is_revalidated.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn end_revalidation(&self) {
        self.is_revalidated.store(false, Ordering::Release);
    }

    fn snapshot(&self) -> StatementStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatementStats {
            statement: self.statement.clone(),
            fingerprint: self.fingerprint,
            refusal: lock(&self.refusal).clone(),
            is_switched_off: lock(&self.payoff).is_paused(),
            hits: self.tally.hits(),
            coalesced: load(&self.coalesced),
            taken: load(&self.taken),
            executions: load(&self.executions),
            stale: load(&self.stale),
            held: load(&self.held),
            fills: load(&self.fills),
            not_admitted: load(&self.not_admitted),
            too_large: load(&self.too_large),
            errors: load(&self.errors),
            rows: load(&self.rows),
            time: Duration::from_nanos(load(&self.time_ns)),
            time_max: Duration::from_nanos(load(&self.time_max_ns)),
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
