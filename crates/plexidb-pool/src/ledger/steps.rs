//! What is to be done for those who wait, one step at a time.
//!
//! Invariant: while more wait than connections are being made for them, and there is room for another, there is a step.

use std::time::Duration;

use tokio::time::Instant;

use super::{Handed, Leaving, Ledger, Retired};
use crate::budget::Unit;
use crate::hooks::CloseReason;
use crate::queue::Waiter;

/// Something to do after the lock.
pub(crate) enum Step {
    /// A waiter gets an idle connection.
    Hand(Handed),
    /// A connection is to be made. It is counted already.
    Dial(DialOrder),
    /// A connection ends, to make room for one that is wanted more.
    GiveUp(Leaving),
    /// There is room, but other pools have used the budget up. It is noted there that this one wants a unit.
    OutOfBudget,
    /// Nothing is to be done.
    Rest,
}

/// A connection that is to be made.
pub(crate) struct DialOrder {
    pub(crate) unit: Option<Unit>,
    /// The endpoint's epoch at this moment.
    pub(crate) epoch: u64,
    /// How long to wait before the attempt.
    pub(crate) delay: Duration,
    pub(crate) purpose: Purpose,
}

/// What a connection is made for. Whoever waits when it is made gets it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For those who wait. Given up where nobody does any more, before it is begun.
    Waiters,
    /// To be kept ready.
    Stock,
    /// To take the place of an idle one that gets old.
    Replacement,
}

impl Ledger {
    /// The next thing to do for those who wait.
    pub(crate) fn next_step(&mut self, now: Instant, retired: &mut Retired) -> Step {
        if self.is_closed || self.queue.len() == 0 {
            return Step::Rest;
        }
        if let Some(handed) = self.match_idle(now, retired) {
            return Step::Hand(handed);
        }
        let promising = self.connecting - self.slow;
        if self.entitled() <= promising || (self.health.is_backing_off() && promising > 0) {
            return Step::Rest;
        }
        if self.total() >= self.size.total_max() {
            // Idle connections that no waiter takes are those that would have to show first that they live.
            return self.make_room(Step::Rest);
        }
        self.dial(now, Purpose::Waiters)
    }

    /// Orders a connection, for which there is room.
    pub(crate) fn dial(&mut self, now: Instant, purpose: Purpose) -> Step {
        let Some(unit) = self.unit(purpose) else {
            return match purpose {
                Purpose::Waiters => self.make_room(Step::OutOfBudget),
                Purpose::Stock | Purpose::Replacement => Step::Rest,
            };
        };
        self.connecting += 1;
        self.tally.peak = self.tally.peak.max(self.total());
        Step::Dial(DialOrder {
            unit,
            epoch: self.health.epoch,
            delay: self.health.delay(now),
            purpose,
        })
    }

    /// Gives an idle connection up for a user who waits, where there is one, else does something else.
    fn make_room(&mut self, otherwise: Step) -> Step {
        if self.queue.users() == 0 {
            return otherwise;
        }
        self.release_first(CloseReason::Dead)
            .map_or(otherwise, Step::GiveUp)
    }

    /// An idle connection and a waiter who may have it.
    fn match_idle(&mut self, now: Instant, retired: &mut Retired) -> Option<Handed> {
        let is_user = self.queue.first_user().is_some();
        if !is_user && !self.background_may_pass() {
            return None;
        }
        let first = self
            .queue
            .first_user()
            .or_else(|| self.queue.first_background())?;
        let fit = self.take_idle(now, first.wants_fresh, retired)?;
        let waiter = self.queue.pop()?;
        Some(self.hand(waiter, fit, now))
    }

    /// How many of those who wait may have a connection that is made for them.
    pub(crate) fn entitled(&self) -> usize {
        let users = self.queue.users();
        let left = self.size.background_max().saturating_sub(self.out.len() + users);
        users + self.queue.background().min(left)
    }

    /// Takes out those who wait in vain after an attempt to connect has failed for good: all for whom no other attempt is
    /// under way.
    pub(crate) fn take_hopeless(&mut self) -> Vec<Waiter> {
        let mut hopeless = Vec::new();
        while self.queue.len() > self.connecting {
            hopeless.extend(self.queue.pop());
        }
        hopeless
    }
}
