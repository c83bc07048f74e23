//! From a claim to the leave to send: announced, fenced, cleared.
//!
//! Invariant: the session was fenced, and shown to be alive, less than its patience before it is cleared; whoever goes away on the
//! way has sent nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plexidb_core::ConnectionStatus;
use plexidb_shared::node::AnnounceError;

use super::host::session_name;
use super::{Announcement, SharedError, Tier};
use crate::database::Inner;
use crate::endpoints::EndpointLease;
use crate::error::Error;
use crate::flight::Claim;

/// How long a write is announced again and again where a new epoch comes in between.
const PATIENCE: Duration = Duration::from_secs(15);

/// Announces what is claimed to the processes that share results, where there are any. **Before** anything is sent by which the
/// write may become visible. Returns the statement that takes back what was set in the session, where there is something.
///
/// # Errors
///
/// The write must not be sent, and was not. [`Tier::way_out`] tells whether it can be sent otherwise.
pub(crate) async fn announce(
    inner: &Arc<Inner>,
    lease: &mut EndpointLease,
    claim: &mut Claim,
) -> Result<Option<&'static str>, Error> {
    let Some(tier) = inner.tier() else { return Ok(None) };
    let slots = claim.slots();
    if slots.is_empty() {
        return Ok(None);
    }
    let is_in_transaction = lease.status() != ConnectionStatus::Idle;
    let session = session_name(inner.endpoints.target(lease.origin()), lease.session());
    let fence = tier.fence(is_in_transaction);
    let set = fence.as_ref().map(|(set, _)| set.as_str());
    claim.announced(tier.announce_until_clear(lease, slots, session, set).await?);
    Ok(fence.and_then(|(_, lift)| lift))
}

impl Tier {
    async fn announce_until_clear(
        &self,
        lease: &mut EndpointLease,
        slots: Vec<u32>,
        session: u64,
        fence: Option<&str>,
    ) -> Result<Announcement, Error> {
        let begun = Instant::now();
        loop {
            let announcement = self.announce_once(lease, slots.clone(), session, fence).await?;
            let Announcement::Announced(mut announced) = announcement else {
                return Ok(announcement);
            };
            let error = match announced.clear() {
                Ok(()) => return Ok(Announcement::Announced(announced)),
                Err(error) => error,
            };
            // Nothing was sent.
            announced.end(Vec::new(), Box::new(|| ()));
            if let AnnounceError::Resolved = error {
                return Err(SharedError::TakenForDead.into());
            }
            if begun.elapsed() >= PATIENCE {
                return Err(SharedError::NotAnnounced(error).into());
            }
        }
    }

    async fn announce_once(
        &self,
        lease: &mut EndpointLease,
        slots: Vec<u32>,
        session: u64,
        fence: Option<&str>,
    ) -> Result<Announcement, Error> {
        let announcing = self.announce(slots, session);
        let Some(fence) = fence else {
            return Ok(announcing.await?);
        };
        tokio::pin!(announcing);
        // Before the statement that alters it is sent.
        lease.alter();
        loop {
            // Side by side, so that the fence costs no time of its own; again where others are waited for.
            let answer = tokio::time::timeout(self.fence_patience() / 3, &mut announcing);
            let (fenced, answer) = tokio::join!(lease.control(fence), answer);
            fenced?;
            if let Ok(announcement) = answer {
                return Ok(announcement?);
            }
        }
    }
}
