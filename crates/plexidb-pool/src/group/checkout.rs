//! From a need to a connection of an endpoint that is fit for it.
//!
//! Invariant: an endpoint is fit at the moment when its connection is handed over, not only when it was chosen; at every point
//! where the future can be dropped, a guard counts the endpoint's use.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Shared;
use super::arbitration::NoWriter;
use super::board::{Refusal, Tried};
use super::breaker::BreakerState;
use super::error::GroupError;
use super::lease::{EndpointGuard, GroupLease};
use super::need::{Intent, Need};
use super::outcome::Outcome;
use crate::error::PoolError;
use crate::lease::Lease;
use crate::pool::Pool;

/// How often somebody who waits for a connection looks whether the endpoint is still the right one.
const REVIEW_INTERVAL: Duration = Duration::from_millis(100);

/// What came of one endpoint.
enum Attempt {
    Lease(GroupLease),
    /// It is not fit any more, so that the choice is open again.
    Overtaken,
    /// It gave no connection, and another may.
    Elsewhere(GroupError),
    Failed(GroupError),
}

impl Shared {
    pub(crate) async fn checkout(self: &Arc<Self>, need: &Need) -> Result<GroupLease, GroupError> {
        let started = Instant::now();
        let mut now = started;
        let mut tried = Tried::default();
        let mut last = None;
        loop {
            // From here on no change is missed.
            let changed = self.changed.notified();
            let ticket = self.board().enter(need, tried, now);
            let refusal = match ticket {
                Ok(ticket) => {
                    let guard = EndpointGuard::new(Arc::clone(self), ticket);
                    match self.attempt(guard, need, tried, now).await {
                        Attempt::Lease(lease) => return Ok(lease),
                        Attempt::Overtaken => {}
                        Attempt::Elsewhere(error) => {
                            tried = tried.with(ticket.index);
                            last = Some(error);
                        }
                        Attempt::Failed(error) => return Err(error),
                    }
                    now = Instant::now();
                    continue;
                }
                Err(refusal) => refusal,
            };
            let patience = need.patience.saturating_sub(started.elapsed());
            if patience.is_zero() {
                return Err(self.refused(last, &refusal, need, tried));
            }
            // A breaker that lets somebody pass again tells nobody.
            let patience = patience.min(REVIEW_INTERVAL);
            let _ = timeout(patience, changed).await;
            (tried, last, now) = (Tried::default(), None, Instant::now());
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        guard: EndpointGuard,
        need: &Need,
        tried: Tried,
        started: Instant,
    ) -> Attempt {
        let pool = &self.pools[guard.ticket().index];
        let mut checkout = pin!(pool.checkout_as(need.priority));
        if let Poll::Ready(answer) = poll_once(checkout.as_mut()).await {
            return self.settle(guard, need, answer, started);
        }
        let connect_errors = pool.stats().connect_errors;
        let others = tried.with(guard.ticket().index);
        loop {
            if let Ok(answer) = timeout(REVIEW_INTERVAL, checkout.as_mut()).await {
                return self.settle(guard, need, answer, Instant::now());
            }
            let now = Instant::now();
            let (is_fit, is_broken, has_another) = {
                let board = self.board();
                let ticket = guard.ticket();
                (
                    board.is_fit(ticket, need, now),
                    board.is_broken(ticket, now),
                    board.has_another(need, others, now),
                )
            };
            if !is_fit {
                return Attempt::Overtaken;
            }
            let waited = now.saturating_duration_since(started);
            let is_futile = is_broken || self.is_futile(pool, connect_errors, waited);
            if has_another && is_futile {
                guard.note(Outcome::Refused);
                return Attempt::Elsewhere(GroupError::NoConnection {
                    group: self.name.clone(),
                    endpoint: guard.name().to_owned(),
                    waited,
                });
            }
        }
    }

    /// Whether the pool has no connection that could come back, and is not likely to make one.
    fn is_futile(&self, pool: &Pool, connect_errors: u64, waited: Duration) -> bool {
        let stats = pool.stats();
        stats.total == stats.connecting
            && (stats.connect_errors > connect_errors || waited >= self.config.leave_after)
    }

    fn settle(
        self: &Arc<Self>,
        guard: EndpointGuard,
        need: &Need,
        answer: Result<Lease, PoolError>,
        now: Instant,
    ) -> Attempt {
        match answer {
            Ok(lease) => {
                let is_fit = self.board().is_fit(guard.ticket(), need, now);
                if is_fit {
                    Attempt::Lease(GroupLease::new(lease, guard))
                } else {
                    Attempt::Overtaken
                }
            }
            Err(source) => {
                guard.note(Outcome::of_checkout(&source));
                // The time is up, or the load would only be moved to the others, the primary at last.
                let is_final = matches!(source, PoolError::Timeout(_) | PoolError::Overloaded(_));
                let error = GroupError::Pool {
                    group: self.name.clone(),
                    endpoint: guard.name().to_owned(),
                    source,
                };
                if is_final {
                    Attempt::Failed(error)
                } else {
                    Attempt::Elsewhere(error)
                }
            }
        }
    }

    /// What is said where nobody is fit: what the endpoint said that was tried last, if one was.
    #[cold]
    fn refused(&self, last: Option<GroupError>, refusal: &Refusal, need: &Need, tried: Tried) -> GroupError {
        let now = Instant::now();
        let mut board = self.board();
        board.refused += 1;
        if let Some(error) = last {
            return error;
        }
        let group = self.name.clone();
        let unfit = match need.intent {
            Intent::Read => board.unfit_for(need, tried, now),
            Intent::Write => Vec::new(),
        };
        let names = |indices: &[usize]| indices.iter().map(|&index| board.name(index)).collect();
        match refusal {
            Refusal::NoWriter(NoWriter::Nobody) => GroupError::NoPrimary { group, unfit },
            Refusal::NoWriter(NoWriter::Several(indices)) => GroupError::SeveralPrimaries {
                group,
                endpoints: names(indices),
                unfit,
            },
            Refusal::NoWriter(NoWriter::Outdated(indices)) => GroupError::OutdatedPrimary {
                group,
                endpoints: names(indices),
                newest: board.newest.unwrap_or_default(),
                unfit,
            },
            Refusal::NoWriter(NoWriter::Deposed(indices)) => GroupError::DeposedPrimary {
                group,
                endpoints: names(indices),
                successor: board.writer_last(),
                unfit,
            },
            Refusal::WriterUnfit(index, _) => GroupError::Unavailable {
                group,
                endpoint: board.name(*index),
                retry_in: match board.members[*index].breaker.state(now) {
                    BreakerState::Open { retry_in } => Some(retry_in),
                    BreakerState::Closed | BreakerState::HalfOpen => None,
                },
                unfit,
            },
        }
    }
}

/// Polls a future once: what is ready needs no timer.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
