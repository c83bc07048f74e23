//! The yardsticks of a hit: the bare cache crate, under numbers and under plexidb's own keys.
//!
//! Invariant: a key is made before the clock starts. All hold a shared reference, which a hit clones; nothing is checked.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use plexidb::{Manager, RowSet, ValueRef, params};
use plexidb_cache::{Key, KeyBuffer, KeyRef};
use quick_cache::sync::Cache;

use super::{KEYS, SQL, STEP};

/// The crate makes its shards by it; as many as plexidb's L1 has by default.
const ENTRIES_ESTIMATED: usize = 64 << 10;

/// Numbers with the crate's own hasher: the least that a key can be.
pub(super) struct Numbers(Cache<u64, Arc<[u8]>>);

/// The keys of the results themselves, statement and parameters compared in full, and the results.
pub(super) struct Results {
    cache: Cache<Key, Arc<RowSet>>,
    buffers: Vec<KeyBuffer>,
}

impl Numbers {
    pub(super) fn new() -> Self {
        let cache = Cache::new(ENTRIES_ESTIMATED);
        for id in 0..KEYS as u64 {
            cache.insert(id, Arc::from(id.to_le_bytes()));
        }
        Self(cache)
    }

    /// Nanoseconds of a hit.
    pub(super) fn hit_ns(&self, keys: i64, calls: usize) -> f64 {
        let mut id = 0;
        let started = Instant::now();
        for _ in 0..calls {
            id = (id + STEP) % keys;
            black_box(self.0.get(&(id as u64)));
        }
        started.elapsed().as_nanos() as f64 / calls as f64
    }
}

impl Results {
    pub(super) async fn new(db: &Manager) -> Result<Self> {
        let cache = Cache::new(ENTRIES_ESTIMATED);
        let sql: Arc<str> = SQL.into();
        let mut buffer = KeyBuffer::new();
        for id in 0..KEYS {
            let rows = db.query(SQL, params![id]).await?.into_set();
            let key = KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer).to_owned(Arc::clone(&sql));
            cache.insert(key, Arc::new(rows));
        }
        let buffers = vec![KeyBuffer::new(); usize::try_from(KEYS)?];
        Ok(Self { cache, buffers })
    }

    /// Makes the keys, which borrow the buffers.
    pub(super) fn keys(&mut self) -> (&Cache<Key, Arc<RowSet>>, Vec<KeyRef<'_>>) {
        let keys = self
            .buffers
            .iter_mut()
            .zip(0..)
            .map(|(buffer, id)| KeyRef::new(0, SQL, &[ValueRef::Int(id)], buffer));
        (&self.cache, keys.collect())
    }
}

/// Nanoseconds of a hit under keys that are made.
pub(super) fn hit_ns(
    (cache, made): &(&Cache<Key, Arc<RowSet>>, Vec<KeyRef<'_>>),
    keys: i64,
    calls: usize,
) -> Result<f64> {
    let mut id = 0;
    let started = Instant::now();
    for _ in 0..calls {
        id = (id + STEP) % keys;
        black_box(cache.get(&made[id as usize]).context("it was evicted")?);
    }
    Ok(started.elapsed().as_nanos() as f64 / calls as f64)
}
