//! How a connection is given up: in the background, in an orderly way, within bounds.
//!
//! Invariant: its slot does not wait for it; only [`Pool::close`](crate::Pool::close) does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plexidb_core::ConnectionStatus;
use tokio::runtime::Handle;

use crate::idle::Aged;
use crate::pool::Shared;
use crate::stats::count;

/// How long an orderly end may take before the connection is simply dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Counts a connection as closing until it is dropped, however its task ends.
struct Closing(Arc<Shared>);

impl Closing {
    fn new(pool: &Arc<Shared>) -> Self {
        pool.closing.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(pool))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.closing.fetch_sub(1, Ordering::AcqRel);
        // Told whether or not the pool is closed: its lock orders this before the closer's look at the count.
        self.0.ended.notify_waiters();
    }
}

impl Shared {
    /// Closes a connection in the background. A broken one, or one that is given up outside of a runtime, is
    /// dropped, which ends it as well.
    pub(crate) fn give_up(self: &Arc<Self>, aged: Aged) {
        count(&self.counters.destroyed);
        if aged.connection.status() == ConnectionStatus::Broken {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let closing = Closing::new(self);
            runtime.spawn(async move {
                let _closing = closing;
                // Late or not, it is gone afterwards.
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, aged.connection.close()).await;
            });
        }
    }
}
