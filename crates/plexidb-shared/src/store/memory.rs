//! A store in this process, bounded in bytes: for tests, and to read how a store is written.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use plexidb_core::BoxFuture;
use tokio::time::Instant;

use super::port::{L2Store, StoreError, StoreKey, StoreStatus, StoredEntry};

#[cfg(test)]
mod tests;

/// Entries in this process. Where there is no room the oldest go.
#[derive(Debug)]
pub struct MemoryStore {
    bytes_max: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: HashMap<StoreKey, Shelved>,
    /// The entries in the order in which they were put.
    order: BTreeMap<u64, StoreKey>,
    bytes: usize,
    next: u64,
}

#[derive(Debug)]
struct Shelved {
    bytes: Bytes,
    expires_at: Instant,
    number: u64,
}

impl MemoryStore {
    /// A store of at most so many bytes of entries.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            shelf: Mutex::default(),
        }
    }

    /// How many entries there are, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelf().entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing panics while it is held.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn get(&mut self, key: StoreKey) -> Option<Bytes> {
        let shelved = self.entries.get(&key)?;
        if shelved.expires_at <= Instant::now() {
            self.remove(key);
            return None;
        }
        Some(shelved.bytes.clone())
    }

    fn put(&mut self, entry: &StoredEntry) {
        self.remove(entry.key);
        let number = self.next;
        self.next += 1;
        self.bytes += entry.bytes.len();
        self.order.insert(number, entry.key);
        let shelved = Shelved {
            bytes: entry.bytes.clone(),
            expires_at: Instant::now() + entry.ttl.min(Duration::from_secs(u64::from(u32::MAX))),
            number,
        };
        self.entries.insert(entry.key, shelved);
    }

    fn remove(&mut self, key: StoreKey) {
        if let Some(shelved) = self.entries.remove(&key) {
            self.order.remove(&shelved.number);
            self.bytes -= shelved.bytes.len();
        }
    }

    fn make_room(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max
            && let Some((_, &oldest)) = self.order.first_key_value()
        {
            self.remove(oldest);
        }
    }
}

impl L2Store for MemoryStore {
    fn get_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>, StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            Ok(keys.iter().map(|&key| shelf.get(key)).collect())
        })
    }

    fn put_many<'a>(&'a self, entries: &'a [StoredEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            entries.iter().for_each(|entry| shelf.put(entry));
            shelf.make_room(self.bytes_max);
            Ok(())
        })
    }

    fn remove_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            keys.iter().for_each(|&key| shelf.remove(key));
            Ok(())
        })
    }

    fn clear(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            let count = shelf.entries.len() as u64;
            shelf.entries.clear();
            shelf.order.clear();
            shelf.bytes = 0;
            Ok(count)
        })
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::Connected
    }
}
