//! What the layer did so far.

use plexidb_cache::CacheStats;
use plexidb_pool::{GroupStats, PoolStats};

use crate::shared::SharedStats;

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
    /// Each database's pool, by its name; of a database with replicas each server's, by `database/server`. Its figures come under
    /// OpenTelemetry's names by [`PoolStats::open_telemetry`], whose `db.client.connection.pool.name` is this name.
    pub pools: Vec<(String, PoolStats)>,
    /// The servers of each database that has replicas: their roles, lags and breakers, and how often each was chosen.
    pub endpoints: Vec<(String, GroupStats)>,
    /// The part of each database in the shared tier, by name; none without Redis.
    pub shared: Vec<(String, SharedStats)>,
    /// Each database's slots, by name.
    pub slots: Vec<(String, SlotStats)>,
}

impl Stats {
    /// The pool of this name, as in [`pools`](Self::pools).
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<&PoolStats> {
        let found = self.pools.iter().find(|(known, _)| known == name);
        found.map(|(_, stats)| stats)
    }
}
