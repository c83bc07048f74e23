//! A statement under way on a connection.
//!
//! Invariant: a flight that does not land (its future was dropped, or the connection broke) cancels its
//! statement and gives its connection up; if it may have written, what it touches stays held until the
//! server is known to be done with it.

use std::sync::Arc;
use std::time::Duration;

use plexidb_cache::WriteHold;
use plexidb_core::{ConnectionStatus, DriverError, Tag};
use plexidb_pool::Lease;

use crate::database::Inner;
use crate::error::Error;
use crate::in_doubt;
use crate::request::{Request, Response};
use crate::schema::Epoch;

/// How long a cancelled statement may take to end before its connection is given up.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// What a write keeps until it is decided: its slots, and the epochs by which it was planned.
pub(crate) struct Claim {
    pub(crate) hold: WriteHold,
    /// Their hold of the whole database lasts as long as this claim does; see [`Epoch`].
    pub(crate) _epochs: Vec<Arc<Epoch>>,
}

/// A leased connection with a statement on its way.
pub(crate) struct Flight {
    inner: Arc<Inner>,
    lease: Option<Lease>,
    claim: Option<Claim>,
    is_under_way: bool,
}

impl Inner {
    /// Checks a connection out.
    pub(crate) async fn depart(self: &Arc<Self>) -> Result<Flight, Error> {
        let lease = self.pool.checkout().await?;
        Ok(Flight::new(Arc::clone(self), lease))
    }
}

impl Flight {
    pub(crate) fn new(inner: Arc<Inner>, lease: Lease) -> Self {
        Self {
            inner,
            lease: Some(lease),
            claim: None,
            is_under_way: false,
        }
    }

    /// Raises the slots of these tags, before the write can become visible.
    pub(crate) fn claim(&mut self, tags: &[Tag], epochs: Vec<Arc<Epoch>>) {
        self.claim = Some(Claim {
            hold: self.inner.slots.begin_write(tags),
            _epochs: epochs,
        });
    }

    /// The connection.
    pub(crate) fn lease(&mut self) -> Result<&mut Lease, DriverError> {
        self.lease.as_mut().ok_or(DriverError::Closed)
    }

    /// Sends the request and waits for its answer, at most for `timeout`, then cancels it.
    pub(crate) async fn run(
        &mut self,
        request: Request<'_>,
        timeout: Option<Duration>,
    ) -> Result<Response, DriverError> {
        let lease = self.lease.as_mut().ok_or(DriverError::Closed)?;
        self.is_under_way = true;
        let result = match timeout {
            None => request.run(&mut **lease).await,
            Some(timeout) => run_for(timeout, request, lease).await,
        };
        // A broken connection has not landed: the statement on it may still be running.
        let is_done = lease.status() != ConnectionStatus::Broken
            && !matches!(&result, Err(error) if error.outcome_is_unknown());
        self.is_under_way = !is_done;
        result
    }

    /// Ends the flight: slots of a decided write go one version up, the connection returns to the pool.
    pub(crate) fn land(mut self) {
        self.decide();
    }

    /// Ends the write but keeps the connection.
    pub(crate) fn decide(&mut self) {
        if self.is_under_way {
            return;
        }
        if let Some(claim) = self.claim.take() {
            // Also after an error: a table without transactions keeps the rows that came before it.
            claim.hold.end();
        }
    }

    /// Whether the statement has not come to an end.
    pub(crate) fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Says whether a cursor is open, which counts as a statement under way.
    pub(crate) fn set_under_way(&mut self, is_under_way: bool) {
        self.is_under_way = is_under_way;
    }

    /// Takes the claim out, for whoever decides it.
    pub(crate) fn take_claim(&mut self) -> Option<Claim> {
        self.claim.take()
    }

    /// Takes the connection out of a flight that has landed.
    pub(crate) fn into_lease(mut self) -> Option<Lease> {
        self.decide();
        if self.is_under_way {
            None
        } else {
            self.lease.take()
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        if !self.is_under_way {
            if let Some(claim) = self.claim.take() {
                claim.hold.end();
            }
            return;
        }
        let session = lease.session();
        let canceller = lease.canceller();
        lease.discard();
        let claim = self.claim.take();
        let inner = Arc::clone(&self.inner);
        self.inner.runtime.spawn(async move {
            if let Err(error) = canceller.cancel().await {
                tracing::debug!(%error, "could not cancel an abandoned statement");
            }
            if let Some(claim) = claim {
                in_doubt::resolve(inner, session, claim).await;
            }
        });
    }
}

async fn run_for(
    timeout: Duration,
    request: Request<'_>,
    lease: &mut Lease,
) -> Result<Response, DriverError> {
    let canceller = lease.canceller();
    let answer = request.run(&mut **lease);
    tokio::pin!(answer);
    if let Ok(result) = tokio::time::timeout(timeout, &mut answer).await {
        return result;
    }
    canceller.cancel().await?;
    let timed_out = |is_decided| {
        if is_decided {
            DriverError::Cancelled {
                message: format!("it took longer than {timeout:?}"),
            }
        } else {
            DriverError::Timeout {
                phase: "statement",
                after: timeout,
            }
        }
    };
    match tokio::time::timeout(CANCEL_GRACE, answer).await {
        Ok(Err(DriverError::Cancelled { .. })) => Err(timed_out(true)),
        // It ended in the very moment of the timeout.
        Ok(result) => result,
        Err(_) => Err(timed_out(false)),
    }
}
