//! How far a read may be served by replicas.

use std::time::Duration;

/// Whether replicas may serve a read, and how old what they show may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replicas {
    /// The primary alone.
    Never,
    /// Replicas that have replayed every write which was acknowledged through this manager, before the read began, to what
    /// the read depends on; else the primary. What others have written shows as of the last check or later, and later reads do
    /// not go back behind that check: see `docs/freshness.md`.
    Strict,
    /// Also replicas that are at most so far behind, whose rows may lack writes of that time, the reader's own included. Such
    /// rows are cached only where the replica is as fresh as [`Strict`](Self::Strict) demands. The age of the last check counts
    /// in (`replica_check_interval`), so that less than that finds no replica.
    Lag(Duration),
}
