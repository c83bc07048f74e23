//! Interrupts what a session runs, from any thread.
//!
//! Invariant: it is harmless after the session's end, and where nothing runs.

use std::sync::Arc;

use plexidb_core::{BoxFuture, Canceller, DriverError};
use rusqlite::InterruptHandle;

use super::signals::Signals;

/// Interrupts what a session runs.
#[derive(Clone)]
pub(super) struct SqliteCanceller {
    signals: Arc<Signals>,
    handle: Arc<InterruptHandle>,
}

impl SqliteCanceller {
    pub(super) fn new(signals: Arc<Signals>, handle: InterruptHandle) -> Self {
        Self {
            signals,
            handle: Arc::new(handle),
        }
    }

    /// Interrupts the running statement, if there is one.
    pub(super) fn interrupt(&self) {
        if self.signals.cancel() {
            self.handle.interrupt();
        }
    }
}

impl Canceller for SqliteCanceller {
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>> {
        let canceller = self.clone();
        Box::pin(async move {
            canceller.interrupt();
            Ok(())
        })
    }
}
