//! Writes of which nobody knows whether they took effect.
//!
//! Invariant: their slots stay held, so that reads bypass the cache, until the server is known to be done with
//! the session that sent them (coherence: "cancelled or failed writes").

use std::sync::Arc;
use std::time::Duration;

use plexidb_cache::WriteHold;
use plexidb_core::SessionId;

use crate::database::Inner;
use crate::flight::Claim;

const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Waits until the server is done with the session; then ends the write.
pub(crate) async fn resolve(inner: Arc<Inner>, session: SessionId, claim: Claim) {
    decided(&inner, session, claim).await.end();
}

/// Waits until the server is done with the session, ending it where it still runs; returns the write's hold.
pub(crate) async fn decided(inner: &Arc<Inner>, session: SessionId, claim: Claim) -> WriteHold {
    let mut pause = RETRY_FIRST;
    loop {
        match inner.connector.terminate(session).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(database = %inner.name, %error, "a write is in doubt and the server cannot be asked; its tables bypass the cache");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
    claim.hold
}
