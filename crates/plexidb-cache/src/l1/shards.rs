//! How the memory is divided into shards.
//!
//! Invariant: an entry of the largest admitted size fits into a shard. quick_cache refuses a larger one silently,
//! so the bound that the cache reports is the shard's.

use super::L1Config;

/// The share of a shard that frequently used entries may take; a single entry may not be larger.
pub(super) const HOT_RATIO: f64 = 0.97;
/// Enough for readers of many cores not to meet; measured best at two threads already.
const SHARDS_MAX: u64 = 64;
/// A shard should hold several of the largest entries, or one of them would drive out all others.
const LARGEST_ENTRIES_PER_SHARD: u64 = 4;
/// A small result with its key. quick_cache sizes its memory of evicted keys by it and makes no shard smaller
/// than 32 entries.
const ENTRY_BYTES_USUAL: u64 = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) shards: usize,
    pub(super) entries_estimated: usize,
    /// Divides into shards without a rest: quick_cache would round up and exceed the bound.
    pub(super) bytes_max: u64,
    pub(super) entry_bytes_max: u64,
}

pub(super) fn layout(config: L1Config) -> Layout {
    let L1Config {
        bytes_max,
        entry_bytes_max,
        is_cost_aware: _,
    } = config;
    let entries_estimated = (bytes_max / ENTRY_BYTES_USUAL).max(1);
    let shard_bytes_min = entry_bytes_max
        .saturating_mul(LARGEST_ENTRIES_PER_SHARD)
        .max(32 * ENTRY_BYTES_USUAL);
    let mut shards = SHARDS_MAX;
    while shards > 1 && bytes_max / shards < shard_bytes_min {
        shards /= 2;
    }
    let shard_bytes = bytes_max / shards;
    // As quick_cache computes it.
    let shard_hot_bytes = ((shard_bytes as f64 * HOT_RATIO) as u64).min(shard_bytes);
    Layout {
        shards: shards as usize,
        entries_estimated: usize::try_from(entries_estimated).unwrap_or(usize::MAX),
        bytes_max: shard_bytes * shards,
        entry_bytes_max: entry_bytes_max.min(shard_hot_bytes),
    }
}
