//! A connection that is checked out.
//!
//! Invariant: it goes back to the pool only if the protocol says that it is idle and nobody has tainted it; otherwise
//! it is closed in the background, and its slot is free at once.

use std::fmt;
use std::ops::{Deref, DerefMut};

use plexidb_core::{Connection, ConnectionStatus};

use crate::idle::Aged;
use crate::slot::Slot;

/// A connection that is checked out of a [`Pool`](crate::Pool); dropping it gives it back.
#[must_use = "a lease that is dropped is given back at once"]
pub struct Lease {
    /// `None` only while it is dropped.
    aged: Option<Aged>,
    is_tainted: bool,
    is_altered: bool,
    /// Dropped after the connection is back: a slot that is free before it would let one connection too many be made.
    slot: Slot,
}

impl Lease {
    pub(crate) fn new(aged: Aged, slot: Slot) -> Self {
        Self {
            aged: Some(aged),
            is_tainted: false,
            is_altered: false,
            slot,
        }
    }

    /// Says that the session is not as a new one any more (settings, temporary tables, locks), so that it must not be
    /// handed to somebody else: it is closed at the end of the lease.
    pub fn taint(&mut self) {
        self.is_tainted = true;
    }

    /// Says that the session is altered for the time being: unless it is [`restored`](Self::restored) before the end of the
    /// lease, it is closed as a [tainted](Self::taint) one is.
    pub fn alter(&mut self) {
        self.is_altered = true;
    }

    /// Says that what [`alter`](Self::alter) announced is undone. A taint stays.
    pub fn restored(&mut self) {
        self.is_altered = false;
    }

    /// Ends the lease and closes the connection in the background.
    pub fn discard(mut self) {
        self.taint();
    }
}

impl Deref for Lease {
    type Target = dyn Connection;

    #[expect(clippy::expect_used, reason = "only drop takes the connection out")]
    fn deref(&self) -> &Self::Target {
        &*self
            .aged
            .as_ref()
            .expect("a lease has its connection until it is dropped")
            .connection
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "only drop takes the connection out")]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self
            .aged
            .as_mut()
            .expect("a lease has its connection until it is dropped")
            .connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(aged) = self.aged.take() else { return };
        if self.is_tainted || self.is_altered || aged.connection.status() != ConnectionStatus::Idle {
            self.slot.pool.give_up(aged);
        } else {
            self.slot.pool.check_in(aged);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("status", &self.status())
            .field("session", &self.session())
            .field("is_tainted", &self.is_tainted)
            .field("is_altered", &self.is_altered)
            .finish_non_exhaustive()
    }
}
