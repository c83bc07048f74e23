//! One statement on one connection: prepare, bind, step, collect. Synchronous; it knows nothing of tasks.
//!
//! Invariant: a statement's columns are read after its first step, when SQLite has prepared it for the present
//! schema, and again whenever SQLite has prepared it anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plexidb_core::{Column, DriverError, Executed, Limits, RowSet, RowSetBuilder, ValueRef};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{CachedStatement, Connection, Statement, StatementStatus};

use super::bind::{self, bind};
use super::cell::{bytes_max, push_row, too_many_rows};
use super::error;
use super::keyword::Kind;
use super::profile::Profile;
use super::signals::Signals;

/// A chunk of a cursor ends at this many bytes, whatever its rows.
const CHUNK_BYTES: usize = 1 << 20;

/// What running a statement takes.
pub(super) struct Run<'s> {
    pub(super) database: &'s Connection,
    pub(super) profile: &'s mut Profile,
    pub(super) signals: &'s Signals,
    pub(super) target: &'s str,
}

/// Prepares a statement, or takes it from the connection's cache.
pub(super) fn prepare<'c>(
    database: &'c Connection,
    sql: &str,
    target: &str,
) -> Result<CachedStatement<'c>, DriverError> {
    database.prepare_cached(sql).map_err(|error| {
        // rusqlite also prepares what follows the first statement, which may fail for want of the first's effect.
        let is_told = matches!(error, rusqlite::Error::MultipleStatement | rusqlite::Error::Empty)
            || error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
        let is_first_good = !is_told
            && rusqlite::Batch::new(database, sql)
                .next()
                .is_ok_and(|first| first.is_some());
        if is_first_good {
            error::several_statements()
        } else {
            error::of_statement(error, sql, target)
        }
    })
}

/// Learns the kind of a statement that the connection does not know yet.
pub(super) fn kind(database: &Connection, sql: &str, target: &str) -> Result<Kind, DriverError> {
    if sql.contains('\0') {
        // SQLite would end the text there and drop the rest silently.
        return Err(error::rejected("the statement holds a NUL character"));
    }
    let statement = prepare(database, sql, target)?;
    // SQLite calls EXPLAIN of a write a write, although it is not run.
    Ok(Kind::of(sql, statement.readonly() || statement.is_explain() != 0))
}

impl<'s> Run<'s> {
    /// Runs it and collects all rows.
    pub(super) fn query(
        mut self,
        sql: &str,
        params: &[ValueRef<'_>],
        limits: Limits,
    ) -> Result<RowSet, DriverError> {
        let bytes_max = bytes_max(limits);
        let mut statement = self.start(sql, params)?;
        let target = self.target;
        let failed = |error| error::of_statement(error, sql, target);
        let mut rows = statement.raw_query();
        let mut next = rows.next().map_err(failed)?;
        let Some(first) = next else {
            drop(rows);
            return Ok(RowSetBuilder::new(columns(&statement, self.profile)?).finish());
        };
        let columns = columns(first.as_ref(), self.profile)?;
        let mut builder = self.profile.builder(Arc::clone(&columns));
        let mut count = 0;
        while let Some(row) = next {
            if count == limits.rows_max {
                return Err(too_many_rows(limits.rows_max));
            }
            count += 1;
            push_row(&mut builder, row, &columns, bytes_max)?;
            next = rows.next().map_err(failed)?;
        }
        self.profile.record_result(builder.rows(), builder.bytes());
        Ok(builder.finish())
    }

    /// Runs it once a row of parameters; rows that it returns are dropped.
    pub(super) fn execute<'r>(
        mut self,
        sql: &str,
        rows: impl Iterator<Item = &'r [ValueRef<'r>]>,
    ) -> Result<Executed, DriverError> {
        let mut statement = self.prepare(sql)?;
        let mut executed = Executed::default();
        for params in rows {
            self.signals.begin_row();
            self.bind(&mut statement, sql, params)?;
            let mut results = statement.raw_query();
            while results
                .next()
                .map_err(|error| error::of_statement(error, sql, self.target))?
                .is_some()
            {}
            if matches!(self.profile.kind, Kind::Insert | Kind::Change) {
                executed.rows_affected += self.database.changes();
            }
            // The number of SQLite's last insertion may be of an earlier statement: the hook tells.
            if self.profile.kind == Kind::Insert && self.signals.has_inserted() {
                executed.last_insert_id = Some(self.database.last_insert_rowid());
            }
        }
        Ok(executed)
    }

    /// Runs it and hands out its rows in chunks until `send` answers `false`. `started` is called once it is
    /// prepared and bound. A result without rows is one chunk without rows, for its columns.
    pub(super) fn stream(
        mut self,
        sql: &str,
        params: &[ValueRef<'_>],
        chunk_rows: usize,
        started: impl FnOnce() -> bool,
        mut send: impl FnMut(RowSet) -> bool,
    ) -> Result<(), DriverError> {
        let mut statement = self.start(sql, params)?;
        if !started() {
            return Ok(());
        }
        let target = self.target;
        let failed = |error| error::of_statement(error, sql, target);
        let mut rows = statement.raw_query();
        let mut next = rows.next().map_err(failed)?;
        let Some(first) = next else {
            drop(rows);
            send(RowSetBuilder::new(columns(&statement, self.profile)?).finish());
            return Ok(());
        };
        let columns = columns(first.as_ref(), self.profile)?;
        let mut builder = RowSetBuilder::new(Arc::clone(&columns));
        let mut count = 0;
        while let Some(row) = next {
            push_row(&mut builder, row, &columns, RowSetBuilder::BYTES_MAX)?;
            count += 1;
            next = rows.next().map_err(failed)?;
            if count >= chunk_rows || builder.bytes() >= CHUNK_BYTES || next.is_none() {
                let full = std::mem::replace(&mut builder, RowSetBuilder::new(Arc::clone(&columns)));
                count = 0;
                if !send(full.finish()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, sql: &str, params: &[ValueRef<'_>]) -> Result<CachedStatement<'s>, DriverError> {
        let mut statement = self.prepare(sql)?;
        self.bind(&mut statement, sql, params)?;
        Ok(statement)
    }

    fn prepare(&mut self, sql: &str) -> Result<CachedStatement<'s>, DriverError> {
        let statement = prepare(self.database, sql, self.target)?;
        if statement.get_status(StatementStatus::Run) == 0 {
            // It was dropped from the cache and prepared again: its count of preparations starts anew.
            self.profile.columns = None;
        }
        Ok(statement)
    }

    fn bind(
        &self,
        statement: &mut Statement<'_>,
        sql: &str,
        params: &[ValueRef<'_>],
    ) -> Result<(), DriverError> {
        bind(statement, params).map_err(|failure| match failure {
            bind::Failure::Refused(error) => error,
            bind::Failure::Sqlite(error) => error::of_statement(error, sql, self.target),
        })
    }
}

/// The columns of a statement that has made its first step.
fn columns(statement: &Statement<'_>, profile: &mut Profile) -> Result<Arc<[Column]>, DriverError> {
    let preparations = statement.get_status(StatementStatus::RePrepare);
    match &profile.columns {
        Some((columns, at)) if *at == preparations => Ok(Arc::clone(columns)),
        _ => {
            let columns = read_columns(statement)?;
            profile.columns = Some((Arc::clone(&columns), preparations));
            Ok(columns)
        }
    }
}

fn read_columns(statement: &Statement<'_>) -> Result<Arc<[Column]>, DriverError> {
    // rusqlite panics at a name that is not UTF-8, which a file made by others can hold.
    let columns = catch_unwind(AssertUnwindSafe(|| {
        let columns = statement.columns().map(|column| Column {
            name: column.name().to_owned(),
            type_name: column.decl_type().unwrap_or_default().to_owned(),
        });
        columns.collect()
    }));
    columns.map_err(|_| DriverError::Encoding {
        column: "(a column's name or type)".into(),
    })
}
