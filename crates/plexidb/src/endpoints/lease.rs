//! A connection that is checked out, and what its use tells of the server.
//!
//! Invariant: a server that says that it is no place to stay is left, but a refusal that the caller itself has asked for (a
//! read-only transaction) tells nothing.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use plexidb_core::DriverError;
use plexidb_pool::{EndpointGuard, Lease, Outcome};

use super::replica_set::ReplicaSet;

/// A connection to one of the servers of a database; dropping it gives it back.
pub(crate) struct EndpointLease {
    lease: Lease,
    /// `None` where the database has one server.
    seat: Option<Seat>,
    /// Whether the caller has asked that writes be refused.
    is_read_only: bool,
}

/// The use of one server of several.
struct Seat {
    guard: EndpointGuard,
    set: Arc<ReplicaSet>,
    origin: Origin,
}

/// Where a session is, and when it was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The server's place in the configuration.
    pub(crate) index: usize,
    /// That of the group at the checkout.
    pub(crate) epoch: u64,
}

impl EndpointLease {
    pub(crate) fn of_pool(lease: Lease) -> Self {
        Self {
            lease,
            seat: None,
            is_read_only: false,
        }
    }

    pub(super) fn of_group(lease: Lease, guard: EndpointGuard, set: Arc<ReplicaSet>, origin: Origin) -> Self {
        Self {
            lease,
            seat: Some(Seat { guard, set, origin }),
            is_read_only: false,
        }
    }

    /// Says that the caller asks the server to refuse its writes.
    pub(crate) fn expect_refusals(&mut self) {
        self.is_read_only = true;
    }

    /// Where the session is.
    pub(crate) fn origin(&self) -> Origin {
        self.seat
            .as_ref()
            .map_or_else(Origin::default, |seat| seat.origin)
    }

    /// The server's name, where there are several.
    pub(crate) fn endpoint(&self) -> Option<Arc<String>> {
        let seat = self.seat.as_ref()?;
        Some(seat.set.name(seat.origin.index))
    }

    /// Whether the server was chosen as a replica.
    pub(crate) fn is_of_replica(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| !seat.guard.is_primary())
    }

    /// Says that what the server shows is about to be read in a transaction, past the choice of a server.
    pub(crate) fn read_on(&self) {
        if let Some(seat) = &self.seat {
            let is_replica = !seat.guard.is_primary();
            seat.set.read_from(seat.origin.index, is_replica);
        }
    }

    /// The time, where somebody wants to know how long a statement takes.
    pub(crate) fn clock(&self) -> Option<Instant> {
        self.seat.as_ref().map(|_| Instant::now())
    }

    /// Ends the lease and closes the connection.
    pub(crate) fn discard(self) {
        self.lease.discard();
    }

    /// Takes note of how an exchange ended that was begun at this time; once for each, also where the database has one server: other
    /// connections may be the next victims of what this one has met.
    pub(crate) fn note<T>(&mut self, result: &Result<T, DriverError>, sent: Option<Instant>) {
        let took = sent.map(|sent| sent.elapsed()).unwrap_or_default();
        let error = match result {
            Ok(_) => {
                if let Some(seat) = &self.seat {
                    seat.guard.note(Outcome::Answered(took));
                }
                return;
            }
            Err(error) => error,
        };
        let is_refusal = matches!(
            error,
            DriverError::ReadOnly {
                is_of_server: true,
                ..
            }
        );
        let is_own_wish = is_refusal && self.is_read_only;
        if let Some(seat) = &self.seat {
            if is_refusal && !is_own_wish {
                seat.guard.note(Outcome::ReadOnly);
            } else if let Some(outcome) = Outcome::of_error(error, took) {
                seat.guard.note(outcome);
            }
        }
        if !is_own_wish {
            self.lease.heed(error);
        }
        if let Some(seat) = &self.seat {
            if error.retires_endpoint() || error.outcome_is_unknown() {
                seat.set.ask_again();
            }
            seat.set.follow_takeover();
        }
    }
}

impl Deref for EndpointLease {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl DerefMut for EndpointLease {
    fn deref_mut(&mut self) -> &mut Lease {
        &mut self.lease
    }
}
