//! A connection that a group has given, and the count of those who use its endpoint.
//!
//! Invariant: whoever is counted as in flight has a guard, so that nobody is counted any more once all guards are dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::time::Instant;

use super::Shared;
use super::board::Ticket;
use super::endpoint::EndpointId;
use super::outcome::Outcome;
use crate::lease::Lease;

/// A connection to an endpoint of a [`Group`](crate::Group); dropping it gives it back.
#[derive(Debug)]
#[must_use = "a lease that is dropped is given back at once"]
pub struct GroupLease {
    lease: Lease,
    guard: EndpointGuard,
}

impl GroupLease {
    pub(crate) fn new(lease: Lease, guard: EndpointGuard) -> Self {
        Self { lease, guard }
    }

    /// The use of the endpoint.
    pub fn endpoint(&self) -> &EndpointGuard {
        &self.guard
    }

    /// Notes what came of a statement; see [`EndpointGuard::note`].
    pub fn note(&self, outcome: Outcome) {
        self.guard.note(outcome);
    }

    /// Ends the lease and closes the connection in the background.
    pub fn discard(self) {
        self.lease.discard();
    }

    /// The connection, and the use of the endpoint, which are to end together.
    pub fn into_parts(self) -> (Lease, EndpointGuard) {
        (self.lease, self.guard)
    }
}

impl Deref for GroupLease {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl DerefMut for GroupLease {
    fn deref_mut(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

/// The use of an endpoint: it counts as in flight until this is dropped.
#[must_use = "the endpoint counts as unused once this is dropped"]
pub struct EndpointGuard {
    shared: Arc<Shared>,
    ticket: Ticket,
}

impl EndpointGuard {
    pub(crate) fn new(shared: Arc<Shared>, ticket: Ticket) -> Self {
        Self { shared, ticket }
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Which endpoint it is.
    #[must_use]
    pub fn id(&self) -> EndpointId {
        EndpointId(self.ticket.index)
    }

    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.names[self.ticket.index]
    }

    /// Whether the endpoint still has the role for which it was chosen. To be asked before a write is sent over a connection
    /// that was checked out a while ago: its server may not be the primary any more.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.shared.board().is_current(self.ticket)
    }

    /// Whether the endpoint takes the writes now.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.shared.board().writer == Ok(self.ticket.index)
    }

    /// The timeline of the endpoint as it was seen last: what belongs to a position that is read from it.
    #[must_use]
    pub fn timeline(&self) -> Option<u64> {
        self.shared.board().members[self.ticket.index].timeline()
    }

    /// Notes what came of a statement; once for each statement. The group lives from it: without any outcome it knows no latencies,
    /// and a breaker that is open is closed by successful checks alone.
    pub fn note(&self, outcome: Outcome) {
        let now = Instant::now();
        let has_changed = self.shared.board().note(self.ticket, outcome, now);
        self.shared.role_was_noted(self.ticket.index, has_changed);
    }
}

impl Drop for EndpointGuard {
    fn drop(&mut self) {
        self.shared.board().leave(self.ticket, Instant::now);
    }
}

impl fmt::Debug for EndpointGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointGuard")
            .field("endpoint", &self.name())
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
