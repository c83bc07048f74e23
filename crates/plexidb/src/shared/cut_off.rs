//! Writing while Redis cannot be reached: the marker in the database keeps all others from serving cached results.
//!
//! Invariant: an unannounced write is sent only in a transaction that has locked the open marker, a lease after the marker was seen
//! to be open.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Connection, DriverError};
use tokio::sync::Mutex;

use super::marker::Marker;
use crate::database::Inner;
use crate::error::Error;

/// The marker's way.
pub(crate) struct CutOff {
    marker: Marker,
    /// By then every lease is over that was granted before the marker was opened.
    lease_waited: Duration,
    /// The generation of the marker after which a lease was waited for.
    waited_for: Mutex<Option<u64>>,
}

impl CutOff {
    pub(super) fn new(marker: Marker, lease_waited: Duration) -> Self {
        Self {
            marker,
            lease_waited,
            waited_for: Mutex::new(None),
        }
    }

    /// Makes sure that the marker is open and nobody serves cached results any more. Returns its generation.
    ///
    /// # Errors
    ///
    /// The marker cannot be written.
    pub(crate) async fn open(&self, inner: &Arc<Inner>) -> Result<u64, Error> {
        // Whoever comes while somebody waits waits with him.
        let mut waited_for = self.waited_for.lock().await;
        let mark = {
            let mut lease = inner.endpoints.checkout().await?;
            self.marker.open(&mut **lease).await?
        };
        if *waited_for != Some(mark.generation) {
            tracing::warn!(
                database = %inner.name,
                "Redis cannot be reached: the marker in the database is open, and no process serves cached results"
            );
            tokio::time::sleep(self.lease_waited).await;
            *waited_for = Some(mark.generation);
        }
        Ok(mark.generation)
    }

    /// Locks the marker in the open transaction; whether it is still the one that was opened.
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
        Ok(mark.is_open && mark.generation == generation)
    }
}
