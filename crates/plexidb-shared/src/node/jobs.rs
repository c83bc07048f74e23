//! What has to be asked of others: each in a task of its own, until it is done.
//!
//! Invariant: nothing is tried again once the node is stopped.

use std::sync::Arc;
use std::time::Duration;

use super::listener::PAUSE_MAX;
use super::{Ending, Shared};
use crate::bus::BusError;
use crate::protocol::{Acknowledgement, Effect, EpochId, Intent};

const PAUSE_FIRST: Duration = Duration::from_millis(10);

/// Pauses between tries.
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(PAUSE_FIRST)
    }
}

impl Backoff {
    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

/// Begins what an effect asks for.
pub(super) fn begin(shared: &Arc<Shared>, effect: Effect) {
    match effect {
        Effect::Acknowledge => shared.acknowledge.notify_one(),
        Effect::Rejoin => shared.rejoin.notify_one(),
        Effect::Open { expected } => {
            spawn(shared, move |shared| async move {
                match open(&shared, expected).await {
                    Ok(()) => {
                        shared.rejoin.notify_one();
                        true
                    }
                    Err(error) => {
                        shared.failed(&error);
                        // The next renewal asks for it again.
                        true
                    }
                }
            });
        }
        Effect::CloseMarker { .. } => close_marker(shared),
        Effect::Expel { member, renewals } => {
            spawn(shared, move |shared| async move {
                let Some(at) = shared.state().at() else {
                    return true;
                };
                let expelled = shared.bus.expel(at.epoch, member, Some(renewals)).await;
                !matches!(expelled, Err(BusError::Unreachable(_)))
            });
        }
        Effect::Resolve(intent) => resolve(shared, intent),
        Effect::EndUnknown(id) => end(
            shared,
            Ending {
                id,
                touched: Vec::new(),
                is_of_schema: false,
            },
        ),
        Effect::Quiesce(epoch) => quiesce(shared, epoch),
        Effect::ReadCatalog => read_catalog(shared),
        // Carried out under the lock.
        Effect::Raise { .. } | Effect::End { .. } | Effect::Touch { .. } | Effect::EndOwn { .. } => {}
    }
}

/// Opens a new epoch in place of this one, or of none.
pub(super) async fn open(shared: &Arc<Shared>, expected: Option<EpochId>) -> Result<(), BusError> {
    let generation = if shared.terms.has_marker {
        let marker = shared.host.read_marker().await;
        marker
            .ok_or_else(|| BusError::Unreachable("the marker in the database cannot be read".to_owned()))?
            .generation
    } else {
        0
    };
    let opening = shared.state().opening(EpochId(rand::random()), generation);
    shared.bus.open(expected, opening).await.map(drop)
}

/// Tells the others what was applied last, whenever there is something, until the node is stopped.
pub(super) async fn acknowledge(shared: Arc<Shared>) {
    loop {
        shared.acknowledge.notified().await;
        let Some(at) = shared.state().at() else { continue };
        let acknowledgement = Acknowledgement {
            member: shared.id,
            epoch: at.epoch,
            applied: at.applied,
        };
        // One that is lost is made good by the next renewal.
        let _ = shared.bus.acknowledge(acknowledgement).await;
    }
}

/// Ends a write in the record.
pub(super) fn end(shared: &Arc<Shared>, ending: Ending) {
    let Ending {
        id,
        touched,
        is_of_schema,
    } = ending;
    spawn(shared, move |shared| {
        let touched = touched.clone();
        async move {
            let Some(at) = shared.state().at() else {
                return false;
            };
            // The whole database is held until then: whoever plans by the old catalog afterwards touches all of it.
            if is_of_schema && !declare_once(&shared).await {
                return false;
            }
            match shared.bus.end(at.epoch, id, touched).await {
                Ok(ended) => {
                    shared.step(|member, effects| member.ended(id, &ended, effects));
                    true
                }
                Err(BusError::Refused(refusal)) => {
                    shared.step(|member, effects| member.refused(&refusal, effects));
                    false
                }
                Err(error) => {
                    shared.failed(&error);
                    false
                }
            }
        }
    });
}

/// Makes sure that a write is over whose member is gone, and ends it.
fn resolve(shared: &Arc<Shared>, intent: Intent) {
    spawn(shared, move |shared| {
        let intent = intent.clone();
        async move {
            if !shared.host.resolve(intent.session).await {
                return false;
            }
            let Some(at) = shared.state().at() else {
                return false;
            };
            match shared.bus.end(at.epoch, intent.id, intent.slots).await {
                Ok(_) => true,
                // In a new epoch it is registered again by whoever knows it, and resolved again.
                Err(BusError::Refused(_)) => true,
                Err(_) => false,
            }
        }
    });
}

fn quiesce(shared: &Arc<Shared>, epoch: EpochId) {
    spawn(shared, move |shared| async move {
        let quiesced = shared.host.quiesce().await;
        let settled = match quiesced {
            Ok(()) => shared.bus.settle(epoch).await.is_ok(),
            Err(error) => {
                tracing::warn!(%error, "the shared tier cannot be taken up: the server does not tell what it is doing");
                false
            }
        };
        if settled {
            shared.renew.notify_one();
        } else {
            shared.step(|member, _| member.not_quiesced());
        }
        true
    });
}

/// Reads the catalog, as the record has another one, and declares it.
//
// Two processes may never agree: where they are configured differently, each would declare its own and make the other read again. So
// whoever finds nothing new waits, longer each time.
fn read_catalog(shared: &Arc<Shared>) {
    spawn(shared, move |shared| async move {
        let before = shared.state().fingerprint();
        let Some(fingerprint) = shared.host.read_catalog().await else {
            return false;
        };
        shared.step(|member, effects| member.read_catalog(fingerprint, effects));
        if !shared.state().is_outdated() {
            return true;
        }
        let pause = shared.state().disagree(fingerprint == before);
        if let Some(pause) = pause {
            tracing::warn!(
                "the processes that share results see different schemas, so that this one serves nothing of its cache for {pause:?}; \
                 give all of them the same settings of tables and of `invalidation`"
            );
            tokio::time::sleep(pause).await;
        }
        declare_once(&shared).await
    });
}

/// Tells the record of the catalog that was read last, in the background.
pub(super) fn declare(shared: &Arc<Shared>) {
    spawn(shared, move |shared| async move { declare_once(&shared).await });
}

/// Whether the record has the catalog that was read last, or there is none to be told.
async fn declare_once(shared: &Arc<Shared>) -> bool {
    let (at, fingerprint) = {
        let state = shared.state();
        match state.at() {
            Some(at) if state.is_outdated() => (at, state.fingerprint()),
            _ => return true,
        }
    };
    match shared.bus.declare(at.epoch, fingerprint).await {
        Ok(()) => true,
        Err(BusError::Refused(refusal)) => {
            shared.step(|member, effects| member.refused(&refusal, effects));
            false
        }
        Err(_) => false,
    }
}

/// Closes the marker once whoever opened it has had the time of a lease.
fn close_marker(shared: &Arc<Shared>) {
    if !shared.state().begin_closing() {
        return;
    }
    let pause = Duration::from_nanos(shared.terms.lease);
    let runtime = shared.runtime.clone();
    let shared = Arc::clone(shared);
    runtime.spawn(async move {
        tokio::time::sleep(pause).await;
        if !shared.is_stopped() {
            let _ = shared.host.close_marker().await;
        }
        shared.state().end_closing();
        shared.renew.notify_one();
    });
}

/// Tries until it is done, or the node is stopped.
fn spawn<F>(shared: &Arc<Shared>, mut job: impl FnMut(Arc<Shared>) -> F + Send + 'static)
where
    F: Future<Output = bool> + Send + 'static,
{
    let runtime = shared.runtime.clone();
    let shared = Arc::clone(shared);
    runtime.spawn(async move {
        let mut backoff = Backoff::default();
        while !shared.is_stopped() && !job(Arc::clone(&shared)).await {
            backoff.pause().await;
        }
    });
}
