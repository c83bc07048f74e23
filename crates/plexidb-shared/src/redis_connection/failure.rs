//! Why a call did not get its answer, and whether the connection is to blame.

use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

#[cfg(test)]
mod tests;

/// Why a call did not get its answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisFailure {
    /// The connection is known to be down: nothing was sent.
    #[error("Redis is out of reach: {error}")]
    Unavailable {
        /// What has been found last.
        error: Arc<str>,
    },
    /// No answer in time. The command may still take effect.
    #[error("Redis did not answer within {after:?}")]
    Timeout {
        /// What was waited for.
        after: Duration,
    },
    /// The connection broke. The command may have taken effect.
    #[error("the connection to Redis was lost: {error}")]
    Lost {
        /// In the words of the client.
        error: Arc<str>,
    },
    /// Redis answered with an error.
    #[error("Redis refused: {code} {message}")]
    Refused {
        /// The error's first word: `OOM`, `READONLY`, `NOPERM`, `ERR` …
        code: Arc<str>,
        /// The rest of it.
        message: Arc<str>,
    },
}

impl RedisFailure {
    /// What an error means. `finds_primary` tells that a new connection could lead to another server.
    pub(super) fn of(error: &RedisError, finds_primary: bool) -> Self {
        let lost = || Self::Lost {
            error: error.to_string().into(),
        };
        match error.kind() {
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain,
            ) => lost(),
            ErrorKind::Server(ServerErrorKind::ReadOnly) if finds_primary => lost(),
            ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
                // The password was changed under the connection: a new one says so, or gets in.
                Some("NOAUTH" | "WRONGPASS") => lost(),
                code => Self::Refused {
                    code: code.unwrap_or("ERR").into(),
                    message: error.detail().unwrap_or_default().into(),
                },
            },
            _ => lost(),
        }
    }

    /// Whether the connection must be tried before it is used again.
    pub(super) fn is_of_the_connection(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Lost { .. })
    }
}
