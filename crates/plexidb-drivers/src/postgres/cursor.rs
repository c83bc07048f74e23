//! A result that is fetched in chunks from a portal.
//!
//! Invariant: at most one chunk is asked for ahead of what the caller has taken, and a chunk is handed out once its cells
//! take 8 MiB, whatever its number of rows.

use std::sync::Arc;

use plexidb_core::{DriverError, Limits, RowSet, ValueRef};
use postgres_protocol::message::frontend;

use super::connection::PostgresConnection;
use super::encode::bind;
use super::exchange::{Failure, Refusal, copy_unsupported, refuse_copy, skip_within_reason, take_error};
use super::failure::ServerError;
use super::message::tag;
use super::query::{Rows, push_execute};
use super::statement::Statement;

/// Cells of a chunk, in bytes, after which no row is added.
const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An open cursor.
pub(super) struct Cursor {
    statement: Arc<Statement>,
    chunk_rows: i32,
    /// Whether rows that were asked for are still to come.
    is_executing: bool,
}

/// How the server's answer to a fetch went on.
enum Progress {
    Rows,
    Suspended,
    Complete,
    Failed(Failure),
}

impl PostgresConnection {
    pub(super) async fn start_cursor(
        &mut self,
        sql: &str,
        params: &[ValueRef<'_>],
        chunk_rows: usize,
    ) -> Result<(), DriverError> {
        self.start().await?;
        let chunk_rows = i32::try_from(chunk_rows.max(1)).unwrap_or(i32::MAX);
        let mut is_retry = false;
        loop {
            let statement = self.prepare(sql).await?;
            let bound = bind(&mut self.wire.outbound, &statement, params, &self.types, true);
            self.unless_refused(bound).await?;
            // The first Flush brings the answer to Bind before the statement has run for long.
            frontend::flush(&mut self.wire.outbound);
            push_execute(&mut self.wire.outbound, chunk_rows);
            frontend::flush(&mut self.wire.outbound);
            self.send(true).await?;
            let Err(failure) = self.await_bound().await? else {
                self.cursor = Some(Cursor {
                    statement,
                    chunk_rows,
                    is_executing: true,
                });
                self.is_exchanging = false;
                return Ok(());
            };
            self.synchronize().await?;
            self.recover(sql, failure, &mut is_retry)?;
        }
    }

    /// Waits until the server has accepted the parameters.
    async fn await_bound(&mut self) -> Result<Result<(), Failure>, DriverError> {
        loop {
            let frame = self.wire.next().await?;
            match frame.tag {
                tag::BIND_COMPLETE => return Ok(Ok(())),
                tag::ERROR => {
                    let error = ServerError::parse(frame.body);
                    let error = take_error(&self.wire, error)?;
                    return Ok(Err(Failure::Server(Box::new(error))));
                }
                tag::READY => {
                    return Err(self
                        .wire
                        .protocol_error("the end of an answer without any answer"));
                }
                _ => {}
            }
        }
    }

    pub(super) async fn fetch_chunk(&mut self) -> Result<Option<RowSet>, DriverError> {
        if self.is_exchanging {
            return Err(DriverError::Closed);
        }
        let Some(mut cursor) = self.cursor.take() else {
            return Ok(None);
        };
        let limits = Limits {
            bytes_max: usize::MAX,
            ..Limits::default()
        };
        let mut rows = Rows::new(Arc::clone(&cursor.statement), limits);
        self.is_exchanging = true;
        if !cursor.is_executing {
            push_execute(&mut self.wire.outbound, cursor.chunk_rows);
            frontend::flush(&mut self.wire.outbound);
            self.send(true).await?;
        }
        cursor.is_executing = match self.read_chunk(&mut rows).await? {
            Progress::Rows => true,
            Progress::Suspended => false,
            Progress::Complete => {
                self.synchronize().await?;
                let chunk = rows.builder.finish();
                // The next fetch finds no cursor and tells the end.
                return Ok((!chunk.is_empty()).then_some(chunk));
            }
            Progress::Failed(failure) => {
                self.synchronize().await?;
                return Err(failure.into_error());
            }
        };
        self.cursor = Some(cursor);
        self.is_exchanging = false;
        Ok(Some(rows.builder.finish()))
    }

    async fn read_chunk(&mut self, rows: &mut Rows) -> Result<Progress, DriverError> {
        loop {
            let frame = self.wire.next().await?;
            match frame.tag {
                tag::DATA_ROW => match rows.push(frame.body) {
                    Ok(()) if rows.builder.bytes() >= CHUNK_BYTES_MAX => return Ok(Progress::Rows),
                    Ok(()) => {}
                    Err(Refusal::Malformed) => return Err(self.wire.malformed(tag::DATA_ROW)),
                    Err(Refusal::Result(error)) => return Ok(Progress::Failed(Failure::Refused(error))),
                },
                tag::PORTAL_SUSPENDED => return Ok(Progress::Suspended),
                tag::ERROR => {
                    let error = ServerError::parse(frame.body);
                    let error = take_error(&self.wire, error)?;
                    return Ok(Progress::Failed(Failure::Server(Box::new(error))));
                }
                tag::COPY_IN => {
                    // The server takes nothing else before the data have ended.
                    refuse_copy(&mut self.wire)?;
                    return Ok(Progress::Failed(Failure::Refused(copy_unsupported())));
                }
                tag::COPY_OUT => return Ok(Progress::Failed(Failure::Refused(copy_unsupported()))),
                tag::COMMAND_COMPLETE | tag::EMPTY_QUERY => return Ok(Progress::Complete),
                _ => {}
            }
        }
    }

    pub(super) async fn end_cursor(&mut self) -> Result<(), DriverError> {
        if self.is_exchanging {
            return Err(DriverError::Closed);
        }
        match self.cursor.take() {
            Some(_) => self.synchronize().await,
            None => Ok(()),
        }
    }

    /// Ends the portal and skips what is still to come: at most one chunk.
    pub(super) async fn synchronize(&mut self) -> Result<(), DriverError> {
        frontend::sync(&mut self.wire.outbound);
        self.send(true).await?;
        // An error of the rows that nobody wants any more is nobody's. A cancellation would fail a transaction, so
        // that there the chunk is waited for.
        let canceller = (!self.is_in_transaction()).then_some(&self.canceller);
        self.transaction = skip_within_reason(&mut self.wire, canceller).await?;
        self.is_exchanging = false;
        match self.wire.take_unconfirmed() {
            None => Ok(()),
            Some(message) => Err(DriverError::Unconfirmed { message }),
        }
    }
}
