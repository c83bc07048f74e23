//! Reading the schema: at the start, after DDL, on demand.
//!
//! Invariant: while the schema is read and changed the whole database is held, so that no result that was
//! planned against the old schema is stored. It runs in tasks of its own: a caller that goes away must not
//! leave the hold behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plexidb_cache::WriteHold;
use plexidb_core::Tag;
use plexidb_pool::Priority;

use super::Inner;
use crate::endpoints::EndpointLease;
use crate::error::Error;
use crate::flight::{Flight, Untold};

/// An unknown table makes the schema be read again, at most this often.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// When the schema was last read because of an unknown name.
#[derive(Default)]
pub(crate) struct LastRefresh(Mutex<Option<Instant>>);

impl LastRefresh {
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if last.is_some_and(|last| now.duration_since(last) < REFRESH_INTERVAL) {
            return false;
        }
        *last = Some(now);
        true
    }
}

impl Inner {
    /// Ends the flight of a DDL statement: reads the schema over its connection and starts a new epoch.
    pub(crate) async fn land_ddl(self: &Arc<Self>, mut flight: Flight) {
        let inner = Arc::clone(self);
        let landing = self.runtime.spawn(async move {
            if flight.is_under_way() {
                // In doubt: the whole database stays held until the statement is decided; the schema is read anyway,
                // and once more by the next DDL.
                drop(flight);
                inner.refresh_schema_until_read();
                return;
            }
            let Some(claim) = flight.take_claim() else { return };
            let (hold, untold) = claim.end_but_certain();
            inner.schema.owe(untold);
            let result = match flight.lease() {
                Ok(lease) => inner.read_schema(lease, hold).await,
                Err(error) => {
                    hold.end();
                    Err(error.into())
                }
            };
            if let Err(error) = result {
                tracing::warn!(database = %inner.name, %error, "cannot read the schema; nothing is cached until it is read");
                inner.refresh_schema_until_read();
            }
        });
        // The task fails only where the runtime shuts down, and then nobody reads the cache any more.
        let _ = landing.await;
    }

    /// Reads the schema over a connection of the pool.
    pub(crate) async fn refresh_schema(self: &Arc<Self>) -> Result<(), Error> {
        self.refresh_schema_as(Priority::User).await
    }

    async fn refresh_schema_as(self: &Arc<Self>, priority: Priority) -> Result<(), Error> {
        let mut flight = self.depart_as(priority).await?;
        let inner = Arc::clone(self);
        let reading = self.runtime.spawn(async move {
            let hold = inner.slots.begin_write(&[Tag::DATABASE]);
            match flight.lease() {
                Ok(lease) => inner.read_schema(lease, hold).await,
                Err(error) => {
                    hold.end();
                    Err(error.into())
                }
            }
        });
        reading
            .await
            .unwrap_or(Err(Error::Driver(plexidb_core::DriverError::Closed)))
    }

    /// Reads the schema again in the background where it has not been read for a while: a statement has named
    /// something that the catalog does not know, so somebody else may have made it.
    pub(crate) fn refresh_schema_if_old(self: &Arc<Self>) {
        if !self.last_refresh.is_due() {
            return;
        }
        let inner = Arc::clone(self);
        self.runtime.spawn(async move {
            // Nobody waits for it.
            if let Err(error) = inner.refresh_schema_as(Priority::Background).await {
                tracing::debug!(database = %inner.name, %error, "cannot refresh the schema");
            }
        });
    }

    fn refresh_schema_until_read(self: &Arc<Self>) {
        let inner = Arc::clone(self);
        self.runtime
            .spawn(async move { inner.read_schema_at_last().await });
    }

    /// Reads the schema, however long it takes, unless the database is closed. It comes with the users, not after them: until it
    /// is read nothing is cached, and the load which that makes would keep a background task waiting for good.
    pub(crate) async fn read_schema_at_last(self: &Arc<Self>) {
        let mut pause = RETRY_FIRST;
        while !self.endpoints.is_closed() && self.refresh_schema().await.is_err() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// Reads the catalog and starts a new epoch, also where it cannot be read: then one without a catalog.
    async fn read_schema(&self, lease: &mut EndpointLease, hold: WriteHold) -> Result<(), Error> {
        let _reading = self.schema.reading.lock().await;
        // A change that ends from here on may be missing in what is read.
        let untold = self.schema.take_untold();
        let sent = lease.clock();
        let answer = lease.catalog().await;
        lease.note(&answer, sent);
        let (catalog, result) = match answer {
            Ok(catalog) => (Some(catalog), Ok(())),
            Err(error) => (None, Err(error.into())),
        };
        // Somebody else may have changed the schema: a replica is to have replayed that.
        self.endpoints.note_write(&[Tag::DATABASE]);
        self.schema.replace(catalog, hold);
        match result {
            Ok(()) => self.tell_of_schema(untold),
            Err(_) => self.schema.owe(untold),
        }
        result
    }

    /// Tells the other processes of the catalog that was read, then that its changes have ended: whoever plans by the old one must not
    /// go on before.
    pub(crate) fn tell_of_schema(&self, untold: impl IntoIterator<Item = Untold>) {
        if let Some(tier) = self.tier() {
            tier.declare(self.fingerprint());
        }
        untold.into_iter().for_each(Untold::tell);
    }
}
