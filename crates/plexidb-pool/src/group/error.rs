//! Why a group gave no connection.
//!
//! Invariant: each message says what to do, and none holds a secret.

use std::time::Duration;

use plexidb_core::ErrorKind;

use super::fitness::Unfit;
use crate::error::PoolError;

/// Endpoints that cannot be a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the endpoints of \"{group}\" are not a group: {reason}")]
pub struct InvalidGroup {
    /// The group's name.
    pub group: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Why a group gave no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No server is known to take writes.
    #[error(
        "no server of \"{group}\" takes writes: all are replicas or read-only; promote one, or name the primary in the configuration{}",
        unfit_list(.unfit)
    )]
    NoPrimary {
        /// The group's name.
        group: String,
        /// Why no replica served it, where it was a read.
        unfit: Vec<(String, Unfit)>,
    },
    /// Several servers take writes, and nothing says which of them is the right one. A write to either might be lost.
    #[error(
        "several servers of \"{group}\" take writes ({}), and none has a newer timeline: nothing is written until that is settled; make \
         all but one read-only or stop them{}",
        .endpoints.join(", "),
        unfit_list(.unfit)
    )]
    SeveralPrimaries {
        /// The group's name.
        group: String,
        /// Their names.
        endpoints: Vec<String>,
        /// Why no replica served it, where it was a read.
        unfit: Vec<(String, Unfit)>,
    },
    /// The only servers that take writes are on a timeline that is over: one was promoted since. A write would be lost.
    #[error(
        "{} of \"{group}\" takes writes, but timeline {newest} was begun since: nothing is written there; rebuild it as a replica of the \
         new primary, and add that one to the group; if the databases were set up anew, forget what was observed{}",
        .endpoints.join(", "),
        unfit_list(.unfit)
    )]
    OutdatedPrimary {
        /// The group's name.
        group: String,
        /// Their names.
        endpoints: Vec<String>,
        /// The newest timeline that was seen.
        newest: u64,
        /// Why no replica served it, where it was a read.
        unfit: Vec<(String, Unfit)>,
    },
    /// The only servers that take writes are such from which another has taken over. It may have acknowledged writes that they
    /// lack.
    #[error(
        "{} of \"{group}\" takes writes, but {successor} has taken over from it: nothing is written there before it has followed \
         {successor}, which refuses writes now; if {successor} is to be given up, forget what was observed{}",
        .endpoints.join(", "),
        unfit_list(.unfit)
    )]
    DeposedPrimary {
        /// The group's name.
        group: String,
        /// Their names.
        endpoints: Vec<String>,
        /// The name of the one that took over last.
        successor: String,
        /// Why no replica served it, where it was a read.
        unfit: Vec<(String, Unfit)>,
    },
    /// The primary fails, so that it is left alone for a while.
    #[error(
        "{endpoint}, the primary of \"{group}\", cannot be reached: it is tried again {}; check the server and the network{}",
        .retry_in.map_or_else(|| "now".to_owned(), |retry_in| format!("in {retry_in:?}")),
        unfit_list(.unfit)
    )]
    Unavailable {
        /// The group's name.
        group: String,
        /// The primary's name.
        endpoint: String,
        /// When it is tried again; `None` where that is under way.
        retry_in: Option<Duration>,
        /// Why no replica served it, where it was a read.
        unfit: Vec<(String, Unfit)>,
    },
    /// The pool of an endpoint gave none.
    #[error("{endpoint} of \"{group}\": {source}")]
    Pool {
        /// The group's name.
        group: String,
        /// The endpoint's name.
        endpoint: String,
        /// What the pool says.
        source: PoolError,
    },
    /// There is not one connection to the endpoint, and others that would have served it gave none either.
    #[error(
        "no connection to {endpoint} of \"{group}\" after {waited:?}, nor to another server; check the servers and the network"
    )]
    NoConnection {
        /// The group's name.
        group: String,
        /// The endpoint that was tried last.
        endpoint: String,
        /// How long it was tried.
        waited: Duration,
    },
}

impl GroupError {
    /// The stable kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoPrimary { .. }
            | Self::SeveralPrimaries { .. }
            | Self::OutdatedPrimary { .. }
            | Self::DeposedPrimary { .. } => ErrorKind::ReadOnly,
            Self::Unavailable { .. } | Self::NoConnection { .. } => ErrorKind::Connect,
            Self::Pool { source, .. } => source.kind(),
        }
    }
}

fn unfit_list(unfit: &[(String, Unfit)]) -> String {
    if unfit.is_empty() {
        return String::new();
    }
    let unfit: Vec<_> = unfit
        .iter()
        .map(|(name, reason)| format!("{name}: {reason}"))
        .collect();
    format!("; no replica can serve the read either ({})", unfit.join(", "))
}
