//! The port of a store: where entries are kept, whatever keeps them.
//!
//! Invariant: a store knows bytes under names. It may lose any entry at any time; it may not make a reader wait for long.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plexidb_core::BoxFuture;

/// The name of an entry: 128 bits of a hash of its key, keyed by the secret where there is one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreKey(pub [u8; 16]);

impl fmt::Display for StoreKey {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An entry on its way into a store.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// Its name.
    pub key: StoreKey,
    /// Its bytes, which mean nothing to the store.
    pub bytes: Bytes,
    /// After how long the store drops it.
    pub ttl: Duration,
}

/// Keeps entries outside the process.
///
/// Every call ends within a bounded time, with an error rather than late. A store that is known to be out of reach refuses at
/// once with [`StoreError::Unavailable`], and finds its own way back.
pub trait L2Store: Send + Sync + 'static {
    /// The entries of these names, in the same order; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], which the caller takes for a miss of all of them.
    fn get_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>, StoreError>>;

    /// Puts these entries, each in place of any other of its name.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of them may have been put.
    fn put_many<'a>(&'a self, entries: &'a [StoredEntry]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes the entries of these names, where there are any.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of them may have been removed.
    fn remove_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes all entries of the namespace, for all members, and says how many there were. It may take long; entries that are put
    /// meanwhile may stay.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of them may have been removed.
    fn clear(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Whether the store can be reached, as of its last use.
    fn status(&self) -> StoreStatus;
}

/// Why a store did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Known to be out of reach: nothing was sent, nothing was waited for.
    #[error("the store is out of reach: {error}")]
    Unavailable {
        /// What has been found last.
        error: Arc<str>,
    },
    /// No answer in time.
    #[error("the store did not answer within {after:?}")]
    Timeout {
        /// What was waited for.
        after: Duration,
    },
    /// The connection broke, or the store refused.
    #[error("the store failed: {error}")]
    Failed {
        /// In the words of the store.
        error: Arc<str>,
    },
}

/// Whether a store can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreStatus {
    /// It answers.
    Connected,
    /// It does not, or refuses; reads go to the database meanwhile.
    Degraded {
        /// Since when.
        since: Instant,
        /// What has been found last.
        error: Arc<str>,
    },
    /// None is configured.
    Off,
}
