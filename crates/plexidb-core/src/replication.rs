//! What a server says of its part in a replication: its role, how far its history has come, how far it lags.
//!
//! Must not know how a server is asked, or what a pool makes of the answer.

use std::time::Duration;

mod position;

pub use position::{MalformedPosition, Position};

/// The part that a server plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplicationRole {
    /// It follows nobody. It may still refuse writes: see [`ReplicationState::refuses_writes`].
    Primary,
    /// It replays what another server writes.
    Replica,
}

/// The answer to [`Connection::replication`](crate::Connection::replication).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationState {
    /// The part that the server plays.
    pub role: ReplicationRole,
    /// Whether the server is set to refuse the writes of sessions like this one. A primary that does is no place for
    /// writes: it was perhaps replaced by another.
    pub refuses_writes: bool,
    /// Of a primary a position that covers every commit which was acknowledged before it was asked; of a replica what it
    /// has replayed. `None` where the server has none, or does not tell.
    pub position: Option<Position>,
    /// How old the state is that a replica shows: zero where it has replayed all that it has received, else the time since
    /// the last replayed commit was made. Zero for a primary; `None` where replication is stopped or the server does not
    /// tell. It is by two servers' clocks, and does not count what has not arrived: use it to choose, never to prove.
    pub replay_lag: Option<Duration>,
}

impl ReplicationState {
    /// The state of a database that is not replicated.
    #[must_use]
    pub fn of_single(refuses_writes: bool) -> Self {
        Self {
            role: ReplicationRole::Primary,
            refuses_writes,
            position: None,
            replay_lag: Some(Duration::ZERO),
        }
    }
}
