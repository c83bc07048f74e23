//! What is done for a pool when nobody asks: old connections are replaced, unneeded ones closed, some kept ready, dead ones
//! found, leaks reported.
//!
//! Invariant: the task holds the pool only while it works, and ends with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::checkout::PING_TIMEOUT;
use crate::hooks::CloseReason;
use crate::lease::Lease;
use crate::ledger::{Ledger, Purpose, Retired, Step};
use crate::out::Overdue;
use crate::pool::Shared;

/// How long before its end a connection is replaced, at most; of short lifetimes a tenth.
const REPLACE_AHEAD_MAX: Duration = Duration::from_secs(10);

/// Connections that are replaced in one interval at most, so that many of one age do not call upon the server at once.
const REPLACED_AT_A_TIME: usize = 8;

/// How long after the next attempt was due an endpoint that nobody asks for is looked at again.
const UNASKED_AFTER: Duration = Duration::from_secs(10);

/// The time by which connections are due to be replaced whose end is near.
pub(crate) fn due_by(now: Instant, lifetime_max: Duration) -> Instant {
    now + REPLACE_AHEAD_MAX.min(lifetime_max / 10)
}

/// What is to be done after the lock.
#[derive(Default)]
struct Work {
    retired: Retired,
    dials: Vec<Step>,
    leaks: Vec<Overdue>,
    /// An idle connection that is to show that it lives.
    suspect: Option<Lease>,
}

impl Shared {
    /// Starts the task, if it does not run.
    pub(crate) fn start_maintenance(self: &Arc<Self>, ledger: &mut Ledger) {
        if ledger
            .maintenance
            .as_ref()
            .is_some_and(|task| !task.is_finished())
        {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let pool = Arc::downgrade(self);
        let interval = self.look_interval;
        let task = runtime.spawn(async move {
            loop {
                sleep(interval).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.maintain();
            }
        });
        ledger.maintenance = Some(task.abort_handle());
        ledger.runtime = Some(runtime);
    }

    fn maintain(self: &Arc<Self>) {
        let work = self.look(Instant::now());
        self.give_up_all(work.retired);
        for step in work.dials {
            if let Step::Dial(order) = step {
                // It tells those who wait by itself.
                drop(self.spawn_dial(order));
            }
        }
        for leak in work.leaks {
            self.report(&leak);
        }
        if let Some(lease) = work.suspect {
            tokio::spawn(Arc::clone(self).try_out_suspects(lease));
        }
        self.tend();
    }

    fn look(self: &Arc<Self>, now: Instant) -> Work {
        let mut work = Work::default();
        let mut ledger = self.ledger();
        if ledger.is_closed {
            return work;
        }
        if let Some(leak_after) = ledger.config.leak_after {
            work.leaks = ledger.out.overdue(now, leak_after);
            ledger.tally.leaks += work.leaks.len() as u64;
        }
        while let Some(leaving) = ledger.release_expired(now) {
            work.retired.push(leaving);
        }
        ledger.close_unused(now, &mut work.retired);
        self.order_replacements(&mut ledger, now, &mut work);
        self.order_stock(&mut ledger, now, &mut work);
        work.suspect = self.take_suspect(&mut ledger, now);
        work
    }

    /// Orders a connection for each that is near its end. Where there is no room for both the old one ends first.
    fn order_replacements(&self, ledger: &mut Ledger, now: Instant, work: &mut Work) {
        if ledger.health.is_backing_off() {
            return;
        }
        let due_by = due_by(now, self.lifetime_max);
        for _ in 0..ledger.idle.expired(due_by).min(REPLACED_AT_A_TIME) {
            if ledger.total() < ledger.size.connections_max {
                work.dials.push(ledger.dial(now, Purpose::Replacement));
            } else if let Some(leaving) = ledger.release_expired(due_by) {
                work.retired.push(leaving);
                work.dials.push(ledger.dial(now, Purpose::Stock));
            }
        }
    }

    /// Orders the connections that are to be kept ready, and looks at an endpoint that could not be reached.
    fn order_stock(&self, ledger: &mut Ledger, now: Instant, work: &mut Work) {
        let is_backing_off = ledger.health.is_backing_off();
        let is_unasked = is_backing_off
            && ledger.connecting == 0
            && ledger.queue.len() == 0
            && ledger
                .health
                .retry_at
                .is_some_and(|retry_at| now.saturating_duration_since(retry_at) >= UNASKED_AFTER);
        let room = ledger.size.connections_max.saturating_sub(ledger.total());
        let missing = ledger
            .size
            .min_idle
            .saturating_sub(ledger.idle.len() + ledger.connecting);
        let wanted = if is_backing_off {
            usize::from(is_unasked || (missing > 0 && ledger.connecting == 0))
        } else {
            missing
        };
        for _ in 0..wanted.min(room) {
            work.dials.push(ledger.dial(now, Purpose::Stock));
        }
    }

    /// After a failure: takes an idle connection out that was last used before it, as a background task would.
    fn take_suspect(self: &Arc<Self>, ledger: &mut Ledger, now: Instant) -> Option<Lease> {
        let before = ledger.health.suspect_before?;
        if !ledger.background_may_pass() {
            return None;
        }
        let aged = ledger.idle.pop_first_since(before)?;
        let record = ledger.out.enter(now, None);
        let fit = crate::ledger::Fit {
            aged,
            suspect_since: Some(before),
        };
        Some(Lease::new(fit, Arc::clone(self), record, now))
    }

    /// Gives a connection back if it lives. One that does not is seldom alone: the next has to show it at once.
    async fn try_out_suspects(self: Arc<Self>, first: Lease) {
        let mut suspect = Some(first);
        while let Some(mut lease) = suspect.take() {
            match tokio::time::timeout(PING_TIMEOUT, lease.ping()).await {
                Ok(Ok(())) => lease.trust(),
                outcome => {
                    if matches!(&outcome, Ok(Err(error)) if error.retires_endpoint()) {
                        lease.invalidate_endpoint();
                    }
                    lease.give_up(CloseReason::Dead);
                    suspect = self.take_suspect(&mut self.ledger(), Instant::now());
                }
            }
        }
    }

    fn report(&self, leak: &Overdue) {
        let target = self.target();
        let held = leak.held;
        let span = leak.span.as_ref().and_then(tracing::Span::id);
        tracing::warn!(
            parent: span,
            target,
            ?held,
            "a connection is out for long; was its lease forgotten? The span is that of its checkout"
        );
    }
}

impl Ledger {
    /// Takes out what has been unused for too long, as far as it is not kept ready.
    fn close_unused(&mut self, now: Instant, retired: &mut Retired) {
        let overflow_since = now.checked_sub(self.config.overflow_idle_timeout);
        while self.existing() > self.size.connections_max
            && let Some(aged) = overflow_since.and_then(|since| self.idle.pop_first_since(since))
        {
            retired.push(self.release(aged, CloseReason::Surplus));
        }
        let Some(since) = now.checked_sub(self.config.idle_timeout) else {
            return;
        };
        while self.idle.len() > self.size.min_idle {
            let Some(aged) = self.idle.pop_first_since(since) else {
                return;
            };
            retired.push(self.release(aged, CloseReason::Unused));
        }
    }
}
