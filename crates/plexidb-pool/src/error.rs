//! Why a checkout failed.
//!
//! Invariant: each message says what to do, and none holds a secret.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{ConnectPhase, DriverError, ErrorKind};

use crate::stats::PoolStats;

/// Why no connection was to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// It took too long.
    #[error(transparent)]
    Timeout(Box<CheckoutTimeout>),
    /// The pool cannot keep up, so that this checkout was turned away.
    #[error(transparent)]
    Overloaded(Box<Overload>),
    /// No connection could be made. All who waited for the attempt get the same error.
    #[error(transparent)]
    Connect(Arc<DriverError>),
    /// The pool is closed.
    #[error("the connection pool is closed")]
    Closed,
}

impl PoolError {
    /// The stable kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout(_) | Self::Overloaded(_) => ErrorKind::Timeout,
            Self::Connect(error) => error.kind(),
            Self::Closed => ErrorKind::Closed,
        }
    }
}

impl From<DriverError> for PoolError {
    fn from(error: DriverError) -> Self {
        Self::Connect(Arc::new(error))
    }
}

/// A checkout that took too long.
#[derive(Clone, Debug)]
pub struct CheckoutTimeout {
    /// The database, without credentials.
    pub target: String,
    /// What it was waiting for.
    pub phase: CheckoutPhase,
    /// How long it took in all.
    pub waited: Duration,
    /// Why the last attempt to connect failed, unless one has succeeded since.
    pub last_connect_error: Option<Arc<DriverError>>,
    /// The pool at that moment.
    pub stats: PoolStats,
}

impl StdError for CheckoutTimeout {
    /// The cause of the last connect error: that error's own message is part of this one's.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.last_connect_error.as_deref()?.source()
    }
}

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
            CheckoutPhase::Connect(Some(ConnectPhase::Resolve)) => {
                "check the host's name and the name server"
            }
            CheckoutPhase::Connect(Some(ConnectPhase::Tls)) => {
                "check that the server speaks TLS at this port, or its sslmode"
            }
            CheckoutPhase::Connect(Some(ConnectPhase::Auth | ConnectPhase::Setup)) => {
                "the server was reached; check that it is not overloaded"
            }
            CheckoutPhase::Connect(_) | CheckoutPhase::Backoff | CheckoutPhase::Ping => {
                "check that the server can be reached and has connections left"
            }
        })?;
        match last_connect_error {
            Some(error) => write!(f, "; the last attempt to connect failed: {error}"),
            None => Ok(()),
        }
    }
}

/// What a checkout waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckoutPhase {
    /// A connection to come back.
    Queue,
    /// A new connection, and how far that had come, where the driver tells.
    Connect(Option<ConnectPhase>),
    /// The time at which the next attempt to connect is due, after others have failed.
    Backoff,
    /// An idle connection to show that it lives.
    Ping,
}

impl fmt::Display for CheckoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue => f.write_str("all were in use"),
            Self::Connect(None) => f.write_str("still connecting"),
            Self::Connect(Some(phase)) => write!(f, "still connecting, at {phase}"),
            Self::Backoff => f.write_str("before the next attempt to connect"),
            Self::Ping => f.write_str("trying out an idle one"),
        }
    }
}

/// A checkout that was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overload {
    /// The database, without credentials.
    pub target: String,
    /// How long it had waited.
    pub waited: Duration,
    /// The pool at that moment.
    pub stats: PoolStats,
}

impl std::error::Error for Overload {}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            waited,
            stats,
        } = self;
        write!(
            f,
            "the pool for {target} is overloaded: more is asked of it than its connections can serve; this checkout was \
             turned away after {waited:?} ({stats}); try again later and not at once, ask for less, or raise the size of the \
             pool"
        )
    }
}

/// An attempt to connect that the pool gave up.
pub(crate) fn no_answer(target: &str, phase: Option<ConnectPhase>, after: Duration) -> DriverError {
    DriverError::Connect {
        target: target.to_owned(),
        phase: phase.unwrap_or(ConnectPhase::Dial),
        reason: format!("no answer within {after:?}; check that the server can be reached"),
        source: None,
    }
}
