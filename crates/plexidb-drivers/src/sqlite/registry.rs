//! The sessions of a connector that are alive, held by a handle or lost with a statement still running.
//!
//! Invariant: a session is here exactly until its SQLite connection is closed, so one that is not here can change
//! nothing any more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::SessionId;
use tokio::sync::Notify;

use super::canceller::SqliteCanceller;

/// How long one call waits for a session to end before it says "not yet".
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Numbers are unique in the process, so that a session is never taken for a later one.
static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

/// The sessions that are alive.
#[derive(Default)]
pub(super) struct Registry {
    sessions: Mutex<HashMap<SessionId, Arc<SqliteCanceller>>>,
    ended: Notify,
}

/// One session's entry, which goes when this is dropped.
pub(super) struct Registration {
    registry: Arc<Registry>,
    id: SessionId,
}

impl Registry {
    /// Enters a session.
    pub(super) fn register(self: &Arc<Self>, canceller: Arc<SqliteCanceller>) -> Registration {
        let id = SessionId(NEXT_SESSION.fetch_add(1, Ordering::Relaxed));
        self.sessions().insert(id, canceller);
        Registration {
            registry: Arc::clone(self),
            id,
        }
    }

    /// Stops what a lost session runs and waits for its end; `false` where that takes longer than a second.
    pub(super) async fn terminate(&self, id: SessionId) -> bool {
        let end = async {
            loop {
                let ended = self.ended.notified();
                let mut ended = std::pin::pin!(ended);
                // Enlisted before the look, so that an end between the look and the wait is not missed.
                ended.as_mut().enable();
                let Some(canceller) = self.sessions().get(&id).map(Arc::clone) else {
                    return;
                };
                canceller.interrupt();
                ended.await;
            }
        };
        tokio::time::timeout(WAIT_MAX, end).await.is_ok()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<SqliteCanceller>>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    pub(super) fn id(&self) -> SessionId {
        self.id
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.sessions().remove(&self.id);
        self.registry.ended.notify_waiters();
    }
}
