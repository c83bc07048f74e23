//! What came of the use of an endpoint, as far as the choice of endpoints is concerned.
//!
//! Invariant: only what the network or the protocol did opens a breaker; an exhausted pool or a rejected statement never does.

use std::time::Duration;

use plexidb_core::{ConnectPhase, DriverError};

use crate::error::{CheckoutPhase, PoolError};

/// What came of the use of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered within this time, be it with an error of SQL.
    Answered(Duration),
    /// The network or the protocol failed. It opens the breaker in the end, and counts as a long latency.
    Failed,
    /// It gave no connection though it can be reached: its pool is exhausted, or it refused the login. It counts as a long latency.
    Refused,
    /// It refused a write because it takes none. It is no primary from now on, until it is seen to be one again. Only
    /// where the server itself is read-only, not where the caller's transaction is.
    ReadOnly,
}

impl Outcome {
    /// What an error means that came `elapsed` after the statement was sent; `None` where it tells nothing of the endpoint.
    ///
    /// [`DriverError::ReadOnly`] is an answer here, since the transaction may be read-only by the caller's own wish: where it
    /// is not, say [`Outcome::ReadOnly`].
    #[must_use]
    pub fn of_error(error: &DriverError, elapsed: Duration) -> Option<Self> {
        match error {
            // No answer came in time, not even to the cancellation: so is a server behind a network that is cut silently.
            DriverError::ConnectionLost { .. }
            | DriverError::Protocol { .. }
            | DriverError::Timeout { .. } => Some(Self::Failed),
            DriverError::Connect { .. } | DriverError::Authentication { .. } => Some(of_connect(error)),
            DriverError::Sql(_) | DriverError::Locked { .. } | DriverError::ReadOnly { .. } => {
                Some(Self::Answered(elapsed))
            }
            _ => None,
        }
    }

    /// What it means that the pool gave no connection.
    pub(crate) fn of_checkout(error: &PoolError) -> Self {
        match error {
            PoolError::Connect(error) => of_connect(error),
            PoolError::Timeout(timeout) if timeout.phase == CheckoutPhase::Ping => Self::Failed,
            // The server may merely have no connections left: in doubt that is no reason to open the breaker.
            PoolError::Timeout(_) | PoolError::Overloaded(_) | PoolError::Closed => Self::Refused,
        }
    }
}

/// A server that got as far as the login was reached: it may have no connections left, or not know the user.
fn of_connect(error: &DriverError) -> Outcome {
    match error {
        DriverError::Connect {
            phase: ConnectPhase::Resolve | ConnectPhase::Dial | ConnectPhase::Tls,
            ..
        }
        | DriverError::ConnectionLost { .. }
        | DriverError::Protocol { .. } => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests;
