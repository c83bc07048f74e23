//! Why the shared tier cannot do what is asked for.

use plexidb_shared::node::AnnounceError;
use plexidb_shared::redis_connection::RedisConfigError;
use plexidb_shared::store::L2ConfigError;

/// Why the shared tier cannot do what is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// A write was not sent, since the processes that share results could not be told of it.
    #[error("the write was not sent, since other processes could not be told of it: {0}")]
    NotAnnounced(#[source] AnnounceError),
    /// Something was dropped in this process alone, since the others could not be told. They are told as soon as they can be.
    #[error(
        "it was dropped from the cache of this process, and the other processes will be told as soon as they can be: {0}"
    )]
    NotInvalidated(#[source] AnnounceError),
    /// Others came to reach Redis while a write took the way without it.
    #[error("the write was not sent, since other processes reach Redis again; try again")]
    MarkerClosed,
    /// A statement cannot be run while Redis is away.
    #[error(
        "{what} cannot be run while Redis cannot be reached, since other processes would not know of it; bring Redis back, or stop the others and \
         set `sole_process = true`"
    )]
    NotWithoutRedis {
        /// What kind of statement it is.
        what: &'static str,
    },
    /// Another process took this one for dead while the write was waiting, and ended its session.
    #[error(
        "the write was not sent: other processes took this one for dead, since it was silent for longer than its lease; try again"
    )]
    TakenForDead,
    /// The address of Redis cannot be used.
    #[error("[redis]: {0}")]
    Redis(#[from] RedisConfigError),
    /// The results in Redis cannot be set up.
    #[error("[redis]: {0}")]
    Results(#[from] L2ConfigError),
    /// The namespace cannot be used.
    #[error("[redis] namespace: {0}")]
    Namespace(String),
}
