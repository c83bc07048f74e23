//! Connections that nobody uses.
//!
//! Invariant: what is in here is clean. The one used last is taken first, so that the rest can grow old and be closed.

use std::collections::VecDeque;
use std::time::Duration;

use plexidb_core::Connection;
use tokio::time::Instant;

/// Room that is made at once; larger pools grow when they need it.
const CAPACITY_AT_ONCE: usize = 64;

/// A connection with its age.
pub(crate) struct Aged {
    pub(crate) connection: Box<dyn Connection>,
    pub(crate) created_at: Instant,
}

struct Unused {
    aged: Aged,
    since: Instant,
}

/// The idle connections, the one used last at the back.
pub(crate) struct IdleConnections {
    unused: VecDeque<Unused>,
    pub(crate) is_closed: bool,
}

impl IdleConnections {
    pub(crate) fn new(connections_max: usize) -> Self {
        Self {
            unused: VecDeque::with_capacity(connections_max.min(CAPACITY_AT_ONCE)),
            is_closed: false,
        }
    }

    pub(crate) fn push(&mut self, aged: Aged, now: Instant) {
        self.unused.push_back(Unused { aged, since: now });
    }

    /// The connection used last, and how long ago that was.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Aged, Duration)> {
        let Unused { aged, since } = self.unused.pop_back()?;
        Some((aged, now.saturating_duration_since(since)))
    }

    /// The connection that has been unused longest, if that is `timeout` or more.
    pub(crate) fn pop_unused(&mut self, now: Instant, timeout: Duration) -> Option<Aged> {
        let oldest = self.unused.front()?;
        if now.saturating_duration_since(oldest.since) < timeout {
            return None;
        }
        self.unused.pop_front().map(|unused| unused.aged)
    }

    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Aged> + use<> {
        std::mem::take(&mut self.unused)
            .into_iter()
            .map(|unused| unused.aged)
    }

    pub(crate) fn len(&self) -> usize {
        self.unused.len()
    }
}
