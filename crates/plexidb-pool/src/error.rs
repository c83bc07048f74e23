//! Why a checkout failed.

use std::fmt;
use std::time::Duration;

use plexidb_core::{DriverError, ErrorKind};

use crate::stats::PoolStats;

/// Why no connection was to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// It took too long.
    #[error(transparent)]
    Timeout(Box<CheckoutTimeout>),
    /// No connection could be made.
    #[error(transparent)]
    Connect(#[from] DriverError),
    /// The pool is closed.
    #[error("the connection pool is closed")]
    Closed,
}

impl PoolError {
    /// The stable kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Connect(error) => error.kind(),
            Self::Closed => ErrorKind::Closed,
        }
    }
}

/// A checkout that took too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutTimeout {
    /// The database, without credentials.
    pub target: String,
    /// What it was waiting for.
    pub phase: CheckoutPhase,
    /// How long it took in all.
    pub waited: Duration,
    /// What the last attempt to connect said, unless one has succeeded since.
    pub last_connect_error: Option<String>,
    /// The pool at that moment.
    pub stats: PoolStats,
}

impl std::error::Error for CheckoutTimeout {}

impl fmt::Display for CheckoutTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            phase,
            waited,
            last_connect_error,
            stats,
        } = self;
        write!(
            f,
            "no connection to {target} within {waited:?} ({phase}: {stats}); "
        )?;
        f.write_str(match phase {
            CheckoutPhase::Queue => "end transactions sooner, or raise the size of the pool",
            CheckoutPhase::Connect => "check that the server can be reached and has connections left",
        })?;
        match last_connect_error {
            Some(error) => write!(f, "; the last attempt to connect failed: {error}"),
            None => Ok(()),
        }
    }
}

/// What a checkout waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutPhase {
    /// A connection to come back.
    Queue,
    /// A new connection.
    Connect,
}

impl fmt::Display for CheckoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "all were in use",
            Self::Connect => "still connecting",
        })
    }
}
