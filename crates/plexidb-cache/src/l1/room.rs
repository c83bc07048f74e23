//! How full the shards are, known without their locks.
//!
//! Invariant: bytes are taken before their entry is stored and given back after it has left, so that what is known is
//! never less than what is used. Room that is said to be there is there, unless another fill takes it meanwhile.

use crate::shim::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Room {
    shards: Box<[AtomicU64]>,
    shard_bytes_max: u64,
}

impl Room {
    pub(super) fn new(shards: usize, shard_bytes_max: u64) -> Self {
        Self {
            shards: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            shard_bytes_max,
        }
    }

    /// Whether so many bytes more fit without an eviction.
    pub(super) fn has(&self, shard: usize, bytes: u64) -> bool {
        let taken = self.shards[shard].load(Ordering::Relaxed);
        taken.saturating_add(bytes) <= self.shard_bytes_max
    }

    pub(super) fn take(&self, shard: usize, bytes: u64) {
        self.shards[shard].fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn give_back(&self, shard: usize, bytes: u64) {
        self.shards[shard].fetch_sub(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| shard.load(Ordering::Relaxed))
            .sum()
    }
}
