//! The books of a pool: what there is, who waits, and what follows from both.
//!
//! Invariant: idle connections, those that are out and those that are being made are never more than the maximum, each
//! change being entered under one lock. Nothing in here waits, sends, spawns or drops a connection: the callers do, after
//! the lock.

use std::sync::{Arc, Weak};

use plexidb_core::ConnectProgress;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::budget::{Budget, Unit};
use crate::config::{PoolConfig, PoolSize};
use crate::error::CheckoutPhase;
use crate::health::Health;
use crate::hooks::CloseReason;
use crate::idle::{Aged, IdleConnections};
use crate::out::{Out, RecordNumber};
use crate::pool::Shared;
use crate::queue::{Queue, Waiter};
use crate::shedding::Shedder;
use crate::stats::{PoolStats, Tally};

mod steps;

pub(crate) use steps::{DialOrder, Purpose, Step};

/// A pool's share in a budget.
pub(crate) struct Share {
    pub(crate) budget: Budget,
    /// The pool itself, to be told when there is a unit for it.
    pub(crate) pool: Weak<Shared>,
}

pub(crate) struct Ledger {
    pub(crate) share: Option<Share>,
    pub(crate) config: PoolConfig,
    pub(crate) size: PoolSize,
    pub(crate) idle: IdleConnections,
    pub(crate) out: Out,
    /// Connections that are being made, or wait for their next attempt.
    pub(crate) connecting: usize,
    /// Those among them that take so long that nobody counts on them.
    pub(crate) slow: usize,
    /// Those among them that have begun, the oldest first.
    pub(crate) attempts: Vec<Arc<ConnectProgress>>,
    pub(crate) queue: Queue,
    pub(crate) health: Health,
    pub(crate) tally: Tally,
    pub(crate) is_closed: bool,
    /// Connections that are being closed.
    pub(crate) closing: usize,
    pub(crate) maintenance: Option<AbortHandle>,
    /// Where a connection is made for a waiter when a lease ends outside of any runtime.
    pub(crate) runtime: Option<Handle>,
    shedder: Shedder,
}

/// A connection on its way to a waiter.
pub(crate) struct Handed {
    pub(crate) waiter: Waiter,
    pub(crate) fit: Fit,
    pub(crate) record: RecordNumber,
}

/// A connection that may be handed out.
pub(crate) struct Fit {
    pub(crate) aged: Box<Aged>,
    /// Since when it has been unused, where that means that it must show first that it lives.
    pub(crate) suspect_since: Option<Instant>,
}

/// What became of a connection that nobody has.
pub(crate) enum Settled {
    /// It is idle.
    Idle,
    /// Somebody has waited for it.
    Handed(Handed),
    /// It is not kept.
    Refused(Leaving),
}

/// A connection that is to be given up after the lock. It is counted as closing already, so that a pool which is being closed
/// waits for it.
#[must_use = "it must be given up"]
pub(crate) struct Leaving {
    pub(crate) aged: Box<Aged>,
    pub(crate) reason: CloseReason,
}

/// Connections that are given up after the lock.
pub(crate) type Retired = Vec<Leaving>;

impl Ledger {
    pub(crate) fn new(config: PoolConfig) -> Self {
        Self {
            share: None,
            config,
            size: config.size(),
            idle: IdleConnections::new(config.connections_max),
            out: Out::default(),
            connecting: 0,
            slow: 0,
            attempts: Vec::new(),
            queue: Queue::default(),
            health: Health::default(),
            tally: Tally::default(),
            is_closed: false,
            closing: 0,
            maintenance: None,
            runtime: None,
            shedder: Shedder::default(),
        }
    }

    /// Connections that there are.
    pub(crate) fn existing(&self) -> usize {
        self.idle.len() + self.out.len()
    }

    /// Connections that there are, and that are being made.
    pub(crate) fn total(&self) -> usize {
        self.existing() + self.connecting
    }

    /// Strikes out an attempt to connect that has ended.
    pub(crate) fn end_dial(&mut self, is_slow: bool) {
        self.connecting -= 1;
        self.slow -= usize::from(is_slow);
    }

    /// Strikes out how far an attempt has come that has ended.
    pub(crate) fn end_attempt(&mut self, progress: &Arc<ConnectProgress>) {
        self.attempts.retain(|other| !Arc::ptr_eq(other, progress));
    }

    /// What those wait for who wait now.
    pub(crate) fn phase(&self) -> CheckoutPhase {
        match self.attempts.first() {
            Some(oldest) => CheckoutPhase::Connect(oldest.phase()),
            None if self.connecting > 0 => CheckoutPhase::Backoff,
            None => CheckoutPhase::Queue,
        }
    }

    /// Counts a connection that nobody gets any more as closing.
    pub(crate) fn release(&mut self, aged: Box<Aged>, reason: CloseReason) -> Leaving {
        self.tally.destroyed += 1;
        self.closing += 1;
        Leaving { aged, reason }
    }

    /// Takes out all idle connections.
    pub(crate) fn release_idle(&mut self, reason: CloseReason) -> Retired {
        let idle = self.idle.take_all();
        idle.map(|aged| self.release(aged, reason)).collect()
    }

    /// Takes out the idle connection that has been unused longest.
    pub(crate) fn release_first(&mut self, reason: CloseReason) -> Option<Leaving> {
        let aged = self.idle.pop_first()?;
        Some(self.release(aged, reason))
    }

    /// Takes out an idle connection that will have expired at the given time.
    pub(crate) fn release_expired(&mut self, at: Instant) -> Option<Leaving> {
        let aged = self.idle.take_expired(at)?;
        Some(self.release(aged, CloseReason::Expired))
    }

    /// Whether a closed pool has nothing left to wait for.
    pub(crate) fn has_ended(&self) -> bool {
        self.out.len() + self.connecting + self.closing == 0
    }

    /// Takes the idle connection that was used last and is fit for use.
    pub(crate) fn take_idle(
        &mut self,
        now: Instant,
        wants_fresh: bool,
        retired: &mut Retired,
    ) -> Option<Fit> {
        loop {
            let since = self.idle.last_since()?;
            let is_suspect = self.health.is_suspect(since, self.config.ping_after, now);
            if wants_fresh && is_suspect {
                // The others have been unused for longer.
                return None;
            }
            let aged = self.idle.pop_last()?.aged;
            let unused_for = now.saturating_duration_since(since);
            let is_spare = self.idle.len() >= self.size.min_idle;
            if aged.is_expired(now) {
                retired.push(self.release(aged, CloseReason::Expired));
            } else if unused_for >= self.config.idle_timeout && is_spare {
                retired.push(self.release(aged, CloseReason::Unused));
            } else {
                return Some(Fit {
                    aged,
                    suspect_since: is_suspect.then_some(since),
                });
            }
        }
    }

    /// Whether a background task may have a connection now, if there is one.
    pub(crate) fn background_may_pass(&self) -> bool {
        self.queue.users() == 0 && self.out.len() < self.size.background_max()
    }

    /// Finds a place for a connection that nobody has and that is clean.
    pub(crate) fn settle(&mut self, fit: Fit, now: Instant, turned_away: &mut Vec<Waiter>) -> Settled {
        if let Some(reason) = self.refusal(&fit.aged, now) {
            return Settled::Refused(self.release(fit.aged, reason));
        }
        if let Some(waiter) = self.next_waiter(now, turned_away) {
            return Settled::Handed(self.hand(waiter, fit, now));
        }
        if self.existing() >= self.size.connections_max && self.config.overflow_idle_timeout.is_zero() {
            return Settled::Refused(self.release(fit.aged, CloseReason::Surplus));
        }
        if self.is_wanted_elsewhere() {
            return Settled::Refused(self.release(fit.aged, CloseReason::Budget));
        }
        self.idle.push(fit.aged, fit.suspect_since.unwrap_or(now));
        Settled::Idle
    }

    /// Why a connection is not used any more, whoever waits.
    fn refusal(&self, aged: &Aged, now: Instant) -> Option<CloseReason> {
        if self.is_closed {
            Some(CloseReason::PoolClosed)
        } else if aged.epoch != self.health.epoch {
            Some(CloseReason::Retired)
        } else if aged.is_expired(now) {
            Some(CloseReason::Expired)
        } else if self.existing() >= self.size.total_max() {
            Some(CloseReason::Surplus)
        } else {
            None
        }
    }

    /// Enters a connection as out, in the name of a waiter.
    fn hand(&mut self, mut waiter: Waiter, fit: Fit, now: Instant) -> Handed {
        let record = self.out.enter(now, waiter.span.take());
        Handed { waiter, fit, record }
    }

    /// Who gets the connection that is free now.
    fn next_waiter(&mut self, now: Instant, turned_away: &mut Vec<Waiter>) -> Option<Waiter> {
        while let Some(first) = self.queue.first_user() {
            let waited = now.saturating_duration_since(first.since);
            let waiting = self.queue.users();
            let is_shed = self
                .config
                .shedding
                .is_some_and(|shedding| self.shedder.turns_away(shedding, now, waited, waiting));
            let waiter = self.queue.pop_user()?;
            if !is_shed {
                return Some(waiter);
            }
            self.tally.turned_away += 1;
            turned_away.push(waiter);
        }
        if self.background_may_pass() {
            return self.queue.pop_background();
        }
        None
    }

    /// What there is and was.
    pub(crate) fn stats(&self) -> PoolStats {
        let active = self.out.len() + self.connecting;
        let tally = &self.tally;
        PoolStats {
            connections_max: self.size.total_max(),
            idle_max: self.size.connections_max,
            idle_min: self.size.min_idle,
            total: self.total(),
            active,
            connecting: self.connecting,
            idle: self.idle.len(),
            waiting: self.queue.len(),
            peak: tally.peak,
            created: tally.created,
            destroyed: tally.destroyed,
            connect_errors: tally.connect_errors,
            timeouts: tally.timeouts,
            turned_away: tally.turned_away,
            leaks: tally.leaks,
            checkouts: tally.checkouts,
            wait_time: tally.wait_time,
            uses: tally.uses,
            use_time: tally.use_time,
            create_time: tally.create_time,
        }
    }

    /// A unit of the budget, where there is one; `None` where it is used up.
    fn unit(&self, purpose: Purpose) -> Option<Option<Unit>> {
        match (&self.share, purpose) {
            (None, _) => Some(None),
            (Some(share), Purpose::Waiters) => share.budget.take_or_want(&share.pool).map(Some),
            (Some(share), _) => share.budget.take().map(Some),
        }
    }

    /// Whether another pool of the budget has to wait for a connection.
    fn is_wanted_elsewhere(&self) -> bool {
        let share = self.share.as_ref();
        share.is_some_and(|share| share.budget.is_wanted_by_another(&share.pool))
    }
}
