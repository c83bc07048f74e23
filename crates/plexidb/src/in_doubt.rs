//! Writes of which nobody knows whether they took effect.
//!
//! Invariant: their slots stay held, so that reads bypass the cache, until the server is known to be done with
//! the session that sent them (coherence: "cancelled or failed writes").

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::SessionId;

use crate::database::Inner;
use crate::endpoints::Origin;
use crate::flight::Claim;

const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Waits until the server is done with the session; then ends its writes.
pub(crate) async fn resolve(inner: Arc<Inner>, origin: Origin, session: SessionId, claims: Vec<Claim>) {
    if claims.is_empty() {
        return;
    }
    decided(&inner, origin, session).await;
    if claims.iter().any(Claim::changes_schema) {
        inner.read_schema_at_last().await;
    }
    claims.into_iter().for_each(Claim::end);
}

/// Waits until the server is done with the session, ending it where it still runs.
async fn decided(inner: &Arc<Inner>, origin: Origin, session: SessionId) {
    let mut pause = RETRY_FIRST;
    loop {
        match inner.endpoints.terminate(origin, session).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(database = %inner.name, %error, "a write is in doubt and the server cannot be asked; its tables bypass the cache");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}
