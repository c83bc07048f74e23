//! Why a checkout failed.
//!
//! Invariant: each message says what to do, and none holds a secret.

use std::fmt;
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
            Self::Timeout(_) | Self::Overloaded(_) => ErrorKind::Timeout,
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
            CheckoutPhase::Connect | CheckoutPhase::Ping => {
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
    /// A new connection, or the next attempt to make one.
    Connect,
    /// An idle connection to show that it lives.
    Ping,
}

impl fmt::Display for CheckoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "all were in use",
            Self::Connect => "still connecting",
            Self::Ping => "trying out an idle one",
        })
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

/// The same error for another checkout that it stops, without its cause, which cannot be shared.
pub(crate) fn retold(error: &DriverError, target: &str) -> DriverError {
    match error {
        DriverError::Connect {
            target,
            phase,
            reason,
            ..
        } => DriverError::Connect {
            target: target.clone(),
            phase: *phase,
            reason: reason.clone(),
            source: None,
        },
        DriverError::Authentication {
            target,
            user,
            message,
        } => DriverError::Authentication {
            target: target.clone(),
            user: user.clone(),
            message: message.clone(),
        },
        DriverError::UnknownDatabase {
            target,
            database,
            message,
        } => DriverError::UnknownDatabase {
            target: target.clone(),
            database: database.clone(),
            message: message.clone(),
        },
        DriverError::File {
            path,
            reason,
            is_corrupt,
        } => DriverError::File {
            path: path.clone(),
            reason: reason.clone(),
            is_corrupt: *is_corrupt,
        },
        DriverError::Unsupported { what } => DriverError::Unsupported { what: what.clone() },
        DriverError::Locked { message } => DriverError::Locked {
            message: message.clone(),
        },
        DriverError::Sql(error) => DriverError::Sql(error.clone()),
        DriverError::Timeout { phase, after } => DriverError::Timeout { phase, after: *after },
        other => DriverError::Connect {
            target: target.to_owned(),
            phase: ConnectPhase::Setup,
            reason: other.to_string(),
            source: None,
        },
    }
}

/// An attempt to connect that the pool gave up.
pub(crate) fn no_answer(target: &str, after: Duration) -> DriverError {
    DriverError::Connect {
        target: target.to_owned(),
        phase: ConnectPhase::Dial,
        reason: format!("no answer within {after:?}; check that the server can be reached"),
        source: None,
    }
}
