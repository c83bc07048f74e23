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
use crate::ledger::Retired;
use crate::pool::Shared;

/// How long an orderly end may take before the connection is simply dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Counts a connection as closing until it is dropped, however its task ends.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.ledger().closing -= 1;
        self.0.ended.notify_waiters();
    }
}

impl Shared {
    /// Closes a connection in the background. A broken one, or one that is given up outside of a runtime, is
    /// dropped, which ends it as well.
    pub(crate) fn give_up(self: &Arc<Self>, aged: Box<Aged>, reason: CloseReason) {
        let runtime = match aged.connection.status() {
            ConnectionStatus::Broken => None,
            _ => Handle::try_current().ok(),
        };
        {
            let mut ledger = self.ledger();
            ledger.tally.destroyed += 1;
            ledger.closing += usize::from(runtime.is_some());
        }
        let end = End::of(&aged, reason);
        let Some(runtime) = runtime else {
            drop(aged);
            self.tell_end(end);
            return;
        };
        let closing = Closing(Arc::clone(self));
        runtime.spawn(async move {
            let Aged { connection, unit, .. } = *aged;
            // Late or not, it is gone afterwards.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection.close()).await;
            drop(unit);
            closing.0.tell_end(end);
        });
    }

    pub(crate) fn give_up_all(self: &Arc<Self>, retired: Retired) {
        for (aged, reason) in retired {
            self.give_up(aged, reason);
        }
    }

    fn tell_end(&self, end: End) {
        self.hooks.tell(|hooks| {
            hooks.close(&CloseEvent {
                target: self.target(),
                session: end.session,
                reason: end.reason,
                age: end.age,
                elapsed: end.started.elapsed(),
            });
        });
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
