//! What the shared tier needs of this process: its slots, its servers, its schema, the marker.
//!
//! Invariant: slots are raised before this answers; they are let go in an order in which no result of before could be taken for
//! a new one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use plexidb_cache::{SlotArray, WriteHold};
use plexidb_core::{BoxFuture, Connection, DriverError, SessionId, Tag};
use plexidb_shared::node::Host;
use plexidb_shared::protocol::{Fingerprint, HoldId, Marker as Mark};
use xxhash_rust::xxh3::xxh3_64;

use super::marker::Marker;
use super::own_connection::{self, AsyncQuestion, OwnConnection};
use super::quiet;
use crate::database::Inner;
use crate::error::Error;

/// Bits of a session's name that are the server's own number of it.
const SESSION_BITS: u32 = 48;

/// This process, as the shared tier sees it.
pub(super) struct ThisProcess {
    pub(super) inner: Weak<Inner>,
    pub(super) slots: Arc<SlotArray>,
    pub(super) held: Mutex<HashMap<HoldId, WriteHold>>,
    pub(super) holds: Arc<AtomicUsize>,
    pub(super) marker: Option<Marker>,
    pub(super) connection: OwnConnection,
}

impl ThisProcess {
    fn held(&self) -> MutexGuard<'_, HashMap<HoldId, WriteHold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody else has written: no replica counts as fresh before it has replayed what the primary has now. **Before** the slots
    /// are let go.
    fn note_write(&self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.endpoints.note_write(&[Tag::DATABASE]);
        }
    }

    fn inner(&self) -> Result<Arc<Inner>, Error> {
        self.inner.upgrade().ok_or(Error::Driver(DriverError::Closed))
    }

    async fn resolved(&self, session: u64) -> Result<bool, Error> {
        let inner = self.inner()?;
        let (server, number) = (session >> SESSION_BITS, session & ((1 << SESSION_BITS) - 1));
        // Processes may reach one server by different addresses. Where there is one only, it is the one that is meant.
        let meant = inner
            .endpoints
            .connector_of(|target| server_hash(target) == server);
        match meant.or_else(|| inner.endpoints.only_connector()) {
            Some(connector) => Ok(connector.terminate(SessionId(number)).await?),
            None => Err(Error::Driver(DriverError::Unsupported {
                what: "a write of another process on a server that is not configured here; configure the same servers in all processes".into(),
            })),
        }
    }

    async fn marked(&self, change: Change) -> Option<Mark> {
        let marker = self.marker.as_ref()?;
        let inner = self.inner.upgrade()?;
        let mark = match change {
            Change::None => self.connection.ask(&inner, Read(marker.clone())).await,
            Change::Close => match own_connection::connect(&inner).await {
                Ok(mut connection) => marker.close(&mut *connection).await.map(Some),
                Err(error) => Err(error),
            },
        };
        let mark =
            mark.inspect_err(|error| tracing::debug!(%error, "the marker could not be read or closed"));
        let mark = mark.ok().flatten()?;
        Some(Mark {
            generation: mark.generation,
            is_open: mark.is_open,
        })
    }
}

struct Read(Marker);

impl AsyncQuestion<Option<super::marker::Mark>> for Read {
    async fn ask(self, connection: &mut dyn Connection) -> Result<Option<super::marker::Mark>, DriverError> {
        self.0.read(connection).await
    }
}

enum Change {
    None,
    Close,
}

impl Host for ThisProcess {
    fn raise(&self, hold: HoldId, slots: &[u32]) {
        let mut held = self.held();
        held.entry(hold)
            .or_insert_with(|| {
                self.holds.fetch_add(1, Ordering::AcqRel);
                self.slots.begin_write_of_slots(&[])
            })
            .extend_by_slots(slots);
    }

    fn end(&self, hold: HoldId, touched: &[u32]) {
        let Some(held) = self.held().remove(&hold) else {
            return self.touch(touched);
        };
        self.note_write();
        let untold: Vec<u32> = touched
            .iter()
            .filter(|slot| held.slots().binary_search(slot).is_err())
            .copied()
            .collect();
        // Keys that the write turned out to have touched, before the precaution is let go that stood for them.
        self.slots.begin_write_of_slots(&untold).end();
        held.end_of_slots(touched);
        self.holds.fetch_sub(1, Ordering::AcqRel);
    }

    fn touch(&self, slots: &[u32]) {
        self.note_write();
        self.slots.begin_write_of_slots(slots).end();
    }

    fn resolve(&self, session: u64) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            match self.resolved(session).await {
                Ok(is_gone) => is_gone,
                Err(error) => {
                    tracing::warn!(%error, "a write of a process that has died is in doubt; what it touches bypasses the cache");
                    false
                }
            }
        })
    }

    fn quiesce(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let inner = self.inner().map_err(|error| error.to_string())?;
            let connection = own_connection::connect(&inner).await;
            let mut connection = connection.map_err(|error| error.to_string())?;
            let waited = quiet::wait(&mut *connection, inner.connector.dialect()).await;
            waited.map_err(|error| error.to_string())
        })
    }

    fn read_marker(&self) -> BoxFuture<'_, Option<Mark>> {
        Box::pin(self.marked(Change::None))
    }

    fn close_marker(&self) -> BoxFuture<'_, Option<Mark>> {
        Box::pin(self.marked(Change::Close))
    }

    fn read_catalog(&self) -> BoxFuture<'_, Option<Fingerprint>> {
        Box::pin(async move {
            let inner = self.inner.upgrade()?;
            let read = inner.refresh_schema().await;
            if let Err(error) = read {
                tracing::warn!(database = %inner.name, %error, "another process has another schema, and it cannot be read");
                return None;
            }
            Some(inner.fingerprint())
        })
    }
}

/// What a session is called among processes: its server, and the server's number of it.
pub(super) fn session_name(target: &str, session: SessionId) -> u64 {
    (server_hash(target) << SESSION_BITS) | (session.0 & ((1 << SESSION_BITS) - 1))
}

fn server_hash(target: &str) -> u64 {
    xxh3_64(target.as_bytes()) >> SESSION_BITS
}
