//! The ports through which the pool and the manager reach a database.
//!
//! Invariant: a connection serves one caller at a time (`&mut self`). A future of it that is dropped half-way
//! leaves the connection [`ConnectionStatus::Broken`]: whoever holds it must throw it away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use crate::catalog::Catalog;
use crate::connect_progress::ConnectProgress;
use crate::dialect::Dialect;
use crate::error::DriverError;
use crate::replication::ReplicationState;
use crate::rows::RowSet;
use crate::value::ValueRef;

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes connections to one database.
pub trait Connector: Send + Sync + 'static {
    /// The dialect of the database.
    fn dialect(&self) -> Dialect;

    /// Host, port and database, socket or file, without credentials, for messages.
    fn target(&self) -> &str;

    /// The user as whom connections log in; `None` where there are no users.
    fn user(&self) -> Option<&str> {
        None
    }

    /// Changes the password with which connections log in from now on, those for cancellations included. Connections that are
    /// there go on. By default there is none to change.
    ///
    /// # Errors
    ///
    /// [`DriverError::Unsupported`] where the database knows no passwords.
    fn set_password(&self, password: SecretString) -> Result<(), DriverError> {
        drop(password);
        Err(DriverError::Unsupported {
            what: format!("a password for {}, which has no users", self.target()),
        })
    }

    /// The most connections that make sense at a time, where there is such a bound (an in-memory SQLite
    /// database is one connection).
    fn connections_max(&self) -> Option<usize> {
        None
    }

    /// Makes a connection and sets up its session.
    ///
    /// # Errors
    ///
    /// [`DriverError::Connect`], [`DriverError::Authentication`], [`DriverError::UnknownDatabase`] or
    /// [`DriverError::File`].
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>>;

    /// As [`connect`](Self::connect), and tells meanwhile how far it has come, so that who gives it up half-way can say where
    /// that was. By default nothing is told.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    fn connect_telling<'a>(
        &'a self,
        progress: &'a ConnectProgress,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DriverError>> {
        let _ = progress;
        self.connect()
    }

    /// Makes sure, over a connection of its own, that the server is done with a session that was lost: ends it
    /// where it still runs. `Ok(true)` once it is gone, `Ok(false)` while it is not yet.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), or the server's refusal.
    fn terminate(&self, session: SessionId) -> BoxFuture<'_, Result<bool, DriverError>>;
}

/// The server's own number of a session: PostgreSQL's backend pid, MySQL's connection id; SQLite has no server, there
/// it is a number that the driver gives out once in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u64);

/// The state of a connection as its protocol reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Ready, outside a transaction.
    Idle,
    /// Ready, inside a transaction.
    InTransaction,
    /// Inside a transaction that can only be rolled back.
    InFailedTransaction,
    /// A cursor is open.
    Streaming,
    /// Lost, or left half-way through an exchange.
    Broken,
}

/// Bounds on one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rows.
    pub rows_max: u64,
    /// The most bytes of cells; at most [`RowSetBuilder::BYTES_MAX`](crate::RowSetBuilder::BYTES_MAX).
    pub bytes_max: usize,
}

impl Default for Limits {
    /// Any number of rows, 1 GiB.
    fn default() -> Self {
        Self {
            rows_max: u64::MAX,
            bytes_max: 1 << 30,
        }
    }
}

/// What a statement without rows did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows that it inserted, changed or deleted, as the database counts them.
    pub rows_affected: u64,
    /// The key that the database made for the last inserted row, where it reports one (SQLite, MySQL).
    pub last_insert_id: Option<i64>,
}

/// Cancels what a connection is running, from outside.
pub trait Canceller: Send + Sync {
    /// Asks the server to cancel the running statement; harmless where none runs.
    ///
    /// # Errors
    ///
    /// The request could not be delivered.
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>>;
}

/// One connection to a database.
///
/// Parameters are positional and native. Statements are prepared once a connection and kept in a bounded cache.
pub trait Connection: Send {
    /// The state, as the protocol reports it.
    fn status(&self) -> ConnectionStatus;

    /// The server's number of this session.
    fn session(&self) -> SessionId;

    /// What can cancel this connection's statement.
    fn canceller(&self) -> Arc<dyn Canceller>;

    /// Runs one statement and fetches all its rows.
    fn query<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        limits: Limits,
    ) -> BoxFuture<'a, Result<RowSet, DriverError>>;

    /// Runs one statement; rows that it returns are dropped.
    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>>;

    /// Runs one statement once a row of parameters, pipelined where the protocol can, and stops at the first
    /// error. Outside a transaction the caller wraps it in one where it must be atomic.
    fn execute_many<'a>(
        &'a mut self,
        sql: &'a str,
        rows: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>>;

    /// Runs a statement without parameters and rows that controls the session: BEGIN, COMMIT, SAVEPOINT, SET.
    fn control<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>>;

    /// Starts a statement whose rows are then fetched in chunks of about `chunk_rows`.
    fn open_cursor<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        chunk_rows: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>>;

    /// The next chunk of the open cursor; `None` at the end, after which the connection is free again.
    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>>;

    /// Ends the open cursor early, so that the connection is free again.
    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>>;

    /// Whether the database itself says that the statement only reads; `None` where it does not tell.
    fn is_read_only<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>>;

    /// Reads the schema.
    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>>;

    /// One cheap exchange that shows that the connection lives.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>>;

    /// The server's part in a replication, asked for in one cheap exchange; best outside a transaction, since what the user
    /// may not ask for would fail it. By default that of a database which is not replicated.
    ///
    /// # Errors
    ///
    /// The connection was lost, or the server's answer makes no sense. What the user may not ask for is no error: it is
    /// left out of the answer.
    fn replication(&mut self) -> BoxFuture<'_, Result<ReplicationState, DriverError>> {
        Box::pin(async { Ok(ReplicationState::of_single(false)) })
    }

    /// Whether [`reset`](Self::reset) can be tried.
    fn can_reset(&self) -> bool {
        false
    }

    /// Makes the session as a new one: ends a transaction and a cursor, and undoes settings, temporary tables and locks. The status is
    /// [`ConnectionStatus::Idle`] afterwards.
    ///
    /// # Errors
    ///
    /// [`DriverError::Unsupported`] where the driver cannot do that; others mean that the connection is not fit for use.
    fn reset(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async {
            Err(DriverError::Unsupported {
                what: "resetting a session; open a new connection instead".into(),
            })
        })
    }

    /// Ends the session in an orderly way.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
