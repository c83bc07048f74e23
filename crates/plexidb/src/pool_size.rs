//! The size of a database's pools, while it is in use.

use plexidb_pool::PoolSize;

use crate::database::Database;

impl Database {
    /// How many connections its pool has at most, and keeps ready. With replicas each server has a pool of this size.
    #[must_use]
    pub fn pool_size(&self) -> PoolSize {
        let sizes = self.inner.endpoints.pools().into_iter().map(|pool| pool.size());
        // The pools of one database have one size, unless its servers are of several minds about their bounds.
        sizes.max_by_key(|size| size.connections_max).unwrap_or(PoolSize {
            connections_max: 0,
            overflow_max: 0,
            min_idle: 0,
        })
    }

    /// Changes the size of its pool, with replicas of each server's, without dropping work: statements that wait profit at once from a
    /// larger one; of a smaller one idle connections that are too many are closed at once, the others when their statements
    /// have ended. Returns the size that holds, which is brought into what the database allows (a database in memory is
    /// one connection).
    pub fn resize_pool(&self, size: PoolSize) -> PoolSize {
        self.inner
            .endpoints
            .pools()
            .iter()
            .for_each(|pool| pool.resize(size));
        self.pool_size()
    }
}
