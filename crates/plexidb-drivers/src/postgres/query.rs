//! Preparing a statement once, and running it: one write and one read where it is prepared already.
//!
//! Invariant: a statement whose plan or name the server has dropped is prepared anew at most once, and only where nothing
//! of it can have run.

use std::sync::Arc;

use plexidb_core::{DriverError, Executed, Limits, RowSet, RowSetBuilder, ValueRef};
use postgres_protocol::message::frontend;

use super::connection::{PostgresConnection, check_commit, check_text};
use super::decode::{CellError, push_row};
use super::encode::bind;
use super::exchange::{Count, Failure, Protocol, Refusal, Sink};
use super::message::{Field, Frame, parameter_description, row_description, tag};
use super::statement::Statement;

/// A cell can take up to three times the room of its wire form (arrays of `int2`): rows stop before offsets overflow.
const ROW_GROWTH_MAX: usize = 3;
/// A row whose frame is this many times the bound on the result is not even received.
const FRAME_TO_LIMIT_MAX: usize = 4;
const FRAME_SLACK_BYTES: usize = 64 * 1024;

impl PostgresConnection {
    pub(super) async fn run_query(
        &mut self,
        sql: &str,
        params: &[ValueRef<'_>],
        limits: Limits,
    ) -> Result<RowSet, DriverError> {
        self.start().await?;
        let mut is_retry = false;
        loop {
            let statement = self.prepare(sql).await?;
            let queued = self.queue(&statement, params, true);
            self.unless_refused(queued).await?;
            self.wire.row_bytes_max = limits
                .bytes_max
                .saturating_mul(FRAME_TO_LIMIT_MAX)
                .saturating_add(FRAME_SLACK_BYTES);
            let mut rows = Rows::new(Arc::clone(&statement), limits);
            self.send(true).await?;
            let outcome = self.finish(&mut rows, Protocol::Extended).await?;
            self.wire.row_bytes_max = usize::MAX;
            match outcome {
                Ok(()) => return Ok(rows.builder.finish()),
                Err(failure) => self.recover(sql, failure, &mut is_retry)?,
            }
        }
    }

    pub(super) async fn run_execute(
        &mut self,
        sql: &str,
        params: &[ValueRef<'_>],
    ) -> Result<Executed, DriverError> {
        self.start().await?;
        let mut is_retry = false;
        loop {
            let statement = self.prepare(sql).await?;
            let queued = self.queue(&statement, params, false);
            self.unless_refused(queued).await?;
            let mut count = Count::default();
            self.send(true).await?;
            match self.finish(&mut count, Protocol::Extended).await? {
                Ok(()) => {
                    check_commit(sql, count.completion)?;
                    return Ok(executed(count.completion.rows_affected));
                }
                Err(failure) => self.recover(sql, failure, &mut is_retry)?,
            }
        }
    }

    /// Queues Bind, Execute and Sync.
    fn queue(
        &mut self,
        statement: &Statement,
        params: &[ValueRef<'_>],
        wants_rows: bool,
    ) -> Result<(), DriverError> {
        let outbound = &mut self.wire.outbound;
        bind(outbound, statement, params, &self.types, wants_rows)?;
        push_execute(outbound, 0);
        frontend::sync(outbound);
        Ok(())
    }

    /// Passes a failure on, or lets the caller try once more.
    pub(super) fn recover(
        &mut self,
        sql: &str,
        failure: Failure,
        is_retry: &mut bool,
    ) -> Result<(), DriverError> {
        if let Failure::Server(error) = &failure
            && error.is_stale_statement()
        {
            self.statements.forget(sql);
            if !self.is_in_transaction() && !*is_retry {
                *is_retry = true;
                return Ok(());
            }
        }
        Err(failure.into_error())
    }

    /// The prepared statement of this text. Behind a pooler its exchange is still open then.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Arc<Statement>, DriverError> {
        if self.is_pooled() {
            return self.prepare_unnamed(sql).await;
        }
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement);
        }
        check_text(sql)?;
        let name = self.statements.next_name();
        self.queue_parse(&name, sql)
            .map_err(|error| self.wire.protocol_error(error.to_string()))?;
        let mut description = Description::default();
        self.send(false).await?;
        self.finish(&mut description, Protocol::Extended)
            .await?
            .map_err(Failure::into_error)?;
        self.is_exchanging = true;
        let oids = description.fields.iter().map(|field| field.type_oid);
        self.types.learn(&mut self.wire, oids).await?;
        self.is_exchanging = false;
        let statement = Statement::new(name, &description.parameters, description.fields, &self.types);
        let statement = Arc::new(statement);
        self.statements.insert(sql, Arc::clone(&statement));
        Ok(statement)
    }

    fn queue_parse(&mut self, name: &str, sql: &str) -> std::io::Result<()> {
        let dropped = self.statements.take_dropped();
        let outbound = &mut self.wire.outbound;
        for dropped in dropped {
            frontend::close(b'S', &dropped, outbound)?;
        }
        frontend::parse(name, sql, [], outbound)?;
        frontend::describe(b'S', name, outbound)?;
        frontend::sync(outbound);
        Ok(())
    }
}

pub(super) fn executed(rows_affected: u64) -> Executed {
    Executed {
        rows_affected,
        last_insert_id: None,
    }
}

/// Appends an Execute message for the unnamed portal; 0 rows are all.
pub(super) fn push_execute(outbound: &mut bytes::BytesMut, rows_max: i32) {
    outbound.extend_from_slice(b"E\0\0\0\x09\0");
    outbound.extend_from_slice(&rows_max.to_be_bytes());
}

/// What a prepared statement takes and gives.
#[derive(Default)]
pub(super) struct Description {
    pub(super) parameters: Vec<u32>,
    pub(super) fields: Vec<Field>,
}

impl Sink for Description {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Refusal> {
        match frame.tag {
            tag::PARAMETER_DESCRIPTION => self.parameters = parameter_description(frame.body)?,
            tag::ROW_DESCRIPTION => self.fields = row_description(frame.body)?,
            _ => {}
        }
        Ok(())
    }
}

/// Collects rows within limits.
pub(super) struct Rows {
    statement: Arc<Statement>,
    limits: Limits,
    pub(super) builder: RowSetBuilder,
}

impl Rows {
    pub(super) fn new(statement: Arc<Statement>, limits: Limits) -> Self {
        let builder = RowSetBuilder::new(Arc::clone(&statement.columns));
        Self {
            statement,
            limits,
            builder,
        }
    }

    pub(super) fn push(&mut self, body: &[u8]) -> Result<(), Refusal> {
        if self.builder.rows() as u64 >= self.limits.rows_max && !self.statement.columns.is_empty() {
            return Err(too_large(format!("{} rows", self.limits.rows_max)));
        }
        if self.builder.bytes() + body.len() * ROW_GROWTH_MAX > RowSetBuilder::BYTES_MAX {
            return Err(too_large(format!("{} bytes", RowSetBuilder::BYTES_MAX)));
        }
        push_row(&mut self.builder, &self.statement.kinds, body).map_err(
            |(position, error)| match error {
                CellError::Malformed => Refusal::Malformed,
                CellError::NotUtf8 => Refusal::Result(DriverError::Encoding {
                    column: self.statement.columns[position].name.clone(),
                }),
            },
        )?;
        if self.builder.bytes() > self.limits.bytes_max {
            return Err(self.too_many_bytes());
        }
        Ok(())
    }

    fn too_many_bytes(&self) -> Refusal {
        too_large(format!("{} bytes", self.limits.bytes_max))
    }
}

fn too_large(limit: String) -> Refusal {
    Refusal::Result(DriverError::ResultTooLarge { limit })
}

impl Sink for Rows {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Refusal> {
        match frame.tag {
            tag::DATA_ROW => self.push(frame.body),
            tag::DISCARDED_ROW => Err(self.too_many_bytes()),
            _ => Ok(()),
        }
    }
}
