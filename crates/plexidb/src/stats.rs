//! What the layer did so far.

use plexidb_cache::CacheStats;
use plexidb_pool::PoolStats;

/// A snapshot of all counters.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The cache of this process.
    pub cache: CacheStats,
    /// Each database's pool, by name.
    pub pools: Vec<(String, PoolStats)>,
}
