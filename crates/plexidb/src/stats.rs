//! What the layer did so far.

use plexidb_cache::CacheStats;
use plexidb_pool::PoolStats;

/// Where a database's cache is passed by because of writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotStats {
    /// Slots held by writes under way or in doubt: results that depend on them are neither served nor stored.
    pub held: usize,
    /// Writes of which plexidb lost sight, whose slots stay held for good. Each is a fault of plexidb.
    pub abandoned: u64,
}

/// A snapshot of all counters.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The cache of this process.
    pub cache: CacheStats,
    /// Each database's pool, by name.
    pub pools: Vec<(String, PoolStats)>,
    /// Each database's slots, by name.
    pub slots: Vec<(String, SlotStats)>,
}
