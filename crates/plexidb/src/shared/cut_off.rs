//! Writing while Redis cannot be reached: the marker in the database keeps all others from serving cached results.
//!
//! Invariant: an unannounced write is sent only in a transaction that has locked the open marker, a lease after the marker was seen
//! to be open.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::{Connection, DriverError};
use tokio::sync::Mutex;

use super::marker::Marker;
use super::own_connection;
use crate::database::Inner;
use crate::error::Error;

/// The marker's way.
pub(crate) struct CutOff {
    marker: Marker,
    /// By then every lease is over that was granted before the marker was opened.
    lease_waited: Duration,
    /// The generation of the marker after which a lease was waited for.
    waited_for: std::sync::Mutex<Option<u64>>,
    /// Whoever opens it.
    opening: Mutex<()>,
}

impl CutOff {
    pub(super) fn new(marker: Marker, lease_waited: Duration) -> Self {
        Self {
            marker,
            lease_waited,
            waited_for: std::sync::Mutex::new(None),
            opening: Mutex::new(()),
        }
    }

    /// Makes sure that the marker is open and nobody serves cached results any more. Returns its generation.
    ///
    /// # Errors
    ///
    /// The marker cannot be written.
    pub(crate) async fn open(&self, inner: &Arc<Inner>) -> Result<u64, Error> {
        // Whoever comes while somebody waits waits with him.
        let _opening = self.opening.lock().await;
        if let Some(generation) = *self.waited_for() {
            return Ok(generation);
        }
        // Not one of the pool, all of which may belong to those who wait here.
        let mut connection = own_connection::connect(inner).await?;
        let mark = self.marker.open(&mut *connection).await?;
        tracing::warn!(
            database = %inner.name,
            "Redis cannot be reached: the marker in the database is open, and no process serves cached results"
        );
        tokio::time::sleep(self.lease_waited).await;
        *self.waited_for() = Some(mark.generation);
        Ok(mark.generation)
    }

    fn waited_for(&self) -> MutexGuard<'_, Option<u64>> {
        self.waited_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the marker in the open transaction; whether it is still the one that was opened. Where it is not, the transaction has to be
    /// rolled back before the marker is [opened](Self::open) again, which would wait for its lock.
    ///
    /// # Errors
    ///
    /// It cannot be locked.
    pub(crate) async fn lock(
        &self,
        connection: &mut dyn Connection,
        generation: u64,
    ) -> Result<bool, DriverError> {
        let mark = self.marker.lock(connection).await?;
        let is_open = mark.is_open && mark.generation == generation;
        if !is_open {
            let mut waited_for = self.waited_for();
            if *waited_for == Some(generation) {
                *waited_for = None;
            }
        }
        Ok(is_open)
    }
}
