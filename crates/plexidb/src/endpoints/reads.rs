//! Which server of a set serves a read: a replica that is fit for it, after a wait where one is configured, else the primary.
//!
//! Invariant: a read that is strict gets a replica only where that is known to show every write which it must see, and a read that
//! asks for a tag only a server that bears it, or the primary where that is allowed.

#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plexidb_pool::{BreakerState, Need, Role};
use tokio::time::Instant;

use super::lease::EndpointLease;
use super::replica_set::{ReplicaSet, mark};
use super::tags::ServerTag;
use crate::error::Error;

/// How many replicas a strict read tries that turn out not to be fit, before it goes to the primary.
const REPLICA_TRIES: usize = 3;

/// How fresh a replica must be, and which of them will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// The number of the last write that the read must see.
    pub(crate) acknowledged: u64,
    /// How far behind it may be instead.
    pub(crate) lag_max: Option<Duration>,
    /// Only servers with this tag.
    pub(crate) tag: Option<ServerTag>,
}

impl ReplicaSet {
    /// A connection for a read, and whether it shows all writes that it must for a strict read.
    pub(super) async fn checkout_for_read(
        self: &Arc<Self>,
        freshness: Freshness,
    ) -> Result<(EndpointLease, bool), Error> {
        self.wait_for_replica(freshness).await;
        for _ in 0..REPLICA_TRIES {
            let (lease, is_strict) = self.lease_for_read(freshness).await?;
            if is_strict || freshness.lag_max.is_some() {
                return Ok((lease, is_strict));
            }
            // The replica was overtaken, or lost, while its connection was awaited.
        }
        let lease = self.checkout_primary(freshness.tag).await?;
        Ok((lease, true))
    }

    /// A connection to the primary for a read that nobody else can serve.
    pub(super) async fn checkout_primary(
        self: &Arc<Self>,
        tag: Option<ServerTag>,
    ) -> Result<EndpointLease, Error> {
        let lease = self.checkout().await?;
        self.check_tag(tag, lease.origin().index)?;
        self.checkpoints.read_from_primary();
        Ok(lease)
    }

    async fn lease_for_read(self: &Arc<Self>, freshness: Freshness) -> Result<(EndpointLease, bool), Error> {
        #[cfg(feature = "planted-faults")]
        if planted::is(Fault::SkipPosition) {
            let epoch = self.group.epoch();
            let need = Need::read().patience(self.settings.patience);
            return Ok((self.leased(epoch, self.group.checkout(&need).await?), true));
        }
        let needed = self.checkpoints.needed(freshness.acknowledged);
        let mut need = match (freshness.lag_max, needed) {
            (Some(lag_max), _) => Need::read().lag_max(lag_max),
            (None, Some(needed)) => Need::read().at_least(mark(needed)),
            // The primary was not asked since the last write that must be seen: no replica is known to have it.
            (None, None) => return Ok((self.checkout_primary(freshness.tag).await?, true)),
        };
        if let Some(tag) = freshness.tag {
            // The name of a tag that is another database's is nobody's.
            need = need.tag(self.tags.name(tag).unwrap_or_default());
        }
        let epoch = self.group.epoch();
        let lease = self
            .group
            .checkout(&need.patience(self.settings.patience))
            .await?;
        let is_primary = lease.endpoint().is_primary();
        let mut lease = self.leased(epoch, lease);
        let index = lease.origin().index;
        if is_primary {
            self.check_tag(freshness.tag, index)?;
            self.checkpoints.read_from_primary();
            return Ok((lease, true));
        }
        let needed = needed.filter(|&needed| self.checkpoints.has_reached(index, needed));
        let is_strict = match needed {
            Some(needed) => {
                self.sessions
                    .admit(&mut lease, index, needed, &self.checkpoints)
                    .await
            }
            None => false,
        };
        if is_strict {
            self.checkpoints.read_from(index);
        }
        Ok((lease, is_strict))
    }

    /// Waits until a replica can serve a strict read, at most as long as is configured.
    async fn wait_for_replica(&self, freshness: Freshness) {
        if self.settings.wait.is_zero() || freshness.lag_max.is_some() {
            return;
        }
        let deadline = Instant::now() + self.settings.wait;
        loop {
            let mut progress = std::pin::pin!(self.progress.notified());
            // From here on no progress is missed.
            progress.as_mut().enable();
            let needed = self.checkpoints.needed(freshness.acknowledged);
            let candidates = self.tags.candidates(freshness.tag);
            if let Some(needed) = needed
                && candidates.and(self.checkpoints.reached_by(needed)).0 != 0
            {
                return;
            }
            let has_hope = |(index, seen): (usize, &plexidb_pool::EndpointStats)| {
                candidates.has(index)
                    && seen.role_observed == Some(Role::Replica)
                    && seen.breaker == BreakerState::Closed
            };
            if !self.group.stats().endpoints.iter().enumerate().any(has_hope) {
                return;
            }
            if needed.is_none() {
                // The primary is to be asked anew; replicas that lag behind what it has shown are asked all the time.
                self.ask_again();
            }
            if tokio::time::timeout_at(deadline, progress).await.is_err() {
                return;
            }
        }
    }

    /// Takes note that a server serves a read.
    pub(super) fn count_read(&self, index: usize) {
        self.reads_served[index].fetch_add(1, Ordering::Relaxed);
    }

    /// A strict read goes to this server, in a transaction: later ones show at least what it is known to have.
    pub(super) fn read_from(&self, index: usize, is_replica: bool) {
        if is_replica {
            self.checkpoints.read_from(index);
        } else {
            self.checkpoints.read_from_primary();
        }
    }

    /// What a read must show that may depend on anything.
    pub(crate) fn every_write(&self) -> u64 {
        self.writes.acknowledged()
    }
}
