//! Makes connections to one SQLite database.
//!
//! Invariant: a database in memory lives as long as its connector, whatever becomes of its connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plexidb_core::{
    BoxFuture, ConnectPhase, ConnectProgress, Connection, Connector, Dialect, DriverError, SessionId,
};
use tokio::runtime::Handle;

use super::canceller::SqliteCanceller;
use super::connection::SqliteConnection;
use super::error;
use super::open::{open, open_memory};
use super::profile::Profiles;
use super::registry::Registry;
use super::session::Session;
use super::settings::Settings;
use super::signals::Signals;
use super::write_back::WriteBack;
use crate::options::ConnectOptions;
use crate::url::DatabaseUrl;

/// Connectors of databases in memory so far: each has a database of its own.
static MEMORY_DATABASES: AtomicU64 = AtomicU64::new(0);

/// Connects to a file, or to a database in memory of its own.
pub(crate) struct SqliteConnector {
    origin: Arc<Origin>,
    connect_timeout: Duration,
}

/// What a connection is made from.
struct Origin {
    settings: Arc<Settings>,
    statement_cache_size: usize,
    registry: Arc<Registry>,
    write_back: Arc<WriteBack>,
    memory_name: String,
    /// Keeps the database in memory alive while it has no other connection.
    anchor: Mutex<Option<rusqlite::Connection>>,
}

impl SqliteConnector {
    /// A connector for the URL's database.
    pub(crate) fn from_url(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, DriverError> {
        let number = MEMORY_DATABASES.fetch_add(1, Ordering::Relaxed);
        let settings = Arc::new(Settings::from_url(url)?);
        Ok(Self {
            origin: Arc::new(Origin {
                write_back: Arc::new(WriteBack::new(Arc::clone(&settings))),
                settings,
                statement_cache_size: options.statement_cache_size,
                registry: Arc::default(),
                memory_name: format!("/plexidb-{number}"),
                anchor: Mutex::new(None),
            }),
            connect_timeout: options.connect_timeout,
        })
    }
}

impl Origin {
    /// Opens a session; blocks.
    fn open(&self, runtime: &Handle) -> Result<Session, DriverError> {
        if self.settings.is_memory() {
            let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
            if anchor.is_none() {
                let opened = open_memory(&self.memory_name);
                *anchor = Some(opened.map_err(|error| error::of_opening(error, self.settings.target()))?);
            }
        }
        let signals = Arc::new(Signals::default());
        let (database, commits) = open(
            &self.settings,
            &self.memory_name,
            &signals,
            &self.write_back,
            runtime,
        )?;
        let canceller = Arc::new(SqliteCanceller::new(
            Arc::clone(&signals),
            database.get_interrupt_handle(),
        ));
        let registration = self.registry.register(canceller);
        database.set_prepared_statement_cache_capacity(self.statement_cache_size);
        Ok(Session {
            profiles: Profiles::new(self.statement_cache_size),
            commits,
            database,
            signals,
            settings: Arc::clone(&self.settings),
            registration,
        })
    }
}

impl Connector for SqliteConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn target(&self) -> &str {
        self.origin.settings.target()
    }

    /// One for a database in memory: without a WAL, its writers and readers would lock each other out.
    fn connections_max(&self) -> Option<usize> {
        self.origin.settings.is_memory().then_some(1)
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async move {
            let failed = |reason: String| DriverError::Connect {
                target: self.target().to_owned(),
                phase: ConnectPhase::Dial,
                reason,
                source: None,
            };
            let runtime = Handle::try_current()
                .map_err(|_| failed("there is no tokio runtime; connect from within one".into()))?;
            let origin = Arc::clone(&self.origin);
            let of_session = runtime.clone();
            let opening = runtime.spawn_blocking(move || origin.open(&of_session));
            let opened = if self.connect_timeout.is_zero() {
                opening.await
            } else {
                tokio::time::timeout(self.connect_timeout, opening)
                    .await
                    .map_err(|_| failed(format!("the file did not open within {:?}", self.connect_timeout)))?
            };
            let session = opened.map_err(|_| DriverError::Closed)??;
            let connection: Box<dyn Connection> = Box::new(SqliteConnection::new(Box::new(session), runtime));
            Ok(connection)
        })
    }

    fn connect_telling<'a>(
        &'a self,
        progress: &'a ConnectProgress,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DriverError>> {
        // Opening a file is one step: its locks are waited for where its header is read and where its session is set up.
        progress.enter(ConnectPhase::Dial);
        self.connect()
    }

    fn terminate(&self, session: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(async move { Ok(self.origin.registry.terminate(session).await) })
    }
}
