//! The settings of a pool.

use std::time::Duration;

/// The settings of a [`Pool`](crate::Pool).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// The most connections at a time; default 10, brought into 1 to [`CONNECTIONS_BOUND`](Self::CONNECTIONS_BOUND),
    /// and lowered to what the database allows.
    pub connections_max: usize,
    /// How long a checkout may take in all: waiting in the queue, then connecting; default 30 s.
    pub checkout_timeout: Duration,
    /// The age at which a connection is replaced rather than reused; default 30 min.
    pub lifetime_max: Duration,
    /// How long a connection may stay unused before it is closed; default 10 min. It is looked at when connections are
    /// checked out and in, so that a pool that nobody uses keeps what it has.
    pub idle_timeout: Duration,
    /// How long a connection may stay unused before it is tried out when it is checked out; default 30 s.
    pub ping_after: Duration,
}

impl PoolConfig {
    /// The bound on [`connections_max`](Self::connections_max): 65,536.
    pub const CONNECTIONS_BOUND: usize = 1 << 16;
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connections_max: 10,
            checkout_timeout: Duration::from_secs(30),
            lifetime_max: Duration::from_secs(30 * 60),
            idle_timeout: Duration::from_secs(10 * 60),
            ping_after: Duration::from_secs(30),
        }
    }
}
