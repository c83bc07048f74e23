//! Results on their way into the store, in the background.
//!
//! Invariant: whoever hands over a result never waits. What does not fit into the queue's count and bytes is dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use plexidb_core::RowSet;
use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio::task;

use super::codec::{Codec, NotStored};
use super::counters::{Counters, add};
use super::entry::{EntryKey, Origin};
use super::port::{L2Store, StoredEntry};

/// The most entries that go to the store in one round trip.
const BATCH_MAX: usize = 16;
/// The most bytes of entries that go to the store in one round trip, one entry aside: reads wait behind them on the same connection.
const BATCH_BYTES_MAX: usize = 256 << 10;
/// The longest time to live: stores count milliseconds in fewer bits than a `Duration` has.
const TTL_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// Lifetimes differ by as much, so that entries which were stored together do not vanish together.
const TTL_JITTER: f64 = 0.1;

/// A result to be stored.
#[derive(Clone, Debug)]
pub struct Fill {
    /// What it answers.
    pub key: EntryKey,
    /// Under which state of the shared record it was read.
    pub origin: Origin,
    /// The rows.
    pub rows: RowSet,
    /// After how long the store drops it, in place of the configured time; at most a year.
    pub ttl: Option<Duration>,
}

/// Where fills wait.
#[derive(Debug)]
pub(super) struct FillQueue {
    sender: mpsc::Sender<Fill>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

/// What the background task needs. It ends when the queue is dropped, after what is in it.
pub(super) struct Writer {
    pub(super) store: Arc<dyn L2Store>,
    pub(super) codec: Arc<Codec>,
    pub(super) counters: Arc<Counters>,
    pub(super) ttl: Duration,
}

impl FillQueue {
    /// A queue of at most so many fills and bytes, and the task that empties it.
    pub(super) fn start(fills_max: usize, bytes_max: usize, writer: Writer) -> Self {
        let (sender, receiver) = mpsc::channel(fills_max.max(1));
        let bytes = Arc::new(AtomicUsize::new(0));
        tokio::spawn(write_all(receiver, Arc::clone(&bytes), writer));
        Self {
            sender,
            bytes,
            bytes_max,
        }
    }

    /// Whether there was room.
    pub(super) fn push(&self, fill: Fill) -> bool {
        let size = fill.rows.memory_bytes();
        // Others may push at the same time: the bound may be passed by one fill a thread.
        if self.bytes.load(Relaxed).saturating_add(size) > self.bytes_max {
            return false;
        }
        self.bytes.fetch_add(size, Relaxed);
        let is_queued = self.sender.try_send(fill).is_ok();
        if !is_queued {
            self.bytes.fetch_sub(size, Relaxed);
        }
        is_queued
    }
}

async fn write_all(mut queue: mpsc::Receiver<Fill>, bytes: Arc<AtomicUsize>, writer: Writer) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let mut entries = Vec::with_capacity(batch.len());
        let mut entry_bytes = 0;
        for fill in batch.drain(..) {
            bytes.fetch_sub(fill.rows.memory_bytes(), Relaxed);
            if let Some(entry) = writer.encode(&fill) {
                if entry_bytes + entry.bytes.len() > BATCH_BYTES_MAX {
                    writer.put(&entries).await;
                    entries.clear();
                    entry_bytes = 0;
                }
                entry_bytes += entry.bytes.len();
                entries.push(entry);
            }
            // Packing a large result takes a millisecond or more: others get their turn.
            task::yield_now().await;
        }
        writer.put(&entries).await;
    }
}

impl Writer {
    fn encode(&self, fill: &Fill) -> Option<StoredEntry> {
        match self.codec.encode(&fill.key, &fill.origin, &fill.rows) {
            Ok((key, bytes)) => Some(StoredEntry {
                key,
                bytes: bytes.into(),
                ttl: jittered(fill.ttl.unwrap_or(self.ttl)),
            }),
            Err(NotStored::TooLarge { .. }) => {
                add(&self.counters.fills_too_large, 1);
                None
            }
            Err(NotStored::NoRandomBits) => {
                add(&self.counters.fills_failed, 1);
                None
            }
        }
    }

    async fn put(&self, entries: &[StoredEntry]) {
        if entries.is_empty() {
            return;
        }
        match self.store.put_many(entries).await {
            Ok(()) => {
                add(&self.counters.fills, entries.len());
                let bytes = entries.iter().map(|entry| entry.bytes.len()).sum();
                add(&self.counters.bytes_written, bytes);
            }
            Err(error) => {
                tracing::debug!(%error, "results were not stored");
                add(&self.counters.fills_failed, entries.len());
            }
        }
    }
}

/// At least a millisecond: a store may take no less for no limit, or for an error.
fn jittered(ttl: Duration) -> Duration {
    let factor = 1.0 + rand::rng().random_range(-TTL_JITTER..=TTL_JITTER);
    ttl.min(TTL_MAX).mul_f64(factor).max(Duration::from_millis(1))
}
