//! A statement under way on a connection.
//!
//! Invariant: a flight that does not land (its future was dropped, or the connection broke) cancels its
//! statement and gives its connection up; if it may have written, what it touches stays held until the
//! server is known to be done with it.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{ConnectionStatus, DriverError};
use plexidb_pool::Priority;
use tokio::sync::OwnedSemaphorePermit;

use crate::database::Inner;
use crate::endpoints::{EndpointLease, Route};
use crate::error::Error;
use crate::in_doubt;
use crate::request::{Request, Response};
use crate::scope::ScopeSettings;
use crate::shared;

mod claim;
mod deadline;

pub(crate) use claim::{Claim, Untold};
pub(crate) use deadline::Deadline;

/// How long cancelling a statement may take, and the cancelled statement to end, before its connection is given up.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// How long taking a scope back may take before the connection is given up.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// A leased connection with a statement on its way.
pub(crate) struct Flight {
    inner: Arc<Inner>,
    lease: Option<EndpointLease>,
    claim: Option<Claim>,
    /// The turn to write, where there is one writer at a time.
    turn: Option<OwnedSemaphorePermit>,
    /// The scope whose session variables are set, or are being set.
    scope: Option<Arc<ScopeSettings>>,
    /// The statement that takes back what was set in the session for an announced write.
    lift: Option<&'static str>,
    is_under_way: bool,
}

impl Inner {
    /// Checks a connection to the primary out.
    pub(crate) async fn depart(self: &Arc<Self>) -> Result<Flight, Error> {
        let lease = self.endpoints.checkout().await?;
        Ok(Flight::new(Arc::clone(self), lease))
    }

    /// Checks a connection to the primary out for whoever asks.
    pub(crate) async fn depart_as(self: &Arc<Self>, priority: Priority) -> Result<Flight, Error> {
        let lease = self.endpoints.checkout_as(priority).await?;
        Ok(Flight::new(Arc::clone(self), lease))
    }

    /// Checks a connection for a read out, and tells whether it shows all writes that were acknowledged, to what the read
    /// depends on, before the route was chosen.
    pub(crate) async fn depart_to_read(self: &Arc<Self>, route: Route) -> Result<(Flight, bool), Error> {
        let (lease, is_strict) = self.endpoints.checkout_for_read(route).await?;
        Ok((Flight::new(Arc::clone(self), lease), is_strict))
    }
}

impl Flight {
    pub(crate) fn new(inner: Arc<Inner>, lease: EndpointLease) -> Self {
        Self {
            inner,
            lease: Some(lease),
            claim: None,
            turn: None,
            scope: None,
            lift: None,
            is_under_way: false,
        }
    }

    /// Keeps the turn to write until the flight ends.
    pub(crate) fn keep(&mut self, turn: Option<OwnedSemaphorePermit>) {
        self.turn = turn;
    }

    /// Keeps what the write claims, from before it can become visible until the flight ends.
    pub(crate) fn claim(&mut self, claim: Claim) {
        debug_assert!(self.claim.is_none(), "a flight claims once");
        self.claim = Some(claim);
    }

    /// Announces what is claimed to the processes that share results, where there are any. **Before** the statement is sent by
    /// which the write may become visible.
    ///
    /// # Errors
    ///
    /// The write must not be sent; it was not.
    pub(crate) async fn announce(&mut self, deadline: Option<Deadline>) -> Result<(), Error> {
        let (Some(lease), Some(claim)) = (&mut self.lease, &mut self.claim) else {
            return Ok(());
        };
        let announcing = shared::announce(&self.inner, lease, claim);
        self.lift = match deadline {
            None => announcing.await?,
            Some(deadline) => tokio::time::timeout(deadline.left(), announcing)
                .await
                .map_err(|_| DriverError::Cancelled {
                    message: format!(
                        "it took longer than {:?} to tell the processes that share results, and was not sent",
                        deadline.timeout
                    ),
                })??,
        };
        Ok(())
    }

    /// The claim, to note what was learnt.
    pub(crate) fn claim_mut(&mut self) -> Option<&mut Claim> {
        self.claim.as_mut()
    }

    /// Sets the session variables of a scope for what follows. The connection is closed at the end of the flight, unless
    /// they could be taken back.
    pub(crate) async fn enter(
        &mut self,
        scope: &Arc<ScopeSettings>,
        deadline: Option<Deadline>,
    ) -> Result<(), DriverError> {
        // Before anything is sent: from here on nobody else may get the session as it is.
        self.lease()?.alter();
        self.scope = Some(Arc::clone(scope));
        self.run_by(scope.setting(&scope.values()), deadline)
            .await
            .map(drop)
    }

    /// Sends a read, under a scope where there is one.
    pub(crate) async fn read(
        &mut self,
        request: Request<'_>,
        deadline: Option<Deadline>,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Response, DriverError> {
        if let Some(scope) = scope {
            self.enter(scope, deadline).await?;
        }
        self.run_by(request, deadline).await
    }

    /// The server's name, where there are several.
    pub(crate) fn endpoint(&self) -> Option<Arc<String>> {
        self.lease.as_ref()?.endpoint()
    }

    /// Where to try a read once more that failed with this error because of its connection or its server; `None` where it is not
    /// to be tried again.
    pub(crate) fn second_route(&self, error: &DriverError, route: Route) -> Option<Route> {
        let lease = self.lease.as_ref()?;
        match error {
            DriverError::ConnectionLost { .. } => Some(route),
            // Its own replay cancels a replica's queries (SQLSTATE 40001), and what it refuses the primary may not.
            DriverError::Sql(_) | DriverError::ReadOnly { .. } if lease.is_of_replica() => {
                let sqlstate = error.sql_error().and_then(|error| error.sqlstate.as_deref());
                let is_of_replica = sqlstate.is_none_or(|state| state == "40001" || state.starts_with("57P"));
                is_of_replica.then_some(route.on_primary())
            }
            _ => None,
        }
    }

    /// The connection.
    pub(crate) fn lease(&mut self) -> Result<&mut EndpointLease, DriverError> {
        self.lease.as_mut().ok_or(DriverError::Closed)
    }

    /// Whether the database itself says that the statement only reads; `None` where it does not tell.
    pub(crate) async fn is_read_only(&mut self, sql: &str) -> Result<Option<bool>, DriverError> {
        let lease = self.lease()?;
        let sent = lease.clock();
        let answer = lease.is_read_only(sql).await;
        lease.note(&answer, sent);
        answer
    }

    /// Sends the request and waits for its answer, at most for `timeout`, then cancels it.
    pub(crate) async fn run(
        &mut self,
        request: Request<'_>,
        timeout: Option<Duration>,
    ) -> Result<Response, DriverError> {
        self.run_by(request, timeout.map(Deadline::after)).await
    }

    /// Sends the request and waits for its answer until the deadline, then cancels it.
    pub(crate) async fn run_by(
        &mut self,
        request: Request<'_>,
        deadline: Option<Deadline>,
    ) -> Result<Response, DriverError> {
        let lease = self.lease.as_mut().ok_or(DriverError::Closed)?;
        self.is_under_way = true;
        let sent = lease.clock();
        let result = match deadline {
            None => request.run(&mut ***lease).await,
            Some(deadline) => run_until(deadline, request, lease).await,
        };
        // A broken connection has not landed: the statement on it may still be running.
        let is_done = lease.status() != ConnectionStatus::Broken
            && !matches!(&result, Err(error) if error.outcome_is_unknown());
        self.is_under_way = !is_done;
        lease.note(&result, sent);
        result
    }

    /// Rolls an open transaction back. Where that fails the connection is closed, which does the same.
    pub(crate) async fn roll_back(&mut self) {
        let is_open = |lease: &EndpointLease| {
            matches!(
                lease.status(),
                ConnectionStatus::InTransaction | ConnectionStatus::InFailedTransaction
            )
        };
        if !self.lease.as_ref().is_some_and(is_open) {
            return;
        }
        if let Err(error) = self.run(Request::Control { sql: "ROLLBACK" }, None).await {
            tracing::debug!(%error, "could not roll back; the connection is closed");
        }
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
            claim.end();
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
    pub(crate) fn into_lease(mut self) -> Option<EndpointLease> {
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
                claim.end();
            }
            let (lift, scope) = (self.lift.take(), self.scope.take());
            if lift.is_some() || scope.is_some() {
                self.inner.runtime.spawn(leave(lease, lift, scope));
            }
            return;
        }
        let (origin, session) = (lease.origin(), lease.session());
        let canceller = lease.canceller();
        give_up(lease);
        let claim = self.claim.take();
        #[cfg(feature = "planted-faults")]
        let claim = claim.and_then(|claim| match planted::is(Fault::SkipDoubt) {
            true => {
                claim.end();
                None
            }
            false => Some(claim),
        });
        let inner = Arc::clone(&self.inner);
        self.inner.runtime.spawn(async move {
            if let Err(error) = canceller.cancel().await {
                tracing::debug!(%error, "could not cancel an abandoned statement");
            }
            in_doubt::resolve(inner, origin, session, claim.into_iter().collect()).await;
        });
    }
}

/// Closes the connection of a statement that was left half-way.
fn give_up(lease: EndpointLease) {
    #[cfg(feature = "planted-faults")]
    if planted::is(Fault::LeakLease) {
        return std::mem::forget(lease);
    }
    lease.discard();
}

/// Takes back what was set in the session, which nobody waits for. Until that is done the lease is one that gets closed.
async fn leave(mut lease: EndpointLease, lift: Option<&'static str>, scope: Option<Arc<ScopeSettings>>) {
    if lease.status() != ConnectionStatus::Idle {
        return;
    }
    let sent = lease.clock();
    let taking_back = async {
        if let Some(lift) = lift {
            lease.control(lift).await?;
        }
        match scope {
            Some(scope) => scope.take_back(&mut lease).await,
            None => {
                lease.restored();
                Ok(())
            }
        }
    };
    let Ok(answer) = tokio::time::timeout(LEAVE_TIMEOUT, taking_back).await else {
        tracing::debug!("a session's settings were not taken back in time; the connection is closed");
        return;
    };
    lease.note(&answer, sent);
    if let Err(error) = answer {
        tracing::debug!(%error, "a session's settings could not be taken back; the connection is closed");
    }
}

async fn run_until(
    deadline: Deadline,
    request: Request<'_>,
    lease: &mut EndpointLease,
) -> Result<Response, DriverError> {
    let canceller = lease.canceller();
    let answer = request.run(&mut ***lease);
    tokio::pin!(answer);
    if let Ok(result) = tokio::time::timeout(deadline.left(), &mut answer).await {
        return result;
    }
    let cancelled = tokio::time::timeout(CANCEL_GRACE, canceller.cancel()).await;
    let timeout = deadline.timeout;
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
    if !matches!(cancelled, Ok(Ok(()))) {
        // It may still arrive and hit whatever the session runs then, so that an answer that comes meanwhile helps nobody.
        tracing::debug!(?cancelled, "could not cancel a statement that takes too long");
        return Err(timed_out(false));
    }
    match tokio::time::timeout(CANCEL_GRACE, answer).await {
        Ok(Err(DriverError::Cancelled { .. })) => Err(timed_out(true)),
        // It ended in the very moment of the timeout.
        Ok(result) => result,
        Err(_) => Err(timed_out(false)),
    }
}
