//! How the results of one kind of statement are cached.

use std::time::Duration;

/// Settings for all executions of one kind of statement; see
/// [`Database::set_statement_policy`](crate::Database::set_statement_policy). What an execution asks for itself goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementPolicy {
    /// Neither look into the cache nor fill it.
    pub no_cache: bool,
    /// How long a result may stay in the cache.
    pub ttl: Option<Duration>,
    /// Return a result that a write has overtaken, if it is not older than this, and fetch a new one in the background.
    /// **Such reads may be stale**; without it none is.
    pub stale_while_revalidate: Option<Duration>,
}
