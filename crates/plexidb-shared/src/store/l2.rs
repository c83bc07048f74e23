//! The cache outside the process: reads that any failure turns into a miss, fills in the background.
//!
//! Invariant: nothing is returned that the caller's judge has not found fresh, and nothing is waited for longer than the store's own
//! bound.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plexidb_core::RowSet;

use super::codec::{Codec, CodecConfig, Unusable};
use super::counters::{Counters, L2Stats, add};
use super::entry::{EntryKey, Origin};
use super::fills::{FillQueue, Writer};
use super::namespace::Namespace;
use super::port::{L2Store, StoreError, StoreKey, StoreStatus};
use super::seal::SecretError;

pub use super::fills::Fill;

#[cfg(test)]
mod tests;

/// How L2 stores results.
#[derive(Clone, Debug)]
pub struct L2Config {
    /// How entries are written.
    pub codec: CodecConfig,
    /// After how long the store drops an entry, give or take 10 %. It bounds the store's memory, not freshness. 1 hour, at most a year.
    pub ttl: Duration,
    /// The most results that wait to be stored. 1,024.
    pub fills_max: usize,
    /// The most bytes of results that wait to be stored. 32 MiB.
    pub fill_bytes_max: usize,
}

impl Default for L2Config {
    fn default() -> Self {
        Self {
            codec: CodecConfig::default(),
            ttl: Duration::from_secs(3600),
            fills_max: 1024,
            fill_bytes_max: 32 << 20,
        }
    }
}

/// Why L2 cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L2ConfigError {
    /// A secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There is no runtime on which results could be stored in the background.
    #[error("the shared cache must be made on a tokio runtime")]
    NoRuntime,
}

/// The cache outside the process. Dropping it stores what is waiting, in the background.
#[derive(Debug)]
pub struct L2 {
    store: Arc<dyn L2Store>,
    codec: Arc<Codec>,
    counters: Arc<Counters>,
    fills: FillQueue,
}

impl std::fmt::Debug for dyn L2Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("L2Store").field("status", &self.status()).finish()
    }
}

impl L2 {
    /// Keeps results in `store`. Must be called on a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`L2ConfigError`].
    pub fn new(
        store: Arc<dyn L2Store>,
        namespace: &Namespace,
        config: &L2Config,
    ) -> Result<Self, L2ConfigError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(L2ConfigError::NoRuntime);
        }
        let codec = Arc::new(Codec::new(&config.codec, namespace.as_str())?);
        let counters = Arc::new(Counters::default());
        let writer = Writer {
            store: Arc::clone(&store),
            codec: Arc::clone(&codec),
            counters: Arc::clone(&counters),
            ttl: config.ttl,
        };
        Ok(Self {
            fills: FillQueue::start(config.fills_max, config.fill_bytes_max, writer),
            store,
            codec,
            counters,
        })
    }

    /// The rows stored for this key, with what `judge` made of their origin. It answers `None` for an entry that is not fresh; an entry
    /// is judged before its rows are decoded.
    pub async fn get<T>(
        &self,
        key: &EntryKey,
        mut judge: impl FnMut(&Origin) -> Option<T>,
    ) -> Option<(T, RowSet)> {
        let found = self
            .get_many(std::slice::from_ref(key), |_, origin| judge(origin))
            .await;
        found.into_iter().next().flatten()
    }

    /// As [`get`](Self::get) for several keys in one round trip; `judge` gets the key's position as well.
    pub async fn get_many<T>(
        &self,
        keys: &[EntryKey],
        mut judge: impl FnMut(usize, &Origin) -> Option<T>,
    ) -> Vec<Option<(T, RowSet)>> {
        let names: Vec<Vec<StoreKey>> = keys.iter().map(|key| self.codec.names(key)).collect();
        let found = match self.store.get_many(&names.concat()).await {
            Ok(found) => found,
            Err(error) => {
                self.count_failure(&error, keys.len());
                return keys.iter().map(|_| None).collect();
            }
        };
        let mut found = found.into_iter();
        keys.iter()
            .zip(names)
            .enumerate()
            .map(|(position, (key, names))| {
                // A store that answers with too few entries lacks the others.
                let candidates: Vec<(StoreKey, Bytes)> = names
                    .into_iter()
                    .filter_map(|name| Some((name, found.next().flatten()?)))
                    .collect();
                if candidates.is_empty() {
                    add(&self.counters.misses, 1);
                }
                candidates
                    .into_iter()
                    .find_map(|(name, bytes)| self.open(name, key, &bytes, |origin| judge(position, origin)))
            })
            .collect()
    }

    /// Hands over a result to be stored in the background; `false` where too many are waiting.
    pub fn fill(&self, fill: Fill) -> bool {
        let is_queued = self.fills.push(fill);
        if !is_queued {
            add(&self.counters.fills_dropped, 1);
        }
        is_queued
    }

    /// Removes the entry of this key, where there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing becomes stale by an entry that stays.
    pub async fn remove(&self, key: &EntryKey) -> Result<(), StoreError> {
        self.store.remove_many(&self.codec.names(key)).await
    }

    /// Removes all entries of the namespace, for all members, and says how many there were. It frees memory; results are voided by the
    /// shared record, not by this.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some may have been removed.
    pub async fn clear(&self) -> Result<u64, StoreError> {
        self.store.clear().await
    }

    /// What has been done so far.
    #[must_use]
    pub fn stats(&self) -> L2Stats {
        self.counters.snapshot(self.store.status())
    }

    /// Whether the store can be reached.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        self.store.status()
    }

    fn open<T>(
        &self,
        name: StoreKey,
        key: &EntryKey,
        bytes: &[u8],
        judge: impl FnOnce(&Origin) -> Option<T>,
    ) -> Option<(T, RowSet)> {
        add(&self.counters.bytes_read, bytes.len());
        let opened = match self.codec.open(name, key, bytes) {
            Ok(opened) => opened,
            Err(error) => {
                self.count_unusable(error);
                return None;
            }
        };
        let Some(judged) = judge(&opened.origin) else {
            add(&self.counters.stale, 1);
            return None;
        };
        match opened.rows() {
            Ok(rows) => {
                add(&self.counters.hits, 1);
                Some((judged, rows))
            }
            Err(error) => {
                self.count_unusable(error.into());
                None
            }
        }
    }

    fn count_unusable(&self, error: Unusable) {
        let counter = match error {
            Unusable::Malformed(_) => &self.counters.malformed,
            Unusable::Forged => &self.counters.forged,
            Unusable::OtherKey => &self.counters.misses,
        };
        add(counter, 1);
        tracing::debug!(%error, "an entry of the shared cache was not used");
    }

    fn count_failure(&self, error: &StoreError, keys: usize) {
        let counter = match error {
            StoreError::Unavailable { .. } => &self.counters.unavailable,
            StoreError::Timeout { .. } => &self.counters.timeouts,
            StoreError::Failed { .. } => &self.counters.errors,
        };
        add(counter, keys);
    }
}
