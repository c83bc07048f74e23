//! One session: its state, its prepared statements, and core's `Connection` on top.
//!
//! Invariant: `is_exchanging` is set before the first byte of a request and cleared when the server is ready again, so
//! that a future which was dropped half-way, or an IO error, leaves the connection broken.

use std::sync::Arc;

use plexidb_core::{
    BoxFuture, Canceller, Catalog, Connection, ConnectionStatus, DriverError, Executed, Limits,
    ReplicationState, RowSet, SessionId, SqlError, ValueRef,
};
use postgres_protocol::message::frontend;

use super::cancel::PostgresCanceller;
use super::catalog;
use super::cursor::Cursor;
use super::exchange::{self, Count, Ended, Failure, Protocol, Sink};
use super::message::Completion;
use super::pooler;
use super::replication;
use super::sessions::Sessions;
use super::settling::Settling;
use super::statement::StatementCache;
use super::text_query::text_query;
use super::types::TypeRegistry;
use super::wire::OpenWire;

const IDLE: u8 = b'I';
const FAILED: u8 = b'E';

/// A connection to a PostgreSQL server.
pub(super) struct PostgresConnection {
    pub(super) wire: OpenWire,
    pub(super) statements: StatementCache,
    pub(super) types: Arc<TypeRegistry>,
    pub(super) canceller: PostgresCanceller,
    pub(super) sessions: Arc<Sessions>,
    /// The transaction status of the last ReadyForQuery.
    pub(super) transaction: u8,
    pub(super) is_exchanging: bool,
    /// Behind a pooler that hands the session on after each transaction: where its end is noted.
    pub(super) settling: Option<Arc<Settling>>,
    pub(super) cursor: Option<Cursor>,
}

impl PostgresConnection {
    /// Makes sure that a request may be made now, and that the server has not ended the session meanwhile.
    pub(super) async fn start(&mut self) -> Result<(), DriverError> {
        if self.is_exchanging {
            return Err(DriverError::Closed);
        }
        if self.cursor.is_some() {
            return Err(DriverError::Unsupported {
                what:
                    "another statement while a cursor is open; fetch to its end or close it, or use another connection"
                        .to_owned(),
            });
        }
        // What a request that was refused has left behind.
        self.wire.outbound.clear();
        self.wire.may_have_run = false;
        let checked = self.wire.check_idle().await;
        self.is_exchanging = checked.is_err();
        checked
    }

    /// Sends what is queued; from here on the connection is broken until the server is ready again.
    pub(super) async fn send(&mut self, may_have_run: bool) -> Result<(), DriverError> {
        self.is_exchanging = true;
        self.wire.may_have_run = may_have_run;
        self.wire.flush().await
    }

    /// Reads until the server is ready.
    pub(super) async fn finish(
        &mut self,
        sink: &mut impl Sink,
        protocol: Protocol,
    ) -> Result<Result<(), Failure>, DriverError> {
        let ended = exchange::finish(&mut self.wire, sink, protocol, Some(&self.canceller)).await?;
        Ok(self.end(ended))
    }

    /// Notes that the server is ready.
    pub(super) fn end(&mut self, ended: Ended) -> Result<(), Failure> {
        self.transaction = ended.transaction;
        self.is_exchanging = false;
        ended.outcome
    }

    /// Whether a pooler hands the session on after each transaction.
    pub(super) fn is_pooled(&self) -> bool {
        self.settling.is_some()
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.transaction != IDLE
    }

    async fn run_control(&mut self, sql: &str) -> Result<(), DriverError> {
        self.start().await?;
        check_text(sql)?;
        if self.is_pooled() {
            pooler::check(sql, self.is_in_transaction())?;
        }
        frontend::query(sql, &mut self.wire.outbound)
            .map_err(|error| self.wire.protocol_error(error.to_string()))?;
        self.send(true).await?;
        let mut count = Count::default();
        self.finish(&mut count, Protocol::Simple)
            .await?
            .map_err(Failure::into_error)?;
        check_commit(sql, count.completion)
    }

    async fn run_ping(&mut self) -> Result<(), DriverError> {
        self.start().await?;
        frontend::sync(&mut self.wire.outbound);
        self.send(false).await?;
        let answered = self.finish(&mut Count::default(), Protocol::Sync).await?;
        answered.map_err(Failure::into_error)
    }

    async fn read_catalog(&mut self) -> Result<Catalog, DriverError> {
        self.start().await?;
        self.is_exchanging = true;
        let (results, ended) = text_query(&mut self.wire, catalog::QUESTIONS).await?;
        self.end(ended).map_err(Failure::into_error)?;
        Ok(catalog::assemble(results, self.wire.server_version()))
    }

    async fn read_replication(&mut self) -> Result<ReplicationState, DriverError> {
        self.start().await?;
        self.is_exchanging = true;
        let (answers, ended) = text_query(&mut self.wire, replication::QUESTIONS).await?;
        let refusal = self.end(ended).map_err(Failure::into_error).err();
        if let Some(error) = refusal.filter(|error| !replication::is_refusal(error)) {
            return Err(error);
        }
        replication::assemble(answers).map_err(|replication::Unclear| {
            self.wire
                .protocol_error("an unclear answer about the replication")
        })
    }

    async fn end_session(mut self: Box<Self>) {
        // A server that is gone already needs no good-bye.
        frontend::terminate(&mut self.wire.outbound);
        let _ = self.wire.shutdown().await;
    }
}

/// A statement's text with a NUL would end early.
pub(super) fn check_text(sql: &str) -> Result<(), DriverError> {
    match sql.find('\0') {
        None => Ok(()),
        Some(at) => Err(DriverError::Sql(Box::new(SqlError {
            message: "the statement holds a NUL character; remove it, or send the text as a parameter"
                .to_owned(),
            position: u32::try_from(sql[..at].chars().count() + 1).ok(),
            ..SqlError::default()
        }))),
    }
}

/// The server answers the COMMIT of a failed transaction with a quiet ROLLBACK: the caller must hear of it.
pub(super) fn check_commit(sql: &str, completion: Completion) -> Result<(), DriverError> {
    let verb = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    let is_commit = verb.is_some_and(|verb| ["commit", "end"].iter().any(|c| verb.eq_ignore_ascii_case(c)));
    if !(completion.is_rollback && is_commit) {
        return Ok(());
    }
    Err(DriverError::Sql(Box::new(SqlError {
        message: "the transaction had failed before COMMIT and was rolled back".to_owned(),
        sqlstate: Some("25P02".to_owned()),
        ..SqlError::default()
    })))
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        let is_idle = self.status() == ConnectionStatus::Idle;
        let pid = self.canceller.key.pid;
        match (&self.settling, is_idle) {
            // A session that was idle ends by itself: nobody will ask whether it is gone.
            (None, true) => self.sessions.forget(pid),
            (None, false) => {}
            (Some(settling), true) => settling.forget(pid),
            (Some(settling), false) => {
                if let Some(wire) = self.wire.take() {
                    settling.give_up(wire, self.canceller.clone());
                }
            }
        }
    }
}

impl Connection for PostgresConnection {
    fn status(&self) -> ConnectionStatus {
        if self.is_exchanging {
            ConnectionStatus::Broken
        } else if self.cursor.is_some() {
            ConnectionStatus::Streaming
        } else {
            match self.transaction {
                IDLE => ConnectionStatus::Idle,
                FAILED => ConnectionStatus::InFailedTransaction,
                _ => ConnectionStatus::InTransaction,
            }
        }
    }

    fn session(&self) -> SessionId {
        SessionId(u64::from(self.canceller.key.pid.cast_unsigned()))
    }

    fn canceller(&self) -> Arc<dyn Canceller> {
        Arc::new(self.canceller.clone())
    }

    fn query<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        limits: Limits,
    ) -> BoxFuture<'a, Result<RowSet, DriverError>> {
        Box::pin(self.run_query(sql, params, limits))
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(self.run_execute(sql, params))
    }

    fn execute_many<'a>(
        &'a mut self,
        sql: &'a str,
        rows: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(self.run_many(sql, rows))
    }

    fn control<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(self.run_control(sql))
    }

    fn open_cursor<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        chunk_rows: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(self.start_cursor(sql, params, chunk_rows))
    }

    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>> {
        Box::pin(self.fetch_chunk())
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.end_cursor())
    }

    fn is_read_only<'a>(&'a mut self, _sql: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>> {
        // PostgreSQL tells of no statement whether it writes before it runs.
        Box::pin(async { Ok(None) })
    }

    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>> {
        Box::pin(self.read_catalog())
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.run_ping())
    }

    fn replication(&mut self) -> BoxFuture<'_, Result<ReplicationState, DriverError>> {
        Box::pin(self.read_replication())
    }

    fn can_reset(&self) -> bool {
        !self.is_exchanging
    }

    fn reset(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.make_new())
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.end_session())
    }
}
