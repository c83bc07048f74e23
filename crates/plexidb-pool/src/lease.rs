//! A connection that is checked out.
//!
//! Invariant: it goes back to the pool only if the protocol says that it is idle and nobody has tainted it, or after a
//! reset; otherwise it is closed in the background, and its place is free at once.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Connection, ConnectionStatus, DriverError};
use tokio::time::Instant;

use crate::checkin::Ended;
use crate::hooks::CloseReason;
use crate::idle::Aged;
use crate::ledger::Fit;
use crate::out::RecordNumber;
use crate::pool::Shared;

/// A connection that is checked out of a [`Pool`](crate::Pool); dropping it gives it back.
#[must_use = "a lease that is dropped is given back at once"]
pub struct Lease {
    /// `None` only while it is dropped.
    aged: Option<Box<Aged>>,
    pool: Arc<Shared>,
    record: RecordNumber,
    since: Instant,
    /// Since when the connection has been unused, while it has not shown yet that it lives.
    suspect_since: Option<Instant>,
    is_tainted: bool,
    is_altered: bool,
    /// Whether the checkout is among the figures.
    pub(crate) is_counted: bool,
    /// Whether a caller has it; before that nothing is told of it.
    pub(crate) is_in_use: bool,
}

/// What becomes of the connection of a lease.
enum Fate {
    Kept,
    Reset,
    Closed(CloseReason),
}

impl Lease {
    pub(crate) fn new(fit: Fit, pool: Arc<Shared>, record: RecordNumber, since: Instant) -> Self {
        Self {
            aged: Some(fit.aged),
            pool,
            record,
            since,
            suspect_since: fit.suspect_since,
            is_tainted: false,
            is_altered: false,
            is_counted: false,
            is_in_use: false,
        }
    }

    /// Says that the session is not as a new one any more (settings, temporary tables, locks), so that it must not be
    /// handed to somebody else: it is closed at the end of the lease.
    pub fn taint(&mut self) {
        self.is_tainted = true;
    }

    /// Says that the session is altered for the time being: unless it is [`restored`](Self::restored) before the end of the
    /// lease, it is reset, or closed as a [tainted](Self::taint) one is where its driver cannot do that.
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

    /// Says that the server which this connection leads to is not fit for use any more (it shuts down, restarts, or takes no
    /// writes): all connections of the pool that were begun by now are closed, this one included, when they are given back.
    /// Of many leases that say so of the same server only the first counts. Returns the number of the epoch that holds now.
    pub fn invalidate_endpoint(&mut self) -> u64 {
        let epoch = self.aged.as_ref().map(|aged| aged.epoch);
        self.pool.retire(epoch)
    }

    /// Draws the consequences of an error for the other connections to the same server: where the server itself says that it is no
    /// place to stay, as [`invalidate_endpoint`](Self::invalidate_endpoint); where this connection was lost, as
    /// [`suspect_endpoint`](Self::suspect_endpoint); else none. Not to be called for the refusal of a write which the caller
    /// itself has forbidden by a read-only transaction.
    pub fn heed(&mut self, error: &DriverError) {
        if error.retires_endpoint() {
            self.invalidate_endpoint();
        } else if self.status() == ConnectionStatus::Broken {
            self.suspect_endpoint();
        }
    }

    /// After a reset: what was said of the session before does not hold any more.
    pub(crate) fn untaint(&mut self) {
        self.is_tainted = false;
    }

    /// Says that the connection was lost, so that others are likely to be: each that is idle now must show that it lives
    /// before it is used again. Unlike [`invalidate_endpoint`](Self::invalidate_endpoint) it closes none that does.
    pub fn suspect_endpoint(&self) {
        self.pool.ledger().health.suspect_before = Some(Instant::now());
    }

    /// Whether it must show that it lives before it is used.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect_since.is_some()
    }

    /// It has shown that it lives.
    pub(crate) fn trust(&mut self) {
        self.suspect_since = None;
    }

    /// Ends the lease and closes the connection for the given reason.
    pub(crate) fn give_up(mut self, reason: CloseReason) {
        if let Some(aged) = self.aged.take() {
            let ended = self.ended();
            self.pool.end(aged, ended, reason);
        }
    }

    /// Takes apart a lease that reached nobody.
    pub(crate) fn into_fit(mut self) -> Option<(Fit, RecordNumber)> {
        let aged = self.aged.take()?;
        let suspect_since = self.suspect_since;
        Some((Fit { aged, suspect_since }, self.record))
    }

    fn fate(&self, aged: &Aged) -> Fate {
        match aged.connection.status() {
            ConnectionStatus::Broken => Fate::Closed(CloseReason::Broken),
            _ if self.is_tainted => Fate::Closed(CloseReason::Unclean),
            ConnectionStatus::Idle if !self.is_altered => Fate::Kept,
            _ if aged.connection.can_reset() => Fate::Reset,
            _ => Fate::Closed(CloseReason::Unclean),
        }
    }

    fn ended(&self) -> Ended {
        Ended {
            record: self.record,
            used: self.is_in_use.then(|| self.since.elapsed()),
        }
    }

    /// How long it has been out.
    #[must_use]
    pub fn held(&self) -> Duration {
        self.since.elapsed()
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
        match self.fate(&aged) {
            Fate::Kept => {
                let suspect_since = self.suspect_since;
                self.pool.check_in(
                    Fit { aged, suspect_since },
                    self.record,
                    self.is_in_use.then_some(self.since),
                );
            }
            Fate::Reset => self.pool.reset(aged, self.ended(), self.since),
            Fate::Closed(reason) => self.pool.end(aged, self.ended(), reason),
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
