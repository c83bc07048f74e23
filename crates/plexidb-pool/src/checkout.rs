//! From the wish for a connection to a lease.
//!
//! Invariant: at every point where the future can be dropped, what it has is owned by a value whose drop gives it back: a
//! place in the queue by [`Waiting`], a connection by its [`Lease`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::Span;

use crate::config::Priority;
use crate::error::{CheckoutPhase, CheckoutTimeout, Overload, PoolError};
use crate::hooks::{CheckoutEvent, CloseReason};
use crate::lease::Lease;
use crate::ledger::{Ledger, Retired};
use crate::pool::Shared;
use crate::queue::{Answer, Joining, Ticket};
use crate::stats::PoolStats;

/// How long a connection may take to show that it lives, before it counts as dead.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Who asks, and since when.
#[derive(Clone, Copy)]
struct Wish {
    started: Instant,
    priority: Priority,
    /// Whether it has met a dead connection.
    wants_fresh: bool,
}

enum Taken {
    Lease(Lease),
    Queued(Ticket, oneshot::Receiver<Answer>),
    Refused(PoolStats),
}

impl Shared {
    pub(crate) async fn checkout(self: &Arc<Self>, priority: Priority) -> Result<Lease, PoolError> {
        let mut wish = Wish {
            started: Instant::now(),
            priority,
            wants_fresh: false,
        };
        loop {
            let lease = match self.take(wish)? {
                Taken::Lease(lease) => lease,
                Taken::Queued(ticket, receiver) => self.wait(wish, ticket, receiver).await?,
                Taken::Refused(stats) => return Err(self.overloaded(Duration::ZERO, stats)),
            };
            if !lease.is_suspect() {
                return Ok(self.deliver(lease, wish));
            }
            if let Some(lease) = self.try_out(lease, wish).await? {
                return Ok(self.deliver(lease, wish));
            }
            // Where one is dead the others that were unused as long are likely to be.
            wish.wants_fresh = true;
        }
    }

    /// An idle connection, else a place in the queue.
    fn take(self: &Arc<Self>, wish: Wish) -> Result<Taken, PoolError> {
        let now = if wish.wants_fresh {
            Instant::now()
        } else {
            wish.started
        };
        let mut retired = Retired::new();
        let span = self.is_looking_for_leaks.then(Span::current);
        let taken = {
            let mut ledger = self.ledger();
            if ledger.is_closed {
                return Err(PoolError::Closed);
            }
            self.start_maintenance(&mut ledger);
            let may_pass = wish.wants_fresh || may_pass(&ledger, wish.priority);
            let idle = may_pass
                .then(|| ledger.take_idle(now, wish.wants_fresh, &mut retired))
                .flatten();
            match idle {
                Some(fit) => {
                    let record = ledger.out.enter(now, span);
                    let is_ready = fit.suspect_since.is_none();
                    if is_ready {
                        ledger.tally.checked_out(Duration::ZERO);
                    }
                    let mut lease = Lease::new(fit, Arc::clone(self), record, now);
                    lease.is_counted = is_ready;
                    Taken::Lease(lease)
                }
                None if ledger.queue.len() >= ledger.config.waiting_max => {
                    ledger.tally.turned_away += 1;
                    Taken::Refused(ledger.stats())
                }
                None => {
                    let (ticket, receiver) = ledger.queue.join(Joining {
                        priority: wish.priority,
                        since: now,
                        span,
                        comes_back: wish.wants_fresh,
                    });
                    Taken::Queued(ticket, receiver)
                }
            }
        };
        self.give_up_all(retired);
        Ok(taken)
    }

    async fn wait(
        self: &Arc<Self>,
        wish: Wish,
        ticket: Ticket,
        receiver: oneshot::Receiver<Answer>,
    ) -> Answer {
        let mut waiting = Waiting {
            pool: self,
            ticket,
            receiver,
            is_answered: false,
        };
        loop {
            self.tend();
            let patience = self.remaining(wish.started).min(self.look_interval);
            match timeout(patience, &mut waiting.receiver).await {
                Ok(answer) => {
                    waiting.is_answered = true;
                    // Nobody drops a waiter without an answer.
                    return answer.unwrap_or(Err(PoolError::Closed));
                }
                Err(_) if self.remaining(wish.started).is_zero() => {
                    // Made while it is still counted among those who wait.
                    return Err(self.timed_out(None, wish.started));
                }
                Err(_) => {}
            }
        }
    }

    /// The connection, if it answers.
    async fn try_out(self: &Arc<Self>, mut lease: Lease, wish: Wish) -> Result<Option<Lease>, PoolError> {
        let patience = PING_TIMEOUT.min(self.remaining(wish.started));
        let outcome = timeout(patience, lease.ping()).await;
        let problem = match outcome {
            Ok(Ok(())) => {
                lease.trust();
                return Ok(Some(lease));
            }
            Ok(Err(error)) => {
                if error.retires_endpoint() {
                    lease.invalidate_endpoint();
                }
                error.to_string()
            }
            Err(_) => "no answer".to_owned(),
        };
        tracing::debug!(
            target = self.target(),
            problem,
            "an idle connection is dead; making another"
        );
        lease.give_up(CloseReason::Dead);
        if self.remaining(wish.started).is_zero() {
            return Err(self.timed_out(Some(CheckoutPhase::Ping), wish.started));
        }
        Ok(None)
    }

    fn deliver(&self, mut lease: Lease, wish: Wish) -> Lease {
        lease.is_in_use = true;
        if lease.is_counted && !self.hooks.is_some() {
            return lease;
        }
        let waited = wish.started.elapsed();
        if !lease.is_counted {
            self.ledger().tally.checked_out(waited);
        }
        self.hooks.tell(|hooks| {
            hooks.checkout(&CheckoutEvent {
                target: self.target(),
                session: lease.session(),
                priority: wish.priority,
                waited,
            });
        });
        lease
    }

    #[cold]
    fn timed_out(&self, phase: Option<CheckoutPhase>, started: Instant) -> PoolError {
        let (stats, current, last_connect_error) = {
            let mut ledger = self.ledger();
            let stats = ledger.stats();
            ledger.tally.timeouts += 1;
            (stats, ledger.phase(), ledger.health.last_error.clone())
        };
        PoolError::Timeout(Box::new(CheckoutTimeout {
            target: self.target().to_owned(),
            phase: phase.unwrap_or(current),
            waited: started.elapsed(),
            last_connect_error,
            stats,
        }))
    }

    #[cold]
    pub(crate) fn overloaded(&self, waited: Duration, stats: PoolStats) -> PoolError {
        PoolError::Overloaded(Box::new(Overload {
            target: self.target().to_owned(),
            waited,
            stats,
        }))
    }
}

/// Whether nobody is to be served before.
fn may_pass(ledger: &Ledger, priority: Priority) -> bool {
    match priority {
        Priority::User => ledger.queue.users() == 0,
        Priority::Background => ledger.queue.len() == 0 && ledger.background_may_pass(),
    }
}

/// A place in the queue. One that is dropped strikes itself out; an answer that is on its way at that moment is dropped with
/// the receiver, and a lease in it gives itself on.
struct Waiting<'a> {
    pool: &'a Arc<Shared>,
    ticket: Ticket,
    receiver: oneshot::Receiver<Answer>,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let (left, is_waited_for) = {
                let mut ledger = self.pool.ledger();
                let left = ledger.queue.leave(self.ticket);
                (left, ledger.queue.users() == 0 && ledger.queue.background() > 0)
            };
            // Its span may run a subscriber's code, so that it goes after the lock.
            drop(left);
            if is_waited_for {
                // Background tasks may have had to wait for this user.
                self.pool.tend();
            }
        }
    }
}
