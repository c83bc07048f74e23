//! A primary and its replicas, and what the checks of them mean.
//!
//! Invariant: what is not known of a replica speaks against it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plexidb_cache::SlotArray;
use plexidb_core::{DriverError, Position, ReplicationRole, ReplicationState, Tag};
use plexidb_pool::{EndpointGuard, EndpointId, Group, GroupLease, Mark, Need, Observation};
use plexidb_sql::Dependencies;
use tokio::sync::{Notify, watch};

use super::checkpoints::{Asked, Checkpoints, Needed};
use super::lease::{EndpointLease, Origin};
use super::replicas::Replicas;
use super::sessions::Sessions;
use super::tags::{ServerTag, ServerTraits, Tags};
use super::write_log::WriteLog;
use crate::error::Error;
use crate::shared::Owed;

/// A primary and its replicas.
pub(crate) struct ReplicaSet {
    pub(super) group: Group,
    /// What is configured of each server.
    pub(super) traits: Vec<ServerTraits>,
    pub(super) tags: Tags,
    /// Names of the servers, and their places in the group, in the order of the configuration.
    names: Vec<Arc<String>>,
    pub(super) checkpoints: Checkpoints,
    pub(super) writes: Arc<WriteLog>,
    pub(super) sessions: Sessions,
    pub(super) settings: ReplicaSettings,
    /// The reads that each server was sent.
    pub(super) reads_served: Vec<AtomicU64>,
    /// Told when a server has answered a check.
    pub(super) progress: Notify,
    slots: Arc<SlotArray>,
    /// The takeover that was noticed last.
    epoch_seen: AtomicU64,
    /// Where the processes that share results are told of takeovers.
    owed: OnceLock<Arc<Owed>>,
    /// Told when servers are to be asked before it is time: all, or all but the one that has come to news.
    calls: watch::Sender<Option<usize>>,
}

/// The settings of a set, validated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplicaSettings {
    /// How far reads are served by replicas that do not say so themselves.
    pub(crate) reads: Replicas,
    /// How long a statement waits for a server that is fit, as for a primary after a failover.
    pub(crate) patience: Duration,
    /// How long a strict read waits for a replica that is fit, before it goes to the primary.
    pub(crate) wait: Duration,
    /// Whether the primary serves reads that ask for a tag which it does not bear, where nobody else can.
    pub(crate) tagged_reads_on_primary: bool,
}

impl ReplicaSet {
    /// `traits` are those of the group's endpoints, in their order.
    pub(crate) fn new(
        group: Group,
        traits: Vec<ServerTraits>,
        settings: ReplicaSettings,
        slots: Arc<SlotArray>,
    ) -> Self {
        let names: Vec<_> = group
            .endpoints()
            .map(|(_, name, _)| Arc::new(name.to_owned()))
            .collect();
        Self {
            checkpoints: Checkpoints::new(names.len()),
            sessions: Sessions::new(names.len()),
            tags: Tags::new(&traits),
            traits,
            reads_served: names.iter().map(|_| AtomicU64::new(0)).collect(),
            progress: Notify::new(),
            names,
            group,
            writes: Arc::new(WriteLog::new()),
            settings,
            slots,
            epoch_seen: AtomicU64::new(0),
            owed: OnceLock::new(),
            calls: watch::Sender::new(None),
        }
    }

    /// Says where the processes that share results are told of takeovers. Only once.
    pub(crate) fn tell_takeovers(&self, owed: Arc<Owed>) {
        let _ = self.owed.set(owed);
    }

    /// The place of the primary, and the takeover since which it is that; `None` while there is none.
    pub(super) fn primary(&self) -> Option<(usize, u64)> {
        let stats = self.group.stats();
        let primary = stats.primary?;
        let index = self.names.iter().position(|name| **name == primary)?;
        Some((index, stats.epoch))
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    pub(super) fn writes(&self) -> &Arc<WriteLog> {
        &self.writes
    }

    pub(super) fn name(&self, index: usize) -> Arc<String> {
        Arc::clone(&self.names[index])
    }

    /// How far reads are served by replicas that do not say so themselves.
    pub(crate) fn reads(&self) -> Replicas {
        self.settings.reads
    }

    /// The tag of this name.
    pub(crate) fn tag(&self, name: &str) -> Option<ServerTag> {
        self.tags.find(name)
    }

    /// The names of all tags.
    pub(crate) fn tag_names(&self) -> &[String] {
        self.tags.names()
    }

    /// The number of the last write to anything that a result depends on.
    pub(crate) fn newest_write(&self, found: &Dependencies) -> u64 {
        self.writes.newest(found)
    }

    fn index(&self, guard: &EndpointGuard) -> usize {
        let mut names = self.names.iter();
        // The group has no other names.
        names.position(|name| **name == guard.name()).unwrap_or_default()
    }

    pub(super) fn leased(self: &Arc<Self>, epoch: u64, lease: GroupLease) -> EndpointLease {
        let (lease, guard) = lease.into_parts();
        let index = self.index(&guard);
        EndpointLease::of_group(lease, guard, Arc::clone(self), Origin { index, epoch })
    }

    /// A connection to the primary.
    pub(super) async fn checkout(self: &Arc<Self>) -> Result<EndpointLease, Error> {
        let epoch = self.group.epoch();
        let need = Need::write().patience(self.settings.patience);
        Ok(self.leased(epoch, self.group.checkout(&need).await?))
    }

    /// Takes note of an error that a check of a server has met.
    pub(super) fn heed(&self, index: usize, error: &DriverError) {
        if let Some((_, _, pool)) = self.group.endpoints().nth(index) {
            pool.heed(error);
        }
    }

    /// Asks all servers at once what they are.
    pub(super) fn ask_again(&self) {
        self.calls.send_replace(None);
    }

    /// What tells when servers are to be asked before it is time.
    pub(super) fn calls(&self) -> watch::Receiver<Option<usize>> {
        self.calls.subscribe()
    }

    /// What a check is to note before it asks.
    pub(super) fn asking(&self) -> Asked {
        Asked {
            epoch: self.group.epoch(),
            acknowledged: self.writes.acknowledged(),
            at: tokio::time::Instant::now(),
        }
    }

    /// Takes note of what a server has answered. Returns whether it should be asked again soon, as it is about to catch up.
    pub(super) fn observe(&self, index: usize, asked: Asked, state: ReplicationState) -> bool {
        let Some(id) = self.group.endpoint(&self.names[index]) else {
            return false;
        };
        let timeline = state
            .position
            .as_ref()
            .and_then(Position::timeline)
            .map(u64::from);
        let is_lagging = match (state.role, state.refuses_writes) {
            (ReplicationRole::Primary, false) => {
                self.checkpoints.reach(index, asked.epoch, None);
                self.saw(id, Observation::primary(asked.at), timeline);
                if let Some(position) = state.position
                    && self.group.epoch() == asked.epoch
                    && self.group.stats().primary.as_deref() == Some(self.names[index].as_str())
                    && self.checkpoints.add(asked, position)
                {
                    // Those who have reached it serve what was written meanwhile.
                    self.calls.send_replace(Some(index));
                }
                false
            }
            // A server that follows nobody and takes no writes shows what nobody knows the age of.
            (ReplicationRole::Primary, true) => {
                self.checkpoints.reach(index, asked.epoch, None);
                self.saw(id, Observation::replica(asked.at), timeline);
                false
            }
            (ReplicationRole::Replica, _) => {
                let reached = self
                    .checkpoints
                    .reach(index, asked.epoch, state.position.as_ref());
                let mut observation = Observation::replica(asked.at);
                // By this process's own clock where that is possible: what the servers say does not count what is under way.
                observation.lag = match reached {
                    Some(reached) => Some(asked.at.saturating_duration_since(reached.asked_at)),
                    // MariaDB's word was found wrong for servers that were set up anew, whatever it said.
                    None => timeline.and(own_lag(state.replay_lag)),
                };
                observation.mark = reached.map(|reached| {
                    mark(Needed {
                        epoch: asked.epoch,
                        number: reached.number,
                    })
                });
                self.saw(id, observation, timeline);
                reached.is_some_and(|reached| !reached.is_newest)
            }
        };
        self.follow_takeover();
        self.progress.notify_waiters();
        is_lagging
    }

    fn saw(&self, id: EndpointId, mut observation: Observation, timeline: Option<u64>) {
        observation.timeline = timeline;
        self.group.observe(id, observation);
    }

    /// Takes note that a server did not answer, or nothing of use. What it has replayed is not known any more: it may have
    /// started anew, from an earlier position.
    pub(super) fn lose(&self, index: usize, asked: Asked, is_unreachable: bool) {
        let Some(id) = self.group.endpoint(&self.names[index]) else {
            return;
        };
        self.checkpoints.reach(index, asked.epoch, None);
        self.sessions.forget(index);
        self.group.forget_progress(id, asked.at);
        if is_unreachable {
            if let Some((_, _, pool)) = self.group.endpoints().nth(index) {
                // Its connections may be as dead as that of the check.
                pool.suspect();
            }
            self.group.unreachable(id, asked.at);
        }
        self.follow_takeover();
        self.progress.notify_waiters();
    }

    /// Whether another server has taken over since the session was begun.
    pub(super) fn has_left(&self, origin: Origin) -> bool {
        let stats = self.group.stats();
        let is_primary = |name: &str| stats.primary.as_deref() == Some(name);
        stats.epoch > origin.epoch && stats.primary.is_some() && !is_primary(&self.names[origin.index])
    }

    /// Where another server has taken over, drops what was cached from before: the new primary may lack writes that the old one
    /// had acknowledged.
    pub(super) fn follow_takeover(&self) {
        let epoch = self.group.epoch();
        if self.epoch_seen.fetch_max(epoch, Ordering::SeqCst) >= epoch {
            return;
        }
        self.checkpoints.begin_epoch(epoch);
        // Before the slots are raised: a read whose stamps are of afterwards goes to replicas of the new primary alone.
        self.writes.note(&[Tag::DATABASE]);
        // Before the slots are let go: what others have put into Redis may be of before.
        if let Some(owed) = self.owed.get() {
            owed.add_whole();
        }
        self.slots.begin_write(&[Tag::DATABASE]).end();
        tracing::warn!("another server takes the writes now; nothing of before is served from the cache");
        self.ask_again();
    }
}

/// What the lag is worth that a replica tells of itself, where nobody else knows. That there is none only says that it has replayed
/// all that it was sent: one that was set up anew says so before it was sent anything, and whoever replays faster than the network
/// brings. Anything else is the age of what it replays, and true.
fn own_lag(told: Option<Duration>) -> Option<Duration> {
    told.filter(|lag| !lag.is_zero())
}

/// A checkpoint as the group compares it.
pub(super) fn mark(needed: Needed) -> Mark {
    Mark::new(needed.epoch, needed.number)
}
