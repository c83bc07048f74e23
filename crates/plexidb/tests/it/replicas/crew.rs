//! Readers and writers that work on while servers fail, and book what they are told.
//!
//! What they assert of every call: it ends in time; a read is never older than what was acknowledged before it. At the end: what was
//! acknowledged is there once, what was refused is not there, and nothing is there twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plexidb::{Error, Manager, Params};
use tokio::task::JoinHandle;

use super::cluster::{POLL_INTERVAL, until};
use super::server::Server;

/// The longest that any call may take: the timeouts of [`Crew`]'s managers, each of which may count twice, and a slow machine.
const CALL_MAX: Duration = Duration::from_secs(40);

const NONE: Params<'static> = Params::Positional(&[]);

/// What became of each write.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) acknowledged: Vec<i64>,
    /// Those that are reported as perhaps done.
    pub(super) unknown: Vec<i64>,
    /// Those that are reported as not done.
    pub(super) refused: Vec<i64>,
    /// What was said of those that failed.
    pub(super) errors: Vec<String>,
    pub(super) reads_failed: u64,
}

/// Tasks that read and write through a manager.
pub(super) struct Crew {
    db: Manager,
    is_over: Arc<AtomicBool>,
    counts: Arc<Counts>,
    writers: Vec<JoinHandle<Book>>,
}

/// What has become of the calls so far.
#[derive(Default)]
struct Counts {
    acknowledged: AtomicU64,
    unknown: AtomicU64,
    reads_failed: AtomicU64,
}

impl Counts {
    fn note(&self, book: &Book, before: (usize, usize, u64)) {
        let news = |count: usize, before: usize| u64::try_from(count - before).unwrap();
        let (acknowledged, unknown, reads_failed) = before;
        self.acknowledged
            .fetch_add(news(book.acknowledged.len(), acknowledged), Ordering::Relaxed);
        self.unknown
            .fetch_add(news(book.unknown.len(), unknown), Ordering::Relaxed);
        self.reads_failed
            .fetch_add(book.reads_failed - reads_failed, Ordering::Relaxed);
    }
}

/// The outcome of a call, which ends in time.
pub(super) async fn in_time<T>(what: &str, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let outcome = tokio::time::timeout(CALL_MAX, call).await;
    outcome.unwrap_or_else(|_| panic!("{what} is stuck: no answer within {CALL_MAX:?}"))
}

/// Whether a write that ended so may have taken effect.
pub(super) fn is_unknown(error: &Error) -> bool {
    // An error of the pool comes before anything is sent.
    matches!(error, Error::Driver(error) if error.outcome_is_unknown())
}

/// Writes one row, and reads it back by whatever server serves it.
async fn write_and_read(db: &Manager, id: i64, book: &mut Book) {
    let insert = format!("INSERT INTO sends VALUES ({id})");
    if let Err(error) = in_time("a write", db.execute(&insert, NONE)).await {
        let kind = if is_unknown(&error) {
            &mut book.unknown
        } else {
            &mut book.refused
        };
        kind.push(id);
        book.errors.push(error.to_string());
        return;
    }
    book.acknowledged.push(id);
    let sql = format!("SELECT count(*) AS sent FROM sends WHERE id = {id}");
    for is_cached in [true, false] {
        let select = db.select(&sql);
        let select = if is_cached { select } else { select.no_cache() };
        match in_time("a read", select.fetch()).await {
            Ok(rows) => {
                let sent = rows[0].get::<i64>("sent").unwrap();
                assert_eq!(
                    sent,
                    1,
                    "write {id} was acknowledged, and {:?} does not show it",
                    rows.endpoint()
                );
            }
            Err(error) => {
                book.reads_failed += 1;
                book.errors.push(error.to_string());
            }
        }
    }
}

impl Crew {
    pub(super) const WRITERS: u64 = 3;

    /// Begins; the ids of the writes are from `first`.
    pub(super) fn begin(db: &Manager, first: i64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(Counts::default());
        let next = Arc::new(AtomicI64::new(first));
        let writers = (0..Self::WRITERS).map(|_| {
            let (db, is_over, next) = (db.clone(), Arc::clone(&is_over), Arc::clone(&next));
            let counts = Arc::clone(&counts);
            tokio::spawn(async move {
                let mut book = Book::default();
                while !is_over.load(Ordering::Relaxed) {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    let before = (book.acknowledged.len(), book.unknown.len(), book.reads_failed);
                    write_and_read(&db, id, &mut book).await;
                    counts.note(&book, before);
                    // Not to fill the table while nothing else happens.
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
                book
            })
        });
        Self {
            writers: writers.collect(),
            db: db.clone(),
            is_over,
            counts,
        }
    }

    /// Writes so far of which the outcome is unknown.
    pub(super) fn unknown(&self) -> u64 {
        self.counts.unknown.load(Ordering::Relaxed)
    }

    /// Reads so far that failed.
    pub(super) fn reads_failed(&self) -> u64 {
        self.counts.reads_failed.load(Ordering::Relaxed)
    }

    /// Waits until more writes have been acknowledged. Returns how long that took.
    #[track_caller]
    pub(super) fn makes_progress(&self) -> impl Future<Output = Duration> + '_ {
        let begun = Instant::now();
        // Those under way now may have been served before whatever is tested.
        let acknowledged = || self.counts.acknowledged.load(Ordering::Relaxed);
        let enough = acknowledged() + 10;
        let waiting =
            until(move || acknowledged() >= enough || self.writers.iter().any(JoinHandle::is_finished));
        async move {
            waiting.await;
            begun.elapsed()
        }
    }

    /// Ends the work. Nobody is left waiting, nothing is left in doubt.
    pub(super) async fn end(self) -> Book {
        self.is_over.store(true, Ordering::Relaxed);
        let mut whole = Book::default();
        for writer in self.writers {
            let book = writer.await.unwrap();
            whole.acknowledged.extend(book.acknowledged);
            whole.unknown.extend(book.unknown);
            whole.refused.extend(book.refused);
            whole.errors.extend(book.errors);
            whole.reads_failed += book.reads_failed;
        }
        let is_quiet = || {
            let stats = self.db.stats();
            let is_idle = |pool: &plexidb::PoolStats| pool.waiting == 0 && pool.active == pool.connecting;
            stats.pools.iter().all(|(_, pool)| is_idle(pool))
                && stats
                    .slots
                    .iter()
                    .all(|(_, slots)| (slots.held, slots.abandoned) == (0, 0))
        };
        until(is_quiet).await;
        whole
    }
}

impl Book {
    /// Compares it with what a server has.
    pub(super) fn is_kept_by(&self, server: &impl Server) {
        let sends = server.sends();
        let times = |id: &i64| sends.iter().filter(|sent| *sent == id).count();
        for id in &self.acknowledged {
            assert_eq!(times(id), 1, "write {id} was acknowledged\n{self:#?}");
        }
        for id in &self.unknown {
            assert!(
                times(id) <= 1,
                "write {id} of unknown outcome was sent again\n{self:#?}"
            );
        }
        for id in &self.refused {
            assert_eq!(times(id), 0, "write {id} was reported as not done\n{self:#?}");
        }
    }
}
