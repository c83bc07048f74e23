//! How connections are made: in the background, so that what is begun is of use even where nobody waits for it any more.
//!
//! Invariant: an attempt is counted from its order until it has ended, however its task ends.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plexidb_core::{ConnectProgress, Connection, DriverError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::checkin::Origin;
use crate::error::{PoolError, no_answer};
use crate::hooks::ConnectEvent;
use crate::idle::Aged;
use crate::ledger::{DialOrder, Fit, Purpose, Step};
use crate::pool::Shared;

/// How long an attempt may take before nobody counts on it: another is begun beside it where there is room.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// How long an attempt may take for which nobody waits any more. Callers that are less patient than it takes to connect would
/// never get a connection if it ended with them.
const ABANDONED_AFTER: Duration = Duration::from_secs(5);

/// An attempt to connect that is under way.
struct Dial {
    pool: Arc<Shared>,
    order: DialOrder,
    /// How far it has come; among those of the ledger while it is under way.
    progress: Arc<ConnectProgress>,
    is_counted: bool,
    is_slow: bool,
}

impl Dial {
    async fn run(mut self) -> Result<(), Arc<DriverError>> {
        let pool = Arc::clone(&self.pool);
        if !self.order.delay.is_zero() && pool.unless_closed(pool.delay(self.order.delay)).await.is_none() {
            return Err(Arc::new(DriverError::Closed));
        }
        if !self.is_still_wanted() {
            return Ok(());
        }
        let started = Instant::now();
        let Some(outcome) = self.outcome(started).await else {
            return Err(Arc::new(DriverError::Closed));
        };
        let took = started.elapsed();
        pool.hooks.tell(|hooks| {
            hooks.connect(&ConnectEvent {
                target: pool.target(),
                outcome: outcome.as_ref().map(|connection| connection.session()),
                elapsed: took,
            });
        });
        match outcome {
            Ok(connection) => {
                self.succeed(connection, took);
                Ok(())
            }
            Err(error) => Err(self.fail(Arc::new(error))),
        }
    }

    /// What comes of the attempt. `None` where that is of no use any more.
    async fn outcome(&mut self, started: Instant) -> Option<Result<Box<dyn Connection>, DriverError>> {
        let pool = Arc::clone(&self.pool);
        let progress = Arc::clone(&self.progress);
        pool.ledger().attempts.push(Arc::clone(&progress));
        let connecting = pool.connector.connect_telling(&progress);
        let mut attempt = pin!(timeout(pool.checkout_timeout, connecting));
        loop {
            match pool.unless_closed(timeout(SLOW_AFTER, attempt.as_mut())).await? {
                Ok(Ok(outcome)) => return Some(outcome),
                Ok(Err(_)) => {
                    let error = no_answer(pool.target(), progress.phase(), pool.checkout_timeout);
                    return Some(Err(error));
                }
                Err(_) if self.is_abandoned(started) => return None,
                Err(_) => pool.tend(),
            }
        }
    }

    /// Notes that the attempt takes long. Returns whether it is given up because nobody waits.
    fn is_abandoned(&mut self, started: Instant) -> bool {
        let mut ledger = self.pool.ledger();
        if self.order.purpose == Purpose::Waiters
            && ledger.queue.len() == 0
            && started.elapsed() >= ABANDONED_AFTER
        {
            ledger.end_dial(self.is_slow);
            self.is_counted = false;
            return true;
        }
        if !self.is_slow {
            ledger.slow += 1;
            self.is_slow = true;
        }
        false
    }

    fn succeed(&mut self, connection: Box<dyn Connection>, took: Duration) {
        let pool = &self.pool;
        self.is_counted = false;
        let fit = Fit {
            aged: Aged::new(
                connection,
                pool.lifetime_max,
                self.order.epoch,
                self.order.unit.take(),
            ),
            suspect_since: None,
        };
        let is_slow = self.is_slow;
        pool.place(fit, Origin::Dial { took, is_slow }, Instant::now());
        if self.order.purpose == Purpose::Replacement {
            pool.retire_one_due();
        }
        // Those who had to wait for the outcome of this attempt may have theirs now.
        pool.tend();
    }

    /// Whether somebody still waits for what is not begun yet.
    fn is_still_wanted(&mut self) -> bool {
        let mut ledger = self.pool.ledger();
        self.order.epoch = ledger.health.epoch;
        if self.order.purpose == Purpose::Waiters && ledger.queue.len() == 0 {
            ledger.end_dial(self.is_slow);
            self.is_counted = false;
            return false;
        }
        true
    }

    /// Notes that no connection came of it, and tells those who need not wait any longer. Returns the error.
    fn fail(&mut self, error: Arc<DriverError>) -> Arc<DriverError> {
        self.is_counted = false;
        let pool = &self.pool;
        let hopeless = {
            let mut ledger = pool.ledger();
            let backoff = ledger.config.connect_backoff;
            ledger.end_dial(self.is_slow);
            ledger.tally.connect_errors += 1;
            ledger
                .health
                .note_failure(Arc::clone(&error), Instant::now(), backoff);
            // What is out may come back to them.
            if ledger.out.len() > 0 || ledger.health.is_worth_a_retry(&error, backoff) {
                Vec::new()
            } else {
                ledger.take_hopeless()
            }
        };
        tracing::debug!(target = pool.target(), %error, waiting = hopeless.len(), "could not connect");
        for waiter in hopeless {
            // It may have gone.
            let _ = waiter.answer.send(Err(PoolError::Connect(Arc::clone(&error))));
        }
        self.order.unit = None;
        pool.heed(&error, self.order.epoch);
        pool.tend();
        error
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        if self.is_counted && std::thread::panicking() {
            let error = panicked(self.pool.target());
            let _ = self.fail(Arc::new(error));
        }
        let is_closed = {
            let mut ledger = self.pool.ledger();
            ledger.end_attempt(&self.progress);
            if self.is_counted {
                ledger.end_dial(self.is_slow);
            }
            ledger.is_closed
        };
        if is_closed {
            self.pool.ended.notify_waiters();
        }
    }
}

fn panicked(target: &str) -> DriverError {
    DriverError::Protocol {
        target: target.to_owned(),
        message: "the driver panicked while it connected; this is a fault of the driver".to_owned(),
    }
}

impl Shared {
    /// Begins an attempt. `None` where there is no runtime for it.
    pub(crate) fn spawn_dial(
        self: &Arc<Self>,
        order: DialOrder,
    ) -> Option<JoinHandle<Result<(), Arc<DriverError>>>> {
        let dial = Dial {
            pool: Arc::clone(self),
            order,
            progress: Arc::default(),
            is_counted: true,
            is_slow: false,
        };
        let runtime = Handle::try_current().ok();
        let runtime = runtime.or_else(|| self.ledger().runtime.clone())?;
        Some(runtime.spawn(dial.run()))
    }

    pub(crate) async fn warm_up(self: &Arc<Self>, connections: usize) -> Result<(), PoolError> {
        let mut tasks = Vec::new();
        loop {
            let step = {
                let mut ledger = self.ledger();
                if ledger.is_closed {
                    return Err(PoolError::Closed);
                }
                self.start_maintenance(&mut ledger);
                if ledger.total() >= connections.min(ledger.size.connections_max) {
                    break;
                }
                ledger.dial(Instant::now(), Purpose::Stock)
            };
            let Step::Dial(order) = step else { break };
            let Some(task) = self.spawn_dial(order) else { break };
            tasks.push(task);
        }
        for task in tasks {
            match task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if matches!(*error, DriverError::Closed) => return Err(PoolError::Closed),
                Ok(Err(error)) => return Err(PoolError::Connect(error)),
                // Its runtime ends, and this with it.
                Err(error) if error.is_cancelled() => return Err(PoolError::Closed),
                Err(_) => return Err(panicked(self.target()).into()),
            }
        }
        Ok(())
    }

    /// Closes one idle connection that is due to be replaced.
    fn retire_one_due(self: &Arc<Self>) {
        let due_by = crate::maintenance::due_by(Instant::now(), self.lifetime_max);
        let due = self.ledger().release_expired(due_by);
        if let Some(leaving) = due {
            self.give_up(leaving);
        }
    }

    /// Waits so long, or until there is no reason for it any more.
    async fn delay(&self, delay: Duration) {
        // Either is as good.
        let _ = timeout(delay, self.hurried.notified()).await;
    }

    /// The outcome of a future, unless the pool is closed before.
    async fn unless_closed<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut closed = pin!(self.closed.notified());
        // From here on the end is not missed.
        closed.as_mut().enable();
        if self.ledger().is_closed {
            return None;
        }
        let mut future = pin!(future);
        poll_fn(|context| match closed.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(context).map(Some),
        })
        .await
    }
}
