//! The circuit breaker of an endpoint: after failures nobody is sent there, then one at a time to see whether it works again.
//!
//! Invariant: only what was begun since the breaker changed last can change it, so that stragglers of an outage neither lengthen nor
//! end it; while it is not closed there is at most one probe.

use std::time::Duration;

use tokio::time::Instant;

use super::chance::Chance;

#[cfg(test)]
mod tests;

/// When an endpoint is left alone because it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// So many failures without a success between them open it; default 3, at least 1.
    pub failures_max: u32,
    /// How long it stays open the first time; default 200 ms. It doubles with each probe that fails, and each time is shortened
    /// by up to a half by chance.
    pub delay_min: Duration,
    /// The longest that it stays open before the next probe; default 5 s.
    pub delay_max: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_max: 3,
            delay_min: Duration::from_millis(200),
            delay_max: Duration::from_secs(5),
        }
    }
}

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// The endpoint works.
    Closed,
    /// The endpoint fails and is left alone until the next probe is due.
    Open {
        /// How long that takes from now.
        retry_in: Duration,
    },
    /// One request is under way to see whether the endpoint works again.
    HalfOpen,
}

/// What a breaker says to somebody who wants to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Free,
    /// As a probe.
    Probe,
    Refused,
}

/// Somebody who has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    round: u64,
    pub(crate) is_probe: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { since: Instant, until: Instant },
    HalfOpen { since: Instant },
}

#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    state: State,
    /// Raised whenever it opens: passes of earlier rounds do not count.
    round: u64,
    /// How often it opened since it was closed.
    openings: u32,
    /// How often it went from closed to open.
    pub(crate) opened: u64,
}

impl Breaker {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: State::Closed { failures: 0 },
            round: 0,
            openings: 0,
            opened: 0,
        }
    }

    pub(crate) fn admission(&self, now: Instant) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Free,
            State::Open { until, .. } if now >= until => Admission::Probe,
            State::Open { .. } | State::HalfOpen { .. } => Admission::Refused,
        }
    }

    /// Lets somebody pass, who was admitted before.
    pub(crate) fn pass(&mut self, now: Instant) -> Pass {
        let is_probe = self.admission(now) == Admission::Probe;
        if let State::Open { since, .. } = self.state
            && is_probe
        {
            self.state = State::HalfOpen { since };
        }
        Pass {
            round: self.round,
            is_probe,
        }
    }

    /// An answer came. Returns whether it closed the breaker.
    pub(crate) fn answered(&mut self, pass: Pass) -> bool {
        match self.state {
            _ if pass.round != self.round => false,
            State::HalfOpen { .. } if pass.is_probe => self.close(),
            State::Closed { .. } => {
                self.state = State::Closed { failures: 0 };
                false
            }
            State::Open { .. } | State::HalfOpen { .. } => false,
        }
    }

    /// No answer came.
    pub(crate) fn failed(&mut self, pass: Pass, now: Instant, chance: &mut Chance) {
        match self.state {
            _ if pass.round != self.round => {}
            State::Closed { .. } => self.count_failure(now, chance),
            State::HalfOpen { .. } if pass.is_probe => self.open(now, chance),
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
    }

    /// It gave no connection, though not because the network failed: that opens nothing, but a probe has found that it does not work
    /// yet.
    pub(crate) fn refused(&mut self, pass: Pass, now: Instant, chance: &mut Chance) {
        if pass.is_probe && matches!(self.state, State::HalfOpen { .. }) {
            self.failed(pass, now, chance);
        }
    }

    /// A probe goes. Where it has told nothing it leaves its place to another.
    pub(crate) fn probe_left(&mut self, pass: Pass, now: Instant) {
        if let State::HalfOpen { since } = self.state
            && pass.is_probe
            && pass.round == self.round
        {
            self.state = State::Open { since, until: now };
        }
    }

    /// A check that was sent at this time found that it works. Returns whether that closed the breaker.
    pub(crate) fn seen_alive(&mut self, asked_at: Instant) -> bool {
        match self.state {
            State::Open { since, .. } | State::HalfOpen { since } if asked_at >= since => self.close(),
            State::Open { .. } | State::HalfOpen { .. } => false,
            State::Closed { .. } => {
                self.state = State::Closed { failures: 0 };
                false
            }
        }
    }

    /// A check found that it does not work.
    pub(crate) fn seen_dead(&mut self, now: Instant, chance: &mut Chance) {
        if matches!(self.state, State::Closed { .. }) {
            self.count_failure(now, chance);
        }
    }

    fn count_failure(&mut self, now: Instant, chance: &mut Chance) {
        let State::Closed { failures } = &mut self.state else {
            return;
        };
        *failures += 1;
        if *failures >= self.config.failures_max {
            self.opened += 1;
            self.open(now, chance);
        }
    }

    fn open(&mut self, now: Instant, chance: &mut Chance) {
        let BreakerConfig {
            delay_min, delay_max, ..
        } = self.config;
        let delay = delay_min
            .saturating_mul(1 << self.openings.min(31))
            .min(delay_max);
        let delay = delay.mul_f64(1.0 - chance.share() / 2.0);
        self.openings = self.openings.saturating_add(1);
        self.round += 1;
        self.state = State::Open {
            since: now,
            // A delay beyond all times is for ever, which nobody can wait for: a day stands for it.
            until: now
                .checked_add(delay)
                .unwrap_or(now + Duration::from_secs(86_400)),
        };
    }

    fn close(&mut self) -> bool {
        self.state = State::Closed { failures: 0 };
        self.openings = 0;
        true
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } => BreakerState::Open {
                retry_in: until.saturating_duration_since(now),
            },
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}
