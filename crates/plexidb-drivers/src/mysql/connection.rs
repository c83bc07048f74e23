//! One connection: statements, results, cursors and the state between them.
//!
//! Invariant: the link is busy from before anything is sent until the whole answer was read. A future that is dropped
//! in between leaves it busy, and the connection is broken.

use std::sync::Arc;
use std::time::Duration;

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params, Statement};
use plexidb_core::{ConnectionStatus, DriverError, Executed, Limits, RowSet, RowSetBuilder, ValueRef};

use super::cancel::kill_query;
use super::columns::Shape;
use super::dial::{Dialer, Session};
use super::link::Link;
use super::results::{self, Protocol};
use super::statements::{Prepared, Statements};
use super::{failure, parameters, verbatim};

mod cursor;
mod port;
mod replication;
mod reset;

use cursor::Cursor;

/// What is left of a result is read rather than cancelled while it is no more than this.
const LEFTOVER_ROWS: usize = 1_000;
const LEFTOVER_TIME: Duration = Duration::from_millis(20);

/// A connection to MySQL or MariaDB.
pub(super) struct MySqlConnection {
    link: Link,
    session: Session,
    dialer: Arc<Dialer>,
    statements: Statements,
    /// Statements that left the cache; closed before the next one is prepared.
    outdated: Vec<Statement>,
    cursor: Option<Cursor>,
    is_in_transaction: bool,
    /// Whether the user may ask which servers this one follows, as far as is known.
    may_ask_for_sources: bool,
}

/// A statement that has run and whose result waits to be read.
struct Running {
    protocol: Protocol,
    shape: Arc<Shape>,
}

/// How a statement runs.
enum Plan {
    Prepared(Prepared),
    Text,
}

impl MySqlConnection {
    pub(super) fn new(conn: Conn, session: Session, dialer: Arc<Dialer>) -> Self {
        let statements = Statements::new(dialer.settings().statement_cache_size);
        Self {
            link: Link::new(conn),
            session,
            dialer,
            statements,
            outdated: Vec::new(),
            cursor: None,
            is_in_transaction: false,
            may_ask_for_sources: true,
        }
    }

    fn current_status(&self) -> ConnectionStatus {
        if self.link.is_broken() {
            ConnectionStatus::Broken
        } else if self.cursor.is_some() {
            ConnectionStatus::Streaming
        } else if self.is_in_transaction {
            ConnectionStatus::InTransaction
        } else {
            ConnectionStatus::Idle
        }
    }

    /// Claims the connection for one exchange.
    fn begin(&mut self) -> Result<(), DriverError> {
        match self.current_status() {
            ConnectionStatus::Broken => Err(DriverError::Closed),
            ConnectionStatus::Streaming => Err(DriverError::Unsupported {
                what: "a statement while a cursor is open; fetch to its end or close it first".to_owned(),
            }),
            _ => {
                self.link.is_busy = true;
                Ok(())
            }
        }
    }

    /// The exchange is over; the server's last answer tells whether a transaction is open.
    fn settle(&mut self) {
        if let Some(answer) = self.link.last_ok_packet() {
            let in_transaction = StatusFlags::SERVER_STATUS_IN_TRANS;
            self.is_in_transaction = answer.status_flags().contains(in_transaction);
        }
        self.link.is_busy = false;
    }

    /// The exchange ended with an error of the server or the library.
    ///
    /// An error does not tell whether a transaction is open: a deadlock has ended it, a duplicate key has not, a
    /// procedure may have begun one. The answer to a ping does.
    async fn fail(&mut self, error: Error, was_sent: bool) -> DriverError {
        let is_of_server = matches!(error, Error::Server(_));
        let error = failure::of_statement(error, &self.dialer.settings().target, was_sent);
        if is_of_server && !matches!(error, DriverError::ConnectionLost { .. }) {
            self.refresh().await;
        }
        error
    }

    /// Asks the server for the state; where it does not answer, the connection stays broken.
    async fn refresh(&mut self) {
        if self.link.ping().await.is_ok() {
            self.settle();
        }
    }

    /// Runs a statement up to the head of its result.
    async fn start(&mut self, sql: &str, values: &[ValueRef<'_>]) -> Result<Running, DriverError> {
        self.begin()?;
        match self.plan(sql, values).await? {
            Plan::Prepared(prepared) => self.start_prepared(sql, values, prepared).await,
            Plan::Text => self.start_text(sql).await,
        }
    }

    async fn plan(&mut self, sql: &str, values: &[ValueRef<'_>]) -> Result<Plan, DriverError> {
        if let Some(prepared) = self.statements.get(sql) {
            return Ok(Plan::Prepared(prepared));
        }
        if sql.len() >= self.session.packet_bytes_max {
            self.link.is_busy = false;
            return Err(DriverError::Unsupported {
                what: format!(
                    "a statement of {} bytes; the server's max_allowed_packet is {}: raise it, or send the data as \
                     parameters",
                    sql.len(),
                    self.session.packet_bytes_max
                ),
            });
        }
        if values.is_empty() && verbatim::may_choose_database(sql) {
            return Ok(Plan::Text);
        }
        let Some(text) = verbatim::preparable(sql) else {
            return self.plan_text(values);
        };
        match self.prepare(&text).await {
            Ok(statement) => {
                let outdated = self.statements.add(sql, statement.clone());
                self.outdated.extend(outdated);
                let shape = None;
                Ok(Plan::Prepared(Prepared { statement, shape }))
            }
            Err(error) if failure::cannot_be_prepared(&error) && values.is_empty() => Ok(Plan::Text),
            Err(error) => Err(self.fail(error, false).await),
        }
    }

    fn plan_text(&mut self, values: &[ValueRef<'_>]) -> Result<Plan, DriverError> {
        if values.is_empty() {
            return Ok(Plan::Text);
        }
        self.link.is_busy = false;
        Err(DriverError::Unsupported {
            what: "parameters in a statement that has a comment and a colon in a string behind a minus or slash; \
                   leave out the comment, or send the string as a parameter"
                .to_owned(),
        })
    }

    async fn prepare(&mut self, text: &str) -> Result<Statement, Error> {
        while let Some(statement) = self.outdated.pop() {
            self.link.close(statement).await?;
        }
        let first = self.link.prep(text).await;
        match first {
            Err(error) if failure::is_too_many_prepared(&error) => {
                for statement in self.statements.drain() {
                    self.link.close(statement).await?;
                }
                self.link.prep(text).await
            }
            outcome => outcome,
        }
    }

    async fn start_prepared(
        &mut self,
        sql: &str,
        values: &[ValueRef<'_>],
        prepared: Prepared,
    ) -> Result<Running, DriverError> {
        let Prepared { mut statement, shape } = prepared;
        let mut outcome = self.execute_prepared(&statement, values).await?;
        if matches!(&outcome, Err(error) if failure::is_forgotten(error)) {
            self.outdated.extend(self.statements.remove(sql));
            match self.plan(sql, values).await? {
                Plan::Prepared(again) => statement = again.statement,
                Plan::Text => return self.start_text(sql).await,
            }
            outcome = self.execute_prepared(&statement, values).await?;
        }
        if let Err(error) = outcome {
            return Err(self.fail(error, true).await);
        }
        let wire = results::columns(&mut self.link, Protocol::Binary);
        let shape = match shape {
            Some(shape) if shape.fits(&wire) => shape,
            _ => {
                let shape = Arc::new(Shape::new(wire));
                self.statements.keep_shape(sql, &shape);
                shape
            }
        };
        let protocol = Protocol::Binary;
        Ok(Running { protocol, shape })
    }

    /// The outer error is found before anything is sent.
    async fn execute_prepared(
        &mut self,
        statement: &Statement,
        values: &[ValueRef<'_>],
    ) -> Result<Result<(), Error>, DriverError> {
        let expected = usize::from(statement.num_params());
        let params: Params = match parameters::encode(values, expected, self.session.packet_bytes_max) {
            Ok(params) => params,
            Err(error) => {
                self.link.is_busy = false;
                return Err(error);
            }
        };
        Ok(self.link.exec_iter(statement, params).await.map(drop))
    }

    async fn start_text(&mut self, sql: &str) -> Result<Running, DriverError> {
        if let Err(error) = self.link.query_iter(sql).await.map(drop) {
            return Err(self.fail(error, true).await);
        }
        if verbatim::may_choose_database(sql) {
            // A prepared statement goes on reading the database in which it was prepared.
            self.outdated.extend(self.statements.drain());
        }
        let protocol = Protocol::Text;
        let wire = results::columns(&mut self.link, protocol);
        let shape = Arc::new(Shape::new(wire));
        Ok(Running { protocol, shape })
    }

    async fn fetch_all(
        &mut self,
        sql: &str,
        values: &[ValueRef<'_>],
        limits: Limits,
    ) -> Result<RowSet, DriverError> {
        let Running { protocol, shape } = self.start(sql, values).await?;
        let mut rows = RowSetBuilder::new(Arc::clone(shape.columns()));
        while let Some(row) = self.next_row(protocol).await? {
            let target = &self.dialer.settings().target;
            let pushed = results::push(&row, &shape, &mut rows, target);
            if let Err(error) = pushed.and_then(|()| results::check(&rows, limits)) {
                self.abandon(protocol).await;
                return Err(error);
            }
        }
        self.finish(protocol).await?;
        Ok(rows.finish())
    }

    async fn next_row(&mut self, protocol: Protocol) -> Result<Option<mysql_async::Row>, DriverError> {
        match results::next(&mut self.link, protocol).await {
            Ok(row) => Ok(row),
            Err(error) => Err(self.fail(error, true).await),
        }
    }

    /// Reads to the end of all results of the statement.
    async fn finish(&mut self, protocol: Protocol) -> Result<(), DriverError> {
        match results::discard(&mut self.link, protocol).await {
            Ok(()) => {
                self.settle();
                Ok(())
            }
            Err(error) => Err(self.fail(error, true).await),
        }
    }

    async fn run(&mut self, sql: &str, values: &[ValueRef<'_>]) -> Result<Executed, DriverError> {
        let Running { protocol, shape } = self.start(sql, values).await?;
        let mut rows_returned = 0;
        if !shape.columns().is_empty() && verbatim::is_write(sql) {
            while self.next_row(protocol).await?.is_some() {
                rows_returned += 1;
            }
        }
        self.finish(protocol).await?;
        let last_insert_id = self.link.last_insert_id().filter(|id| *id != 0);
        Ok(Executed {
            // The server counts no rows of a write that returns them.
            rows_affected: self.link.affected_rows().max(rows_returned),
            last_insert_id: last_insert_id.and_then(|id| i64::try_from(id).ok()),
        })
    }

    /// The protocol has no pipelining that keeps the rows apart; a row is a round trip.
    async fn run_many(&mut self, sql: &str, rows: &[Vec<ValueRef<'_>>]) -> Result<Executed, DriverError> {
        let mut total = Executed::default();
        for values in rows {
            let one = self.run(sql, values).await?;
            total.rows_affected += one.rows_affected;
            total.last_insert_id = one.last_insert_id.or(total.last_insert_id);
        }
        Ok(total)
    }

    async fn run_control(&mut self, sql: &str) -> Result<(), DriverError> {
        self.begin()?;
        let running = self.start_text(sql).await?;
        self.finish(running.protocol).await
    }

    async fn run_ping(&mut self) -> Result<(), DriverError> {
        self.begin()?;
        match self.link.ping().await {
            Ok(()) => {
                self.settle();
                Ok(())
            }
            Err(error) => Err(self.fail(error, false).await),
        }
    }

    /// Gets rid of the rest of a result: reads it where it is small, else cancels the statement first. Where that
    /// fails, the connection is broken.
    async fn abandon(&mut self, protocol: Protocol) {
        let bound = self.dialer.settings().connect_timeout;
        let bound = if bound.is_zero() { Duration::MAX } else { bound };
        // Cancelled or not, the outcome is in the state.
        let _ = tokio::time::timeout(bound, self.abandon_unbounded(protocol)).await;
    }

    async fn abandon_unbounded(&mut self, protocol: Protocol) {
        let leftover = async {
            for _ in 0..LEFTOVER_ROWS {
                if matches!(results::next(&mut self.link, protocol).await, Ok(None) | Err(_)) {
                    return true;
                }
            }
            false
        };
        let is_read = tokio::time::timeout(LEFTOVER_TIME, leftover).await == Ok(true);
        if !is_read && kill_query(&self.dialer, self.session.id).await.is_err() {
            return;
        }
        // The statement's end is an error where it was cancelled in time.
        let end = results::discard(&mut self.link, protocol).await;
        if matches!(end, Ok(()) | Err(Error::Server(_))) {
            self.refresh().await;
        }
    }
}
