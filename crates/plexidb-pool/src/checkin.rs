//! Where a connection goes that nobody has any more, or that is new: to whoever waits longest, else among the idle ones.
//!
//! Invariant: from the moment at which a connection leaves its old place in the books it is in its new one, under one lock. A
//! waiter that has gone meanwhile gives what it was sent on to the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::hooks::{CheckinEvent, CloseReason, ResetEvent};
use crate::idle::Aged;
use crate::lease::Lease;
use crate::ledger::{Fit, Handed, Ledger, Retired, Settled, Step};
use crate::out::{Holder, RecordNumber};
use crate::pool::Shared;
use crate::queue::Waiter;

/// How long a session may take to become as a new one, before it is closed instead.
const RESET_TIMEOUT: Duration = Duration::from_secs(2);

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// It was out.
    Lease(Ended),
    /// It was made.
    Dial { took: Duration, is_slow: bool },
}

/// The end of a lease.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) record: RecordNumber,
    /// How long a caller had it, if one did.
    pub(crate) used: Option<Duration>,
}

impl Ledger {
    /// Strikes a connection out where it was.
    fn leave(&mut self, origin: Origin) -> Option<Holder> {
        match origin {
            Origin::Lease(Ended { record, used }) => {
                if let Some(used) = used {
                    self.tally.used(used);
                }
                self.out.strike(record)
            }
            Origin::Dial { took, is_slow } => {
                self.end_dial(is_slow);
                self.tally.created(took);
                self.health.note_success();
                None
            }
        }
    }
}

impl Shared {
    /// Takes a clean connection back.
    pub(crate) fn check_in(self: &Arc<Self>, fit: Fit, record: RecordNumber, used_since: Option<Instant>) {
        let now = Instant::now();
        let used = used_since.map(|since| now.saturating_duration_since(since));
        if let Some(used) = used
            && self.hooks.is_some()
        {
            let session = fit.aged.connection.session();
            self.hooks.tell(|hooks| {
                hooks.checkin(&CheckinEvent {
                    target: self.target(),
                    session,
                    used,
                });
            });
        }
        self.place(fit, Origin::Lease(Ended { record, used }), now);
    }

    /// Gives a connection to whoever waits longest, else keeps it, else gives it up.
    pub(crate) fn place(self: &Arc<Self>, mut fit: Fit, mut origin: Origin, now: Instant) {
        loop {
            let mut turned_away = Vec::new();
            let (settled, holder, is_waited_for, is_closed) = {
                let mut ledger = self.ledger();
                let holder = ledger.leave(origin);
                let settled = ledger.settle(fit, now, &mut turned_away);
                (settled, holder, ledger.queue.len() > 0, ledger.is_closed)
            };
            drop(holder);
            if !turned_away.is_empty() {
                self.turn_away(turned_away, now);
            }
            match settled {
                Settled::Idle => return,
                Settled::Handed(handed) => {
                    let Some((returned, record)) = self.send(handed) else {
                        return;
                    };
                    fit = returned;
                    origin = Origin::Lease(Ended { record, used: None });
                }
                Settled::Refused(leaving) => {
                    self.give_up(leaving);
                    self.place_is_free(is_waited_for, is_closed);
                    return;
                }
            }
        }
    }

    /// Ends a lease whose connection is not used again.
    pub(crate) fn end(self: &Arc<Self>, aged: Box<Aged>, ended: Ended, reason: CloseReason) {
        let leaving = self.ledger().release(aged, reason);
        // A broken connection is gone before its place is free.
        self.give_up(leaving);
        let (holder, is_waited_for, is_closed) = {
            let mut ledger = self.ledger();
            let holder = ledger.leave(Origin::Lease(ended));
            (holder, ledger.queue.len() > 0, ledger.is_closed)
        };
        drop(holder);
        self.place_is_free(is_waited_for, is_closed);
    }

    fn place_is_free(self: &Arc<Self>, is_waited_for: bool, is_closed: bool) {
        if is_closed {
            self.ended.notify_waiters();
        }
        if is_waited_for {
            self.tend();
        }
    }

    /// Makes the session of a lease that has ended as a new one, in the background, and takes the connection back.
    pub(crate) fn reset(self: &Arc<Self>, aged: Box<Aged>, ended: Ended, since: Instant) {
        let Ok(runtime) = Handle::try_current() else {
            return self.end(aged, ended, CloseReason::Unclean);
        };
        if let Some(used) = ended.used {
            self.ledger().tally.used(used);
        }
        let suspect_since = None;
        // It is still out, in nobody's name: where the task is dropped, so is the connection, which is broken then.
        let mut lease = Lease::new(Fit { aged, suspect_since }, Arc::clone(self), ended.record, since);
        lease.taint();
        let pool = Arc::clone(self);
        runtime.spawn(async move {
            let started = Instant::now();
            let outcome = timeout(RESET_TIMEOUT, lease.reset()).await;
            let is_clean = matches!(outcome, Ok(Ok(())));
            if is_clean {
                lease.untaint();
            } else if let Ok(Err(error)) = &outcome {
                lease.heed(error);
            }
            pool.hooks.tell(|hooks| {
                hooks.reset(&ResetEvent {
                    target: pool.target(),
                    session: lease.session(),
                    is_clean,
                    elapsed: started.elapsed(),
                });
            });
        });
    }

    /// Does all that is to be done for those who wait.
    pub(crate) fn tend(self: &Arc<Self>) {
        loop {
            let mut retired = Retired::new();
            let step = {
                let mut ledger = self.ledger();
                ledger.next_step(Instant::now(), &mut retired)
            };
            self.give_up_all(retired);
            match step {
                Step::Rest => return,
                Step::Hand(handed) => {
                    if let Some((fit, record)) = self.send(handed) {
                        self.check_in(fit, record, None);
                    }
                }
                Step::GiveUp(leaving) => self.give_up(leaving),
                Step::Dial(order) => {
                    // One that has ended by now has seen to the rest, or its runtime has dropped it.
                    if self.spawn_dial(order).is_none_or(|task| task.is_finished()) {
                        return;
                    }
                }
                Step::OutOfBudget => {
                    if let Some(budget) = &self.budget {
                        budget.ask_others(self);
                    }
                    return;
                }
            }
        }
    }

    /// Sends a connection to its waiter. Returns it where the waiter has gone.
    fn send(self: &Arc<Self>, handed: Handed) -> Option<(Fit, RecordNumber)> {
        let Handed { waiter, fit, record } = handed;
        let lease = Lease::new(fit, Arc::clone(self), record, Instant::now());
        waiter.answer.send(Ok(lease)).err()?.ok()?.into_fit()
    }

    #[cold]
    fn turn_away(&self, waiters: Vec<Waiter>, now: Instant) {
        let stats = self.ledger().stats();
        for waiter in waiters {
            let waited = now.saturating_duration_since(waiter.since);
            // It may have gone.
            let _ = waiter.answer.send(Err(self.overloaded(waited, stats)));
        }
    }

    /// Gives an idle connection up for another pool of the budget. Returns whether there was one.
    pub(crate) fn yield_idle(self: &Arc<Self>) -> bool {
        let leaving = self.ledger().release_first(CloseReason::Budget);
        leaving.map(|leaving| self.give_up(leaving)).is_some()
    }
}
