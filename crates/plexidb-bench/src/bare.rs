//! The bare drivers, each used as its documentation recommends: statements prepared once and executed per call, every
//! cell of a result looked at.
//!
//! Must not know plexidb beyond the values that a workload hands out.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use mysql_async::prelude::Queryable as _;
use plexidb::{Dialect, ValueRef};
use rusqlite::types::ToSqlOutput;
use tokio_postgres::error::SqlState;

use crate::product::{Place, Product};

mod postgres;

/// As long as plexidb waits for another writer of a file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Enough for all statements of a workload.
const STATEMENTS_MAX: usize = 64;

/// One connection of a bare driver.
pub(crate) enum Bare {
    Sqlite(rusqlite::Connection),
    Postgres {
        client: tokio_postgres::Client,
        statements: HashMap<&'static str, tokio_postgres::Statement>,
    },
    MariaDb(mysql_async::Conn),
}

impl Bare {
    pub(crate) async fn connect(place: &Place<'_>) -> Result<Self> {
        Ok(match place.product {
            Product::Sqlite => Self::Sqlite(open_sqlite(&place.bare)?),
            Product::Postgres => {
                let (client, connection) =
                    tokio_postgres::connect(&place.bare, tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                Self::Postgres {
                    client,
                    statements: HashMap::new(),
                }
            }
            Product::MariaDb => Self::MariaDb(mysql_async::Conn::new(mysql_options(&place.bare)?).await?),
        })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
            Self::MariaDb(_) => Dialect::MySql,
        }
    }

    /// Whether a statement failed only because of what others did at the same time: a deadlock or a lock's timeout.
    pub(crate) fn is_worth_a_retry(error: &anyhow::Error) -> bool {
        /// ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK.
        const MYSQL_CODES: [u16; 2] = [1205, 1213];
        if let Some(error) = error.downcast_ref::<rusqlite::Error>() {
            return error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
        }
        if let Some(error) = error.downcast_ref::<tokio_postgres::Error>() {
            let code = error.code();
            return code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
                || code == Some(&SqlState::T_R_SERIALIZATION_FAILURE);
        }
        matches!(
            error.downcast_ref::<mysql_async::Error>(),
            Some(mysql_async::Error::Server(error)) if MYSQL_CODES.contains(&error.code)
        )
    }

    /// Runs a read and returns its number of rows.
    pub(crate) async fn query(&mut self, sql: &'static str, values: &[ValueRef<'_>]) -> Result<usize> {
        match self {
            Self::Sqlite(connection) => query_sqlite(connection, sql, values),
            Self::Postgres { client, statements } => {
                let statement = postgres::prepared(client, statements, sql).await?;
                postgres::query(client, &statement, values).await
            }
            Self::MariaDb(connection) => {
                let rows: Vec<mysql_async::Row> = connection.exec(sql, mysql_values(values)).await?;
                for row in &rows {
                    for column in 0..row.len() {
                        black_box(row.as_ref(column));
                    }
                }
                Ok(rows.len())
            }
        }
    }

    /// Runs a write and returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: &[ValueRef<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(values.iter().map(SqliteValue)))? as u64)
            }
            Self::Postgres { client, statements } => {
                let statement = postgres::prepared(client, statements, sql).await?;
                postgres::execute(client, &statement, values).await
            }
            Self::MariaDb(connection) => {
                connection.exec_drop(sql, mysql_values(values)).await?;
                Ok(connection.affected_rows())
            }
        }
    }
}

/// Opens a file with the settings that plexidb gives it, so that both sides write as durably.
fn open_sqlite(path: &str) -> Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection
        .execute_batch("PRAGMA journal_mode = wal; PRAGMA synchronous = normal; PRAGMA foreign_keys = 1")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn query_sqlite(
    connection: &rusqlite::Connection,
    sql: &'static str,
    values: &[ValueRef<'_>],
) -> Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(values.iter().map(SqliteValue)))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            // Owned, as an application that keeps the row has it.
            black_box(row.get::<_, rusqlite::types::Value>(column)?);
        }
        count += 1;
    }
    Ok(count)
}

/// The driver would otherwise move to the server's Unix socket by itself, which TCP is not to be compared with.
pub(crate) fn mysql_options(url: &str) -> Result<mysql_async::Opts> {
    let url = url.replacen("mariadb://", "mysql://", 1);
    let builder = mysql_async::OptsBuilder::from_opts(mysql_async::Opts::from_url(&url)?);
    Ok(builder
        .prefer_socket(false)
        .stmt_cache_size(STATEMENTS_MAX)
        .into())
}

struct SqliteValue<'a, 'b>(&'a ValueRef<'b>);

impl rusqlite::ToSql for SqliteValue<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match *self.0 {
            ValueRef::Int(value) => Ok(value.into()),
            ValueRef::Text(value) => Ok(value.into()),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!("the workloads bind integers and texts, not {other:?}").into(),
            )),
        }
    }
}

fn mysql_values(values: &[ValueRef<'_>]) -> mysql_async::Params {
    let values: Vec<mysql_async::Value> = values
        .iter()
        .map(|value| match *value {
            ValueRef::Int(value) => value.into(),
            ValueRef::Text(value) => value.into(),
            // The server's own conversion makes a wrong one visible.
            other => format!("{other:?}").into(),
        })
        .collect();
    if values.is_empty() {
        mysql_async::Params::Empty
    } else {
        mysql_async::Params::Positional(values)
    }
}
