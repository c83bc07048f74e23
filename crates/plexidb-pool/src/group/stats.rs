//! What a group has, knows and did.

use std::time::Duration;

use tokio::time::Instant;

use super::board::Board;
use super::breaker::BreakerState;
use super::role::Role;
use crate::stats::PoolStats;

/// What a group has, knows and did.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupStats {
    /// In the order of the configuration.
    pub endpoints: Vec<EndpointStats>,
    /// The name of the endpoint that takes the writes, where there is just one with the right to.
    pub primary: Option<String>,
    /// How often another endpoint, or another timeline, took over the writes.
    pub epoch: u64,
    /// The newest timeline that was seen.
    pub timeline_newest: Option<u64>,
    /// Reads that went to the primary because no replica was fit; counted where the group has more than one endpoint.
    pub reads_on_primary: u64,
    /// Requests that were turned down because no endpoint was fit, or none that was gave a connection.
    pub refused: u64,
}

/// What is known of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointStats {
    /// Its name.
    pub name: String,
    /// The role that it is configured for.
    pub role_configured: Role,
    /// The role that was seen last; `None` before the first time.
    pub role_observed: Option<Role>,
    /// Its weight.
    pub weight: u32,
    /// How often its role changed, and its pool with it.
    pub epoch: u64,
    /// Whether it is left alone because it fails.
    pub breaker: BreakerState,
    /// How often it was found to fail so that it was left alone.
    pub breaker_opened: u64,
    /// The estimate of its latency, failures counted in; `None` where nothing is known of late.
    pub latency: Option<Duration>,
    /// Its lag as it was seen last.
    pub lag: Option<Duration>,
    /// Those who use it now, or wait for one of its connections.
    pub in_flight: usize,
    /// How often it was chosen.
    pub chosen: u64,
    /// Failures of the network or the protocol, and checks that did not reach it.
    pub errors: u64,
    /// How often it gave no connection although it can be reached.
    pub refusals: u64,
    /// Its pool.
    pub pool: PoolStats,
}

impl Board {
    pub(crate) fn stats(&self, pools: &[PoolStats], now: Instant) -> GroupStats {
        let endpoints = self.members.iter().zip(pools).map(|(member, pool)| {
            let observed = member.observed();
            EndpointStats {
                name: member.traits.name.clone(),
                role_configured: member.traits.role,
                role_observed: observed.map(|observed| observed.role),
                weight: member.traits.weight,
                epoch: member.epoch,
                breaker: member.breaker.state(now),
                breaker_opened: member.breaker.opened,
                latency: member
                    .standing
                    .latency_s(now)
                    .and_then(|latency_s| Duration::try_from_secs_f64(latency_s).ok()),
                lag: observed.and_then(|observed| observed.lag),
                in_flight: member.in_flight,
                chosen: member.chosen,
                errors: member.failures,
                refusals: member.refusals,
                pool: *pool,
            }
        });
        GroupStats {
            endpoints: endpoints.collect(),
            primary: self.writer.as_ref().ok().map(|&index| self.name(index)),
            epoch: self.epoch,
            timeline_newest: self.newest,
            reads_on_primary: self.reads_on_primary,
            refused: self.refused,
        }
    }

    pub(crate) fn name(&self, index: usize) -> String {
        self.members[index].traits.name.clone()
    }
}
