//! Connections that nobody uses.
//!
//! Invariant: what is in here is clean. The one used last is taken first, so that the rest can grow old and be closed.

use std::collections::VecDeque;
use std::time::Duration;

use plexidb_core::Connection;
use tokio::time::Instant;

use crate::budget::Unit;
use crate::health::shortening;

/// Room that is made at once; larger pools grow when they need it.
const CAPACITY_AT_ONCE: usize = 64;

/// A connection with what the pool knows of it.
pub(crate) struct Aged {
    pub(crate) connection: Box<dyn Connection>,
    pub(crate) created_at: Instant,
    /// `None` where it may live as long as time can tell.
    pub(crate) expires_at: Option<Instant>,
    /// The endpoint's epoch in which it was begun.
    pub(crate) epoch: u64,
    /// Its part of a budget, given back when the connection has ended.
    pub(crate) unit: Option<Unit>,
}

impl Aged {
    /// A new connection, whose lifetime is shortened by chance.
    pub(crate) fn new(
        connection: Box<dyn Connection>,
        lifetime_max: Duration,
        epoch: u64,
        unit: Option<Unit>,
    ) -> Box<Self> {
        let created_at = Instant::now();
        let lifetime = lifetime_max - shortening(lifetime_max / 10);
        Box::new(Self {
            connection,
            created_at,
            expires_at: created_at.checked_add(lifetime),
            epoch,
            unit,
        })
    }

    pub(crate) fn is_expired(&self, at: Instant) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= at)
    }
}

pub(crate) struct Unused {
    pub(crate) aged: Box<Aged>,
    pub(crate) since: Instant,
}

/// The idle connections, the one used last at the back.
pub(crate) struct IdleConnections {
    unused: VecDeque<Unused>,
}

impl IdleConnections {
    pub(crate) fn new(connections_max: usize) -> Self {
        Self {
            unused: VecDeque::with_capacity(connections_max.min(CAPACITY_AT_ONCE)),
        }
    }

    pub(crate) fn push(&mut self, aged: Box<Aged>, since: Instant) {
        self.unused.push_back(Unused { aged, since });
    }

    /// Since when the connection used last has been unused.
    pub(crate) fn last_since(&self) -> Option<Instant> {
        self.unused.back().map(|unused| unused.since)
    }

    /// The connection used last.
    pub(crate) fn pop_last(&mut self) -> Option<Unused> {
        self.unused.pop_back()
    }

    /// The connection that has been unused longest.
    pub(crate) fn pop_first(&mut self) -> Option<Box<Aged>> {
        self.unused.pop_front().map(|unused| unused.aged)
    }

    /// The connection that has been unused longest, if that is so since `since` or before.
    pub(crate) fn pop_first_since(&mut self, since: Instant) -> Option<Box<Aged>> {
        if self.unused.front()?.since > since {
            return None;
        }
        self.pop_first()
    }

    /// One that will have expired at the given time.
    pub(crate) fn take_expired(&mut self, at: Instant) -> Option<Box<Aged>> {
        let index = self.unused.iter().position(|unused| unused.aged.is_expired(at))?;
        self.unused.remove(index).map(|unused| unused.aged)
    }

    /// How many will have expired at the given time.
    pub(crate) fn expired(&self, at: Instant) -> usize {
        self.unused
            .iter()
            .filter(|unused| unused.aged.is_expired(at))
            .count()
    }

    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Box<Aged>> + use<> {
        std::mem::take(&mut self.unused)
            .into_iter()
            .map(|unused| unused.aged)
    }

    pub(crate) fn len(&self) -> usize {
        self.unused.len()
    }
}
