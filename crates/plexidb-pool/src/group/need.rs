//! What a statement needs of the server that runs it.

use std::time::Duration;

use super::mark::Mark;
use crate::config::Priority;

/// Whether a statement may change something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// It may: it goes to the primary and nowhere else.
    #[default]
    Write,
    /// It only reads, so that a replica may serve it.
    Read,
}

/// What a statement needs of the server that runs it; by default the primary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Whether it may change something.
    pub intent: Intent,
    /// Only replicas with this tag serve the read, or else the primary. Without meaning for writes.
    pub tag: Option<String>,
    /// What a replica must have replayed, so that the reader sees its own writes. Without meaning for writes.
    pub at_least: Option<Mark>,
    /// How old the data of a replica may be. As nothing is known of the time since the last check, its age counts in: checks
    /// must come more often than this. Without meaning for writes.
    pub lag_max: Option<Duration>,
    /// How long to wait where no server is fit, for one to become so (a primary after a failover); default not at all. The pool's
    /// own timeout comes on top.
    pub patience: Duration,
    /// Who asks.
    pub priority: Priority,
}

impl Need {
    /// Somebody who may change something.
    #[must_use]
    pub fn write() -> Self {
        Self::default()
    }

    /// Somebody who only reads, and takes data of any age.
    #[must_use]
    pub fn read() -> Self {
        Self {
            intent: Intent::Read,
            ..Self::default()
        }
    }

    /// Served by replicas with this tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Served by replicas that have replayed this.
    #[must_use]
    pub fn at_least(mut self, mark: Mark) -> Self {
        self.at_least = Some(mark);
        self
    }

    /// Served by replicas whose data is not older than this.
    #[must_use]
    pub fn lag_max(mut self, lag_max: Duration) -> Self {
        self.lag_max = Some(lag_max);
        self
    }

    /// Waits so long for a server that is fit.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}
