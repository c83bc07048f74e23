//! The settings of a group.

use std::time::Duration;

use tokio::time::Instant;

use super::balance::{Balance, Candidate};
use super::breaker::BreakerConfig;
use super::member::Member;

/// The settings of a [`Group`](crate::Group).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// How reads are spread over the replicas that are fit.
    pub balance: Balance,
    /// The time constant with which a latency, or a failure, loses weight; default 10 s, at least 1 ms. After three of them without
    /// an answer an endpoint is tried anew.
    pub latency_decay: Duration,
    /// What a failure counts as, so that an endpoint which fails fast does not look fast; default 5 s.
    pub failure_latency: Duration,
    /// When an endpoint is left alone because it fails.
    pub breaker: BreakerConfig,
    /// How long a read waits at an endpoint to which there is not one connection, before it goes to another that would serve it;
    /// default 1 s. Where an attempt to connect fails it goes at once, a tenth of a second more or less.
    pub leave_after: Duration,
    /// Where chance begins, for runs that are to be repeated; default anywhere.
    pub seed: Option<u64>,
}

impl Default for GroupConfig {
    fn default() -> Self {
        Self {
            balance: Balance::default(),
            latency_decay: Duration::from_secs(10),
            failure_latency: Duration::from_secs(5),
            breaker: BreakerConfig::default(),
            leave_after: Duration::from_secs(1),
            seed: None,
        }
    }
}

impl GroupConfig {
    /// The endpoint as the policy sees it.
    pub(crate) fn candidate(&self, index: usize, member: &Member, now: Instant) -> Candidate {
        let weight = f64::from(member.traits.weight);
        let (weight, latency_s) = match self.balance {
            // Here failures count as latencies.
            Balance::PeakEwma => (weight, member.standing.latency_s(now)),
            _ => (weight / member.standing.handicap(now), None),
        };
        Candidate {
            index,
            weight,
            in_flight: member.in_flight,
            latency_s,
        }
    }
}
