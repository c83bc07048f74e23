//! What a server is to the others of its group, and what was seen of it.
//!
//! Invariant: what was seen later counts; an answer that comes late does not undo it.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::mark::Mark;

/// What a server is to the others of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows the primary and takes reads only.
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        })
    }
}

/// What a check has seen of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Whether it takes writes.
    pub role: Role,
    /// The number that a promotion raises, where the database has one (PostgreSQL's timeline). The newest that was seen in a group
    /// says which of several primaries is the right one.
    pub timeline: Option<u64>,
    /// How far a replica was behind its primary, where that is known.
    pub lag: Option<Duration>,
    /// What a replica had replayed at least, where that is known.
    pub mark: Option<Mark>,
    /// When the check was sent. What is older than what is known already does not count.
    pub asked_at: Instant,
}

impl Observation {
    /// A server that takes writes.
    #[must_use]
    pub fn primary(asked_at: Instant) -> Self {
        Self::of(Role::Primary, asked_at)
    }

    /// A server that takes reads only, about whose lag and position nothing is known.
    #[must_use]
    pub fn replica(asked_at: Instant) -> Self {
        Self::of(Role::Replica, asked_at)
    }

    fn of(role: Role, asked_at: Instant) -> Self {
        Self {
            role,
            timeline: None,
            lag: None,
            mark: None,
            asked_at,
        }
    }

    /// With its timeline.
    #[must_use]
    pub fn timeline(mut self, timeline: u64) -> Self {
        self.timeline = Some(timeline);
        self
    }

    /// With its lag.
    #[must_use]
    pub fn lag(mut self, lag: Duration) -> Self {
        self.lag = Some(lag);
        self
    }

    /// With what it has replayed.
    #[must_use]
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }
}
