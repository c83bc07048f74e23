//! A running member: it carries the transitions of the protocol out over a bus, for the process that it is part of.
//!
//! Invariant: a transition and its effects on the process are one step under one lock, and the lease is made known to hits after
//! them. Whatever has to be asked of others is done by tasks, again and again until it is done or the node is gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::BoxFuture;
use quanta::Clock;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use crate::bus::{Bus, BusError};
use crate::protocol::{EpochId, Fingerprint, HoldId, IntentId, Lease, Marker, Member, MemberId, Terms};

mod announce;
mod deserted;
mod jobs;
mod listener;
mod mirror;
mod renewals;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use announce::{AnnounceError, Announced, Confirmed};
pub use status::{Contact, NodeStatus};

use mirror::Mirror;
use state::State;

/// What a member needs of the process that it is part of. The first three are called under a lock: they must not wait, and not call
/// the node.
pub trait Host: Send + Sync + 'static {
    /// Holds slots, besides those that this hold has already.
    fn raise(&self, hold: HoldId, slots: &[u32]);

    /// Ends a hold: each touched slot goes one version up, whether the hold has it or not; then the others are let go.
    fn end(&self, hold: HoldId, touched: &[u32]);

    /// Slots go one version up that nobody holds.
    fn touch(&self, slots: &[u32]);

    /// Ends a session on its server. True once it is gone; it is asked again until it is.
    fn resolve(&self, session: u64) -> BoxFuture<'_, bool>;

    /// Waits until every statement has ended that the server has now.
    ///
    /// # Errors
    ///
    /// The server cannot be asked; it is tried again.
    fn quiesce(&self) -> BoxFuture<'_, Result<(), String>>;

    /// The marker as it is in the primary now; `None` where it cannot be read.
    fn read_marker(&self) -> BoxFuture<'_, Option<Marker>>;

    /// Closes the marker, after everybody who has locked it.
    fn close_marker(&self) -> BoxFuture<'_, Option<Marker>>;

    /// Reads the catalog anew: what is planned from now on is planned by it. `None` where it cannot be read.
    fn read_catalog(&self) -> BoxFuture<'_, Option<Fingerprint>>;
}

/// A running member; cloning shares it. It leaves when the last clone is dropped.
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
    _life: Arc<Life>,
}

/// Ends what runs when the last handle is dropped.
struct Life(Arc<Shared>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.stop();
        let (bus, id) = (Arc::clone(&self.0.bus), self.0.id);
        if let Some(at) = self.0.state().at() {
            self.0.runtime.spawn(async move {
                let _ = bus.expel(at.epoch, id, None).await;
            });
        }
    }
}

pub(crate) struct Shared {
    bus: Arc<dyn Bus>,
    host: Arc<dyn Host>,
    terms: Terms,
    id: MemberId,
    lease: Lease,
    clock: Clock,
    /// Whatever has to be done is done there, whoever drops a write and wherever.
    runtime: Handle,
    state: Mutex<State>,
    /// Told after each step.
    stepped: watch::Sender<u64>,
    /// The record is to be read anew.
    rejoin: Notify,
    /// A renewal is due before its time.
    renew: Notify,
    /// Something was applied that a writer may wait for.
    acknowledge: Notify,
    tasks: Mutex<Vec<tokio::task::AbortHandle>>,
    is_stopped: AtomicBool,
}

impl Node {
    /// Takes part from now on. Nothing here waits for the bus. Must be called on a tokio runtime.
    #[must_use]
    pub fn start(bus: Arc<dyn Bus>, host: Arc<dyn Host>, terms: Terms, fingerprint: Fingerprint) -> Self {
        let id = MemberId(rand::random());
        let mirror = Mirror::new(terms.slots);
        let (stepped, _) = watch::channel(0);
        let shared = Arc::new(Shared {
            bus,
            host,
            terms,
            id,
            lease: Lease::default(),
            clock: Clock::new(),
            runtime: Handle::current(),
            state: Mutex::new(State::new(Member::new(id, terms, fingerprint, mirror))),
            stepped,
            rejoin: Notify::new(),
            renew: Notify::new(),
            acknowledge: Notify::new(),
            tasks: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        });
        let tasks = [
            tokio::spawn(listener::listen(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(renewals::renew(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(jobs::acknowledge(Arc::clone(&shared))).abort_handle(),
        ];
        shared.tasks().extend(tasks);
        let life = Arc::new(Life(Arc::clone(&shared)));
        Self { shared, _life: life }
    }

    /// What hits look at.
    #[inline]
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.shared.lease
    }

    /// The clock of the lease, in nanoseconds.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.shared.now()
    }

    /// The epoch and the record's versions of these slots, in one step with what this process knows of them; `None` while no epoch
    /// is settled.
    #[must_use]
    pub fn versions(&self, slots: &[u32]) -> Option<(EpochId, Vec<(u32, u64)>)> {
        self.shared.state().versions(slots)
    }

    /// Whether these are the record's versions in its epoch.
    pub fn is_current(&self, epoch: u128, mut versions: impl Iterator<Item = (u32, u64)>) -> bool {
        let state = self.shared.state();
        state.settled_epoch() == Some(EpochId(epoch))
            && versions.all(|(slot, version)| state.version(slot) == version)
    }

    /// Whether there is a lease now.
    #[must_use]
    pub fn has_lease(&self) -> bool {
        self.shared.has_lease()
    }

    /// Says that the catalog was read anew: own writes are announced by it from now on. The others are told in the background, unless
    /// the record has it already.
    pub fn declare(&self, fingerprint: Fingerprint) {
        self.shared
            .step(|member, effects| member.read_catalog(fingerprint, effects));
        jobs::declare(&self.shared);
    }

    /// Leaves the others, so that no write of theirs waits for this member. Ends of writes that are under way are waited for.
    pub async fn leave(&self, grace: Duration) {
        let leaving = async {
            let mut stepped = self.shared.stepped.subscribe();
            while self.shared.state().has_writes() {
                if stepped.changed().await.is_err() {
                    break;
                }
            }
            self.shared.stop();
            let at = self.shared.state().at();
            if let Some(at) = at {
                let _ = self.shared.bus.expel(at.epoch, self.shared.id, None).await;
            }
        };
        let _ = tokio::time::timeout(grace, leaving).await;
        self.shared.stop();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<tokio::task::AbortHandle>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn now(&self) -> u64 {
        self.clock.delta_as_nanos(0, self.clock.raw())
    }

    /// Nothing is served and nothing is done any more.
    fn stop(&self) {
        {
            // A step that is under way must not give the lease back.
            let _state = self.state();
            self.is_stopped.store(true, Ordering::Release);
            self.lease.set(0);
        }
        self.tasks().drain(..).for_each(|task| task.abort());
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// A call was not answered.
    fn failed(&self, error: &BusError) {
        self.state().failed(error);
        self.stepped.send_modify(|steps| *steps += 1);
    }
}

/// The name of a write that has to be ended, and what it touched.
pub(crate) struct Ending {
    id: IntentId,
    touched: Vec<u32>,
    /// Whether the others have to know of another catalog before.
    is_of_schema: bool,
}
