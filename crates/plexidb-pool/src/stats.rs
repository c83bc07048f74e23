//! What a pool has now, and what it did so far.
//!
//! Invariant: events are counted once, where they happen; what is there now is taken from the pool itself.

use std::fmt;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// What a pool has now, and what it did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// The most connections, overflow included.
    pub connections_max: usize,
    /// The most that are kept idle: connections beyond are overflow.
    pub idle_max: usize,
    /// Idle connections that are kept ready.
    pub idle_min: usize,
    /// Connections now, those being made included: active and idle.
    pub total: usize,
    /// Connections that are checked out or being made.
    pub active: usize,
    /// Connections that are being made.
    pub connecting: usize,
    /// Connections that wait to be used.
    pub idle: usize,
    /// Checkouts that wait for a connection to come back or to be made.
    pub waiting: usize,
    /// The most connections that there were at a time.
    pub peak: usize,
    /// Connections made so far.
    pub created: u64,
    /// Connections given up so far: broken, tainted, too old, unused, or at the end.
    pub destroyed: u64,
    /// Attempts to connect that failed.
    pub connect_errors: u64,
    /// Checkouts that took too long.
    pub timeouts: u64,
    /// Checkouts that were turned away because the pool could not keep up.
    pub turned_away: u64,
    /// Leases that lasted longer than a leak is thought to last.
    pub leaks: u64,
    /// Checkouts that got a connection.
    pub checkouts: u64,
    /// How long they waited, together.
    pub wait_time: Duration,
    /// Leases that have ended.
    pub uses: u64,
    /// How long they lasted, together.
    pub use_time: Duration,
    /// How long it took to make the connections, together.
    pub create_time: Duration,
}

impl PoolStats {
    /// Connections now: [`total`](Self::total).
    #[must_use]
    pub fn total_connections(&self) -> usize {
        self.total
    }

    /// Connections in use or being made: [`active`](Self::active).
    #[must_use]
    pub fn active_connections(&self) -> usize {
        self.active
    }

    /// Connections that wait to be used: [`idle`](Self::idle).
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.idle
    }

    /// The most connections that there were at a time: [`peak`](Self::peak).
    #[must_use]
    pub fn peak_connections(&self) -> usize {
        self.peak
    }

    /// Attempts to connect that failed: [`connect_errors`](Self::connect_errors).
    #[must_use]
    pub fn connection_errors(&self) -> u64 {
        self.connect_errors
    }

    /// Checkouts that took too long: [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn connection_timeouts(&self) -> u64 {
        self.timeouts
    }

    /// Connections made so far: [`created`](Self::created).
    #[must_use]
    pub fn connections_created(&self) -> u64 {
        self.created
    }

    /// Connections given up so far: [`destroyed`](Self::destroyed).
    #[must_use]
    pub fn connections_destroyed(&self) -> u64 {
        self.destroyed
    }

    /// How long it took to make a connection, on average in milliseconds; 0 where none was made.
    #[must_use]
    pub fn avg_connection_time_ms(&self) -> f64 {
        mean(self.create_time, self.created).as_secs_f64() * 1e3
    }

    /// Active connections in percent of the most that there may be.
    #[must_use]
    pub fn pool_utilization_percent(&self) -> f64 {
        100.0 * self.active as f64 / self.connections_max.max(1) as f64
    }

    /// How long a checkout that got a connection waited, on average.
    #[must_use]
    pub fn wait_time_mean(&self) -> Duration {
        mean(self.wait_time, self.checkouts)
    }

    /// How long a lease lasted, on average.
    #[must_use]
    pub fn use_time_mean(&self) -> Duration {
        mean(self.use_time, self.uses)
    }

    /// The figures under OpenTelemetry's names for database connection pools (semantic conventions 1.27 and later). Of its
    /// three histograms, in seconds, there are the count and the sum.
    #[must_use]
    pub fn open_telemetry(&self) -> [(&'static str, f64); 13] {
        [
            (
                "db.client.connection.count{state=\"used\"}",
                self.active.saturating_sub(self.connecting) as f64,
            ),
            ("db.client.connection.count{state=\"idle\"}", self.idle as f64),
            ("db.client.connection.idle.max", self.idle_max as f64),
            ("db.client.connection.idle.min", self.idle_min as f64),
            ("db.client.connection.max", self.connections_max as f64),
            ("db.client.connection.pending_requests", self.waiting as f64),
            ("db.client.connection.timeouts", self.timeouts as f64),
            ("db.client.connection.create_time.count", self.created as f64),
            (
                "db.client.connection.create_time.sum",
                self.create_time.as_secs_f64(),
            ),
            ("db.client.connection.wait_time.count", self.checkouts as f64),
            ("db.client.connection.wait_time.sum", self.wait_time.as_secs_f64()),
            ("db.client.connection.use_time.count", self.uses as f64),
            ("db.client.connection.use_time.sum", self.use_time.as_secs_f64()),
        ]
    }
}

/// The mean of durations, which is nothing where there are none.
fn mean(sum: Duration, count: u64) -> Duration {
    if count == 0 {
        return Duration::ZERO;
    }
    sum.div_f64(count as f64)
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections_max,
            active,
            idle,
            waiting,
            ..
        } = self;
        write!(
            f,
            "{active} of {connections_max} connections in use, {idle} idle, {waiting} checkouts waiting"
        )
    }
}

/// What happened so far, counted under the pool's lock.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) peak: usize,
    pub(crate) created: u64,
    pub(crate) destroyed: u64,
    pub(crate) connect_errors: u64,
    pub(crate) timeouts: u64,
    pub(crate) turned_away: u64,
    pub(crate) leaks: u64,
    pub(crate) checkouts: u64,
    pub(crate) wait_time: Duration,
    pub(crate) uses: u64,
    pub(crate) use_time: Duration,
    pub(crate) create_time: Duration,
}

impl Tally {
    /// Sums of durations end at the longest one that there is.
    pub(crate) fn checked_out(&mut self, waited: Duration) {
        self.checkouts += 1;
        self.wait_time = self.wait_time.saturating_add(waited);
    }

    pub(crate) fn used(&mut self, used: Duration) {
        self.uses += 1;
        self.use_time = self.use_time.saturating_add(used);
    }

    pub(crate) fn created(&mut self, took: Duration) {
        self.created += 1;
        self.create_time = self.create_time.saturating_add(took);
    }
}
