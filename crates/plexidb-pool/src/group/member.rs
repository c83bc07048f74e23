//! All that a group knows of one of its endpoints.
//!
//! Invariant: of its role that counts which was asked for last; the configured one only until something was seen.

use std::time::Duration;

use tokio::time::Instant;

use super::breaker::{Breaker, BreakerConfig};
use super::role::{Observation, Role};
use super::standing::Standing;

/// What is configured of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) weight: u32,
    pub(crate) tags: Vec<String>,
    pub(crate) is_reserved: bool,
}

/// How well it is known that an endpoint is the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// It is configured so, and was never seen.
    Configured,
    /// It was seen so, but then several checks in a row did not reach it.
    Lost,
    Seen,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) traits: Traits,
    observed: Option<Observation>,
    /// When the newest check was sent that reached it; kept when what it saw is forgotten.
    observed_at: Option<Instant>,
    /// When the newest check was sent that did not reach it.
    lost_at: Option<Instant>,
    /// Checks in a row that did not reach it.
    losses: u32,
    /// So many of them say that it is gone.
    losses_max: u32,
    pub(crate) breaker: Breaker,
    pub(crate) standing: Standing,
    /// Another took the writes over from it where there are no timelines to tell, and it was not seen since to have
    /// replayed what that one has.
    pub(crate) is_deposed: bool,
    /// Raised whenever its role changes.
    pub(crate) epoch: u64,
    pub(crate) in_flight: usize,
    pub(crate) chosen: u64,
    pub(crate) failures: u64,
    pub(crate) refusals: u64,
}

impl Member {
    pub(crate) fn new(traits: Traits, breaker: BreakerConfig, latency_decay: Duration) -> Self {
        Self {
            traits,
            observed: None,
            observed_at: None,
            lost_at: None,
            losses: 0,
            losses_max: breaker.failures_max.max(1),
            breaker: Breaker::new(breaker),
            standing: Standing::new(latency_decay),
            is_deposed: false,
            epoch: 0,
            in_flight: 0,
            chosen: 0,
            failures: 0,
            refusals: 0,
        }
    }

    /// As it was last seen, or as it is configured.
    pub(crate) fn role(&self) -> Role {
        self.observed.as_ref().map_or(self.traits.role, |seen| seen.role)
    }

    pub(crate) fn observed(&self) -> Option<&Observation> {
        self.observed.as_ref()
    }

    pub(crate) fn timeline(&self) -> Option<u64> {
        self.observed.as_ref()?.timeline
    }

    /// How well it is known that it is the primary; `None` where it is not.
    pub(crate) fn claim(&self) -> Option<Claim> {
        (self.role() == Role::Primary).then_some(match &self.observed {
            None => Claim::Configured,
            Some(_) if self.losses >= self.losses_max => Claim::Lost,
            Some(_) => Claim::Seen,
        })
    }

    /// Returns whether it is news: a later check that did not reach the endpoint says nothing against what this one saw.
    pub(crate) fn observe(&mut self, observation: Observation) -> bool {
        let asked_at = observation.asked_at;
        if self.observed_at.is_some_and(|newest| asked_at < newest) {
            return false;
        }
        if self.role() != observation.role {
            self.epoch += 1;
        }
        self.observed_at = Some(asked_at);
        if observation.role == Role::Replica && observation.mark.is_some() {
            self.is_deposed = false;
        }
        if self.lost_at <= Some(asked_at) {
            self.losses = 0;
        }
        self.observed = Some(observation);
        true
    }

    /// A check that was sent at this time did not reach it. Returns whether that is news.
    pub(crate) fn lose(&mut self, asked_at: Instant) -> bool {
        let is_news = self.observed_at.max(self.lost_at) <= Some(asked_at);
        if is_news {
            self.lost_at = Some(asked_at);
            self.losses = self.losses.saturating_add(1);
        }
        is_news
    }

    /// It has refused a write just now. Of lag and position nothing is known any more.
    pub(crate) fn refused_write(&mut self, now: Instant) {
        let timeline = self.timeline();
        self.observe(Observation {
            timeline,
            ..Observation::replica(now)
        });
    }

    /// A check that was sent at this time got no answer of use: what was known from before it counts no more.
    pub(crate) fn forget_progress(&mut self, asked_at: Instant) {
        if let Some(observed) = self.observed.as_mut().filter(|seen| seen.asked_at <= asked_at) {
            (observed.lag, observed.mark) = (None, None);
        }
    }

    pub(crate) fn forget_position(&mut self) {
        if let Some(observed) = &mut self.observed {
            observed.mark = None;
        }
    }

    pub(crate) fn forget_observations(&mut self) {
        if self.role() != self.traits.role {
            self.epoch += 1;
        }
        self.observed = None;
        self.losses = 0;
        self.is_deposed = false;
    }
}
