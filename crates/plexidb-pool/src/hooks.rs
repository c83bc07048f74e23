//! What a pool tells those who watch it.
//!
//! Invariant: a hook is called without any lock, and its panic stays with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{DriverError, SessionId};

use crate::config::Priority;

/// Watches a pool: each method is called when something has happened, on the task where it did, and does nothing unless it is
/// overridden. It must be quick and must not block. A panic is reported and otherwise ignored.
pub trait PoolHooks: Send + Sync + 'static {
    /// An attempt to connect has ended.
    fn connect(&self, event: &ConnectEvent<'_>) {
        let _ = event;
    }

    /// A caller got a connection.
    fn checkout(&self, event: &CheckoutEvent<'_>) {
        let _ = event;
    }

    /// A caller gave a connection back that may be used again.
    fn checkin(&self, event: &CheckinEvent<'_>) {
        let _ = event;
    }

    /// An attempt to reset the session of a connection has ended.
    fn reset(&self, event: &ResetEvent<'_>) {
        let _ = event;
    }

    /// Connections of the endpoint were declared to be of the past.
    fn invalidate(&self, event: &InvalidateEvent<'_>) {
        let _ = event;
    }

    /// A connection was given up, and has ended.
    fn close(&self, event: &CloseEvent<'_>) {
        let _ = event;
    }
}

/// An attempt to connect.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ConnectEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The session, or why there is none.
    pub outcome: Result<SessionId, &'a DriverError>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A checkout that succeeded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckoutEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The session.
    pub session: SessionId,
    /// Who asked.
    pub priority: Priority,
    /// How long it took in all.
    pub waited: Duration,
}

/// A lease that has ended with a clean connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckinEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The session.
    pub session: SessionId,
    /// How long it was out.
    pub used: Duration,
}

/// A reset of a session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ResetEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The session.
    pub session: SessionId,
    /// Whether it is as a new one now; else it is closed.
    pub is_clean: bool,
    /// How long it took.
    pub elapsed: Duration,
}

/// The end of an epoch of the endpoint.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InvalidateEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The epoch that begins.
    pub epoch: u64,
    /// Idle connections that are closed at once; those that are out are closed when they come back.
    pub idle: usize,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CloseEvent<'a> {
    /// The database, without credentials.
    pub target: &'a str,
    /// The session.
    pub session: SessionId,
    /// Why.
    pub reason: CloseReason,
    /// How old it was.
    pub age: Duration,
    /// How long it took to end.
    pub elapsed: Duration,
}

/// Why a connection was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// It was lost, or left half-way through an exchange.
    Broken,
    /// Its session is not as a new one, and could not be made so.
    Unclean,
    /// It did not show that it lives.
    Dead,
    /// It has reached the age at which connections are replaced.
    Expired,
    /// It was unused for too long.
    Unused,
    /// It was begun in an earlier epoch of the endpoint.
    Retired,
    /// There were more connections than are kept.
    Surplus,
    /// Another pool of the same budget needed one.
    Budget,
    /// The pool is closed.
    PoolClosed,
}

/// The hooks of a pool, if it has any.
#[derive(Clone, Default)]
pub(crate) struct Hooks(pub(crate) Option<Arc<dyn PoolHooks>>);

impl Hooks {
    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Calls a hook.
    pub(crate) fn tell(&self, call: impl FnOnce(&dyn PoolHooks)) {
        if let Some(hooks) = &self.0 {
            // The pool looks at nothing that the hook may have left half-done.
            let result = catch_unwind(AssertUnwindSafe(|| call(&**hooks)));
            if result.is_err() {
                tracing::error!("a hook of the connection pool panicked");
            }
        }
    }
}
