//! A record of other terms that nobody uses any more, as after all processes were given another lease: a new epoch takes its place.
//!
//! Invariant: a member of other terms is expelled only after it stood still for its own lease, and the epoch is replaced only after the
//! last one is gone and the fences of its writes are over.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Shared, jobs};
use crate::bus::BusError;
use crate::protocol::{At, EpochId, MemberId, Refusal, Terms};

/// Those who use the record, as far as is seen from outside.
#[derive(Default)]
pub(super) struct Deserted {
    /// Each with the counter of its renewals, and since when it stands there.
    members: HashMap<MemberId, (u64, Instant)>,
    /// Since when there is nobody.
    empty_since: Option<(EpochId, Instant)>,
}

impl Deserted {
    /// Looks once at a record of these terms; to be called again and again.
    pub(super) async fn look(
        &mut self,
        shared: &std::sync::Arc<Shared>,
        terms: &Terms,
    ) -> Result<(), BusError> {
        let stranger = At {
            epoch: EpochId(rand::random()),
            applied: 0,
        };
        let epoch = match shared.bus.renew(stranger, shared.id).await {
            Err(BusError::Refused(Refusal::OtherEpoch(epoch))) => epoch,
            answer => return answer.map(drop),
        };
        let members = shared.bus.touch(epoch, Vec::new()).await?.members;
        let now = Instant::now();
        self.members
            .retain(|known, _| members.iter().any(|(member, _)| member == known));
        for (member, entry) in &members {
            let seen = self.members.entry(*member).or_insert((entry.renewals, now));
            if seen.0 != entry.renewals {
                *seen = (entry.renewals, now);
            }
            if now.duration_since(seen.1) >= Duration::from_nanos(terms.lease_waited()) {
                shared.bus.expel(epoch, *member, Some(entry.renewals)).await?;
            }
        }
        if !members.is_empty() {
            self.empty_since = None;
            return Ok(());
        }
        let since = match self.empty_since {
            Some((known, since)) if known == epoch => since,
            _ => self.empty_since.insert((epoch, now)).1,
        };
        if now.duration_since(since) >= Duration::from_nanos(terms.fence_waited()) {
            jobs::open(shared, Some(epoch)).await?;
        }
        Ok(())
    }
}
