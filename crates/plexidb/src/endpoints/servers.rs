//! The servers of a database with replicas, as people see them: what each is for, what it is, and what it did.

use std::sync::atomic::Ordering;
use std::time::Duration;

use plexidb_pool::{BreakerState, Role};

use super::replica_set::ReplicaSet;
use super::tags::ServerTag;
use crate::error::Error;

/// One server of a database with replicas.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Its name, as in [`Rows::endpoint`](crate::Rows::endpoint).
    pub name: String,
    /// What it was seen to be last; what it is configured as, before the first check.
    pub role: Role,
    /// Whether it takes the database's writes.
    pub takes_writes: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its share of the reads compared with the other replicas.
    pub weight: u32,
    /// Whether it is kept free of reads that ask for none of its tags.
    pub is_reserved: bool,
    /// Whether it is left alone because it fails.
    pub breaker: BreakerState,
    /// How far behind the primary it was when it was asked last; `None` where that is not known.
    pub lag: Option<Duration>,
    /// The estimate of its latency; `None` where it has served nothing of late.
    pub latency: Option<Duration>,
    /// The reads that were sent to it: queries, streams and read-only transactions for replicas. A read that is sent twice counts
    /// for both servers.
    pub reads: u64,
    /// Failures of the network or the protocol, and checks that did not reach it.
    pub errors: u64,
    /// How often it gave no connection although it can be reached.
    pub refusals: u64,
}

impl ReplicaSet {
    pub(super) fn servers(&self) -> Vec<ServerStats> {
        let stats = self.group.stats();
        let servers = stats.endpoints.into_iter().zip(&self.traits).enumerate();
        servers
            .map(|(index, (seen, traits))| ServerStats {
                takes_writes: stats.primary.as_ref() == Some(&seen.name),
                role: seen.role_observed.unwrap_or(seen.role_configured),
                tags: traits.tags.clone(),
                weight: seen.weight,
                is_reserved: traits.is_reserved,
                breaker: seen.breaker,
                lag: seen.lag,
                latency: seen.latency,
                reads: self.reads_served[index].load(Ordering::Relaxed),
                errors: seen.errors,
                refusals: seen.refusals,
                name: seen.name,
            })
            .collect()
    }

    /// Refuses the primary where it serves no reads of this tag.
    pub(super) fn check_tag(&self, tag: Option<ServerTag>, index: usize) -> Result<(), Error> {
        let Some(tag) = tag else { return Ok(()) };
        let name = self.tags.name(tag);
        if name.is_some() && (self.settings.tagged_reads_on_primary || self.tags.bearers(tag).has(index)) {
            return Ok(());
        }
        let of_tag = self.servers().into_iter().enumerate();
        let of_tag = of_tag.filter(|(index, _)| self.tags.bearers(tag).has(*index));
        Err(Error::NoServerOfTag {
            tag: name.unwrap_or("of another database").to_owned(),
            servers: of_tag
                .map(|(_, server)| format!("{}: {}", server.name, why_not(&server)))
                .collect(),
        })
    }
}

/// Why a server that bears the tag does not serve a read, as far as it is to be seen.
fn why_not(server: &ServerStats) -> String {
    match (server.breaker, server.lag) {
        (BreakerState::Open { .. } | BreakerState::HalfOpen, _) => "failing".to_owned(),
        _ if server.role == Role::Primary => "no replica".to_owned(),
        _ if server.weight == 0 => "weight 0".to_owned(),
        (BreakerState::Closed, Some(lag)) => format!("{lag:?} behind, or overtaken by a write"),
        (BreakerState::Closed, None) => "of unknown lag".to_owned(),
    }
}
