//! Cancelling a session's statement over a connection of its own.
//!
//! Invariant: the server has sent its signal when the request returns, so that it cannot hit a later statement by
//! being slow; it can still hit one that the caller starts meanwhile.

use std::sync::Arc;

use plexidb_core::{BoxFuture, Canceller, ConnectPhase, ConnectProgress, DriverError};
use postgres_protocol::message::frontend;

use super::dial::{Dialler, Encryption};
use super::login::BackendKey;
use super::settings::Settings;
use super::tls::TlsClient;

/// Cancels what one session runs.
#[derive(Clone)]
pub(super) struct PostgresCanceller {
    pub(super) settings: Arc<Settings>,
    pub(super) tls: Arc<TlsClient>,
    pub(super) target: Arc<str>,
    pub(super) key: BackendKey,
    /// Whether the session itself is encrypted; the key is worth as much protection.
    pub(super) is_tls: bool,
}

impl PostgresCanceller {
    async fn send(self) -> Result<(), DriverError> {
        let progress = ConnectProgress::new();
        let dialler = Dialler::new(&self.settings, &self.tls, Arc::clone(&self.target), &progress);
        let encryption = if self.is_tls {
            Encryption::Required
        } else {
            Encryption::None
        };
        let mut wire = dialler.open(encryption).await?;
        frontend::cancel_request(self.key.pid, self.key.secret, &mut wire.outbound);
        let sent = async {
            wire.flush().await?;
            // The server closes the connection once it has sent the signal; a reset tells the same.
            let _ = wire.closed().await;
            Ok(())
        };
        dialler.step(ConnectPhase::Setup, sent).await
    }
}

impl Canceller for PostgresCanceller {
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>> {
        Box::pin(self.clone().send())
    }
}
