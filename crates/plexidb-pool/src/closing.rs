//! How a connection is given up: in the background, in an orderly way, within bounds.
//!
//! Invariant: its place in the pool does not wait for it; only [`Pool::close`](crate::Pool::close) does, and its part of a
//! budget.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{ConnectionStatus, SessionId};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::hooks::{CloseEvent, CloseReason};
use crate::idle::Aged;
use crate::ledger::{Leaving, Retired};
use crate::pool::Shared;

/// How long an orderly end may take before the connection is simply dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that is counted as closing until this is dropped, however its task ends.
struct Closing(Arc<Shared>);

impl Closing {
    fn tell(&self, end: End) {
        self.0.hooks.tell(|hooks| {
            hooks.close(&CloseEvent {
                target: self.0.target(),
                session: end.session,
                reason: end.reason,
                age: end.age,
                elapsed: end.started.elapsed(),
            });
        });
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.ledger().closing -= 1;
        self.0.ended.notify_waiters();
    }
}

impl Shared {
    /// Closes a connection in the background. A broken one, or one that is given up outside of a runtime, is
    /// dropped, which ends it as well.
    pub(crate) fn give_up(self: &Arc<Self>, leaving: Leaving) {
        let Leaving { aged, reason } = leaving;
        let closing = Closing(Arc::clone(self));
        let end = End::of(&aged, reason);
        let runtime = match aged.connection.status() {
            ConnectionStatus::Broken => None,
            _ => Handle::try_current().ok(),
        };
        let Some(runtime) = runtime else {
            drop(aged);
            closing.tell(end);
            return;
        };
        runtime.spawn(async move {
            let Aged { connection, unit, .. } = *aged;
            // Late or not, it is gone afterwards.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection.close()).await;
            drop(unit);
            closing.tell(end);
        });
    }

    pub(crate) fn give_up_all(self: &Arc<Self>, retired: Retired) {
        for leaving in retired {
            self.give_up(leaving);
        }
    }

    /// Waits until a closed pool has no connection any more.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // From here on nothing that ends is missed.
            ended.as_mut().enable();
            if self.ledger().has_ended() {
                return;
            }
            ended.await;
        }
    }
}

/// What is known of a connection before it ends.
struct End {
    session: SessionId,
    reason: CloseReason,
    age: Duration,
    started: Instant,
}

impl End {
    fn of(aged: &Aged, reason: CloseReason) -> Self {
        let started = Instant::now();
        Self {
            session: aged.connection.session(),
            reason,
            age: started.saturating_duration_since(aged.created_at),
            started,
        }
    }
}
