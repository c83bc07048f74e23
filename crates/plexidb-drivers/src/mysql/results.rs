//! Reading the pending result of a connection, row by row.
//!
//! Invariant: between two calls the position in the result is the library's own, inside its connection; nothing is
//! read ahead, so the server waits for who does not fetch.

use std::sync::Arc;

use mysql_async::prelude::Protocol as WireProtocol;
use mysql_async::{BinaryProtocol, Column as WireColumn, Conn, Error, QueryResult, Row, TextProtocol};
use plexidb_core::{DriverError, Limits, RowSetBuilder};

use super::columns::Shape;
use super::decode::{Malformed, decode};

/// In which form the server sends the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Binary,
    Text,
}

/// The columns of the pending result; none where the statement returns no rows.
pub(super) fn columns(conn: &mut Conn, protocol: Protocol) -> Arc<[WireColumn]> {
    fn of<P: WireProtocol>(conn: &mut Conn) -> Option<Arc<[WireColumn]>> {
        QueryResult::<'_, '_, P>::new(conn).columns()
    }
    let columns = match protocol {
        Protocol::Binary => of::<BinaryProtocol>(conn),
        Protocol::Text => of::<TextProtocol>(conn),
    };
    columns.unwrap_or_else(|| Arc::new([]))
}

/// The next row of the pending result; `None` once at its end.
pub(super) async fn next(conn: &mut Conn, protocol: Protocol) -> Result<Option<Row>, Error> {
    match protocol {
        Protocol::Binary => QueryResult::<'_, '_, BinaryProtocol>::new(conn).next().await,
        Protocol::Text => QueryResult::<'_, '_, TextProtocol>::new(conn).next().await,
    }
}

/// Reads what is left of the pending results, and drops it.
pub(super) async fn discard(conn: &mut Conn, protocol: Protocol) -> Result<(), Error> {
    match protocol {
        Protocol::Binary => {
            QueryResult::<'_, '_, BinaryProtocol>::new(conn)
                .drop_result()
                .await
        }
        Protocol::Text => QueryResult::<'_, '_, TextProtocol>::new(conn).drop_result().await,
    }
}

/// Appends a row.
pub(super) fn push(
    row: &Row,
    shape: &Shape,
    rows: &mut RowSetBuilder,
    target: &str,
) -> Result<(), DriverError> {
    for (position, cell) in shape.cells().iter().enumerate() {
        let value = row.as_ref(position).unwrap_or(&mysql_async::Value::NULL);
        decode(*cell, value, |value| rows.push(value))
            .map_err(|malformed| unreadable(malformed, shape, position, target))?;
    }
    Ok(())
}

fn unreadable(malformed: Malformed, shape: &Shape, position: usize, target: &str) -> DriverError {
    let column = shape.columns()[position].name.clone();
    match malformed {
        Malformed::Encoding => DriverError::Encoding { column },
        Malformed::Content => DriverError::Protocol {
            target: target.to_owned(),
            message: format!("column \"{column}\" holds a value that is not of its type"),
        },
    }
}

/// Refuses a result that has grown beyond its bounds.
pub(super) fn check(rows: &RowSetBuilder, limits: Limits) -> Result<(), DriverError> {
    let bytes_max = limits.bytes_max.min(RowSetBuilder::BYTES_MAX);
    let limit = if rows.rows() as u64 > limits.rows_max {
        format!("{} rows", limits.rows_max)
    } else if rows.bytes() > bytes_max {
        format!("{bytes_max} bytes")
    } else {
        return Ok(());
    };
    Err(DriverError::ResultTooLarge { limit })
}
