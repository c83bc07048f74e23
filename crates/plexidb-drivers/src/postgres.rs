//! PostgreSQL behind core's ports: a client of its own on the wire protocol, version 3.0 (PostgreSQL 12 and later).
//!
//! Invariant: the task that asks reads and writes the socket itself. Must not know pools, caches or other drivers.

use std::sync::Arc;

use plexidb_core::{BoxFuture, ConnectProgress, Connection, Connector, Dialect, DriverError, SessionId};
use secrecy::SecretString;

use crate::options::ConnectOptions;
use crate::url::DatabaseUrl;

mod batch;
mod cancel;
mod catalog;
mod connection;
mod cursor;
mod decode;
mod dial;
mod encode;
mod exchange;
mod failure;
mod login;
mod message;
mod pooler;
mod query;
mod replication;
mod reset;
mod sessions;
mod settings;
mod settling;
mod socket;
mod startup;
mod statement;
mod text_query;
mod tls;
mod types;
mod unnamed;
mod wire;

use cancel::PostgresCanceller;
use connection::PostgresConnection;
use dial::Dialler;
use pooler::Pooler;
use sessions::Sessions;
use settings::Settings;
use settling::Settling;
use startup::Session;
use statement::StatementCache;
use tls::TlsClient;
use types::TypeRegistry;
use wire::OpenWire;

/// Makes connections to a PostgreSQL database.
pub(crate) struct PostgresConnector {
    settings: Arc<Settings>,
    tls: Arc<TlsClient>,
    types: Arc<TypeRegistry>,
    sessions: Arc<Sessions>,
    settling: Arc<Settling>,
    pooler: Pooler,
    target: Arc<str>,
}

impl PostgresConnector {
    pub(crate) fn from_url(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, DriverError> {
        let settings = Settings::from_url(url, options)?;
        Ok(Self {
            target: settings.target().into(),
            settings: Arc::new(settings),
            tls: Arc::new(TlsClient::new()),
            types: Arc::default(),
            sessions: Arc::default(),
            settling: Arc::default(),
            pooler: Pooler::default(),
        })
    }

    async fn start_session(&self, progress: &ConnectProgress) -> Result<Session, DriverError> {
        let dialler = Dialler::new(&self.settings, &self.tls, Arc::clone(&self.target), progress);
        startup::connect(&dialler, &self.pooler).await
    }

    async fn open(&self, progress: &ConnectProgress) -> Result<Box<dyn Connection>, DriverError> {
        let session = self.start_session(progress).await?;
        if session.is_pooled {
            self.settling.remember(session.key.pid);
        } else {
            self.sessions.remember(&session);
        }
        let canceller = PostgresCanceller {
            settings: Arc::clone(&self.settings),
            tls: Arc::clone(&self.tls),
            target: Arc::clone(&self.target),
            key: session.key,
            is_tls: session.wire.socket().is_tls(),
        };
        Ok(Box::new(PostgresConnection {
            wire: OpenWire::new(session.wire),
            statements: StatementCache::new(self.settings.statement_cache_size),
            types: Arc::clone(&self.types),
            canceller,
            sessions: Arc::clone(&self.sessions),
            transaction: session.transaction,
            settling: session.is_pooled.then(|| Arc::clone(&self.settling)),
            is_exchanging: false,
            cursor: None,
        }))
    }
}

impl Connector for PostgresConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn user(&self) -> Option<&str> {
        Some(&self.settings.user)
    }

    fn set_password(&self, password: SecretString) -> Result<(), DriverError> {
        self.settings.password.set(password);
        Ok(())
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async { self.open(&ConnectProgress::new()).await })
    }

    fn connect_telling<'a>(
        &'a self,
        progress: &'a ConnectProgress,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(self.open(progress))
    }

    fn terminate(&self, session: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(async move {
            let Ok(pid) = u32::try_from(session.0) else {
                return Err(DriverError::Unsupported {
                    what: format!(
                        "session {} of a PostgreSQL server: its numbers have 32 bits",
                        session.0
                    ),
                });
            };
            let pid = pid.cast_signed();
            if let Some(is_settled) = self.settling.is_settled(pid) {
                return Ok(is_settled);
            }
            let mut own = self.start_session(&ConnectProgress::new()).await?;
            if own.is_pooled {
                // Another process's: its number is the pooler's invention, and may be that of somebody else's process.
                return Ok(false);
            }
            self.sessions.terminate(&mut own, pid).await
        })
    }
}
