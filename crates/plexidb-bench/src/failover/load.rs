//! Writers and readers of one client, and the journal of their calls.
//!
//! Invariant: each call is noted with when it was made and when it ended; a write that failed is not made again, the next one is.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::client::{Client, NOTES};

/// Writers, and as many readers, of each client.
pub(super) const WORKERS: usize = 4;
/// What workers wait between calls, so that the clients do not keep each other from the processor.
const PAUSE: Duration = Duration::from_millis(2);
/// How long the calls under way may take at the end.
const END_PATIENCE: Duration = Duration::from_secs(30);
/// Failures whose text is kept.
const FAILURES_KEPT_MAX: usize = 8;

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) sent: Instant,
    pub(super) ended: Instant,
    pub(super) is_ok: bool,
    /// The server that was asked, where that is known.
    pub(super) server: Option<String>,
}

impl Call {
    pub(super) fn took(&self) -> Duration {
        self.ended - self.sent
    }
}

/// What the workers of one client did.
#[derive(Default)]
pub(super) struct Journal {
    writes: Mutex<Vec<Call>>,
    reads: Mutex<Vec<Call>>,
    /// Writer and number of what was acknowledged.
    acknowledged: Mutex<HashSet<(i64, i64)>>,
    failures: Mutex<Vec<String>>,
    /// Reads that did not show what their own worker had written.
    pub(super) unseen: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under the lock is whole at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journal {
    /// The first write acknowledged at this time or later.
    pub(super) fn first_write_after(&self, moment: Instant) -> Option<Instant> {
        let writes = locked(&self.writes);
        let ended = writes.iter().filter(|call| call.is_ok).map(|call| call.ended);
        ended.filter(|&ended| ended >= moment).min()
    }

    /// The first read that this server answered at this time or later.
    pub(super) fn first_read_of(&self, port: u16, moment: Instant) -> Option<Instant> {
        let port = format!(":{port}");
        let reads = locked(&self.reads);
        let of_server = reads.iter().filter(|call| {
            let server = call.server.as_ref();
            call.is_ok && server.is_some_and(|server| server.contains(&port))
        });
        of_server
            .map(|call| call.ended)
            .filter(|&ended| ended >= moment)
            .min()
    }

    /// The reads that ended in this span.
    pub(super) fn reads_between(&self, from: Instant, to: Instant) -> Vec<Call> {
        let reads = locked(&self.reads);
        let within = reads.iter().filter(|call| call.ended >= from && call.sent <= to);
        within.cloned().collect()
    }

    /// Writes so far: acknowledged and failed.
    pub(super) fn writes(&self) -> (usize, usize) {
        let writes = locked(&self.writes);
        let acknowledged = writes.iter().filter(|call| call.is_ok).count();
        (acknowledged, writes.len() - acknowledged)
    }

    /// What was acknowledged and is not there.
    pub(super) fn lost(&self, there: &HashSet<(i64, i64)>) -> usize {
        locked(&self.acknowledged).difference(there).count()
    }

    /// The first failures, in words.
    pub(super) fn failures(&self) -> Vec<String> {
        locked(&self.failures).clone()
    }

    fn note(&self, calls: &Mutex<Vec<Call>>, sent: Instant, outcome: Result<Option<String>, String>) {
        let ended = Instant::now();
        let is_ok = outcome.is_ok();
        let server = match outcome {
            Ok(server) => server,
            Err(failure) => {
                let mut failures = locked(&self.failures);
                if failures.len() < FAILURES_KEPT_MAX && !failures.contains(&failure) {
                    failures.push(failure);
                }
                None
            }
        };
        locked(calls).push(Call {
            sent,
            ended,
            is_ok,
            server,
        });
    }
}

/// The workers of one client.
pub(super) struct Load {
    pub(super) name: &'static str,
    pub(super) journal: Arc<Journal>,
    workers: JoinSet<()>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// Starts the workers. Each client of a run has a number of its own.
    pub(super) fn begin<C: Client>(client: C, number: i64) -> Self {
        let (client, journal) = (Arc::new(client), Arc::new(Journal::default()));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let writer = number * 100 + worker as i64;
            let (c, j, o) = (Arc::clone(&client), Arc::clone(&journal), Arc::clone(&is_over));
            workers.spawn(async move { write_on(&*c, &j, &o, worker, writer).await });
            let (c, j, o) = (Arc::clone(&client), Arc::clone(&journal), Arc::clone(&is_over));
            workers.spawn(async move { read_on(&*c, &j, &o, worker).await });
        }
        Self {
            name: C::NAME,
            journal,
            workers,
            is_over,
        }
    }

    /// Ends the workers. Returns how many did not end within half a minute.
    pub(super) async fn end(mut self) -> (Arc<Journal>, usize) {
        self.is_over.store(true, Ordering::Relaxed);
        let joining = async { while self.workers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(END_PATIENCE, joining).await;
        let stuck = self.workers.len();
        self.workers.shutdown().await;
        (self.journal, stuck)
    }
}

async fn write_on<C: Client>(
    client: &C,
    journal: &Journal,
    is_over: &AtomicBool,
    worker: usize,
    writer: i64,
) {
    let mut newest = 0;
    for seq in 1.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let sent = Instant::now();
        let outcome = client.write(worker, writer, seq).await;
        if outcome.is_ok() {
            locked(&journal.acknowledged).insert((writer, seq));
            newest = seq;
        }
        let outcome = outcome
            .map(|()| None)
            .map_err(|error| format!("write: {error:#}"));
        journal.note(&journal.writes, sent, outcome);
        if newest > 0
            && let Ok(seen) = client.newest(worker, writer).await
            && seen < newest
        {
            journal.unseen.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read_on<C: Client>(client: &C, journal: &Journal, is_over: &AtomicBool, worker: usize) {
    for id in (0..NOTES).cycle() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let sent = Instant::now();
        let outcome = client.read(worker, id).await;
        let outcome = outcome.map_err(|error| format!("read: {error:#}"));
        journal.note(&journal.reads, sent, outcome);
        tokio::time::sleep(PAUSE).await;
    }
}
