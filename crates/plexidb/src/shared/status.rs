//! What users see of the shared tier.

use std::sync::atomic::Ordering;
use std::time::Duration;

use plexidb_shared::node::{Contact, NodeStatus};
use plexidb_shared::store::L2Stats;

use super::Tier;

/// What a database's part in the shared tier is like now, and what it did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedStats {
    /// The part among the other processes: whether Redis is reached, the lease, the others.
    pub node: NodeStatus,
    /// Whether cached results are served now.
    pub serves: bool,
    /// Writes that were sent without an announcement, since Redis could not be reached.
    pub unannounced_writes: u64,
    /// Slots of which the others have still to be told.
    pub owed_slots: usize,
    /// Results in Redis; `None` where they are not kept there.
    pub l2: Option<L2Stats>,
}

/// Whether the processes that share results are reached through Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisStatus {
    /// No database shares results.
    Off,
    /// There was no contact yet.
    Connecting,
    /// Redis answers, for every database.
    Connected,
    /// It does not, for some database at least.
    Degraded {
        /// The first such database.
        database: String,
        /// What was found last.
        error: String,
    },
}

impl RedisStatus {
    pub(crate) fn of<'a>(parts: impl Iterator<Item = (&'a str, &'a Tier)>) -> Self {
        let mut status = Self::Off;
        for (database, tier) in parts {
            match tier.node.status().contact {
                Contact::Connected if status == Self::Off => status = Self::Connected,
                Contact::Connected => {}
                Contact::Connecting => status = Self::Connecting,
                error => {
                    return Self::Degraded {
                        database: database.to_owned(),
                        error: error.to_string(),
                    };
                }
            }
        }
        status
    }
}

impl Tier {
    /// What it is like now.
    pub(crate) fn stats(&self) -> SharedStats {
        SharedStats {
            node: self.node.status(),
            serves: self.counts(self.grant()),
            unannounced_writes: self.unannounced.load(Ordering::Relaxed) as u64,
            owed_slots: self.owed.len(),
            l2: self.results.as_ref().map(super::Results::stats),
        }
    }

    /// Tells the others what is owed to them, in the background, as long as the tier lives.
    pub(super) fn pay_in_background(self: &std::sync::Arc<Self>, runtime: &tokio::runtime::Handle) {
        const PAUSE: Duration = Duration::from_millis(100);
        let (tier, owed) = (std::sync::Arc::downgrade(self), std::sync::Arc::clone(&self.owed));
        let task = runtime.spawn(async move {
            loop {
                owed.wait().await;
                let Some(tier) = tier.upgrade() else { break };
                let slots = owed.pay();
                let told = tier.node.touch(slots.clone()).await.is_ok();
                owed.paid(told, &slots);
                if !told {
                    drop(tier);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        // It ends with the tier: see `Drop`.
        let _ = self.payer.set(task.abort_handle());
    }
}

impl Drop for Tier {
    fn drop(&mut self) {
        if let Some(payer) = self.payer.get() {
            payer.abort();
        }
    }
}
