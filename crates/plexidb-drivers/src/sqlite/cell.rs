//! SQLite's cells straight into a result, within its bounds.

use plexidb_core::{Column, DriverError, Limits, RowSetBuilder, ValueRef};
use rusqlite::Row;
use rusqlite::types::ValueRef as Stored;

/// Appends one row.
pub(super) fn push_row(
    builder: &mut RowSetBuilder,
    row: &Row<'_>,
    columns: &[Column],
    bytes_max: usize,
) -> Result<(), DriverError> {
    for (position, column) in columns.iter().enumerate() {
        // Positions run over the statement's own columns: there is no such error.
        let stored = row.get_ref(position).unwrap_or(Stored::Null);
        let value = match stored {
            Stored::Null => ValueRef::Null,
            Stored::Integer(value) => ValueRef::Int(value),
            Stored::Real(value) => ValueRef::Double(value),
            Stored::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => ValueRef::Text(text),
                Err(_) => {
                    return Err(DriverError::Encoding {
                        column: column.name.clone(),
                    });
                }
            },
            Stored::Blob(bytes) => ValueRef::Bytes(bytes),
        };
        let content = match value {
            ValueRef::Text(text) => text.len(),
            ValueRef::Bytes(bytes) => bytes.len(),
            ValueRef::Null => 0,
            _ => size_of::<i64>(),
        };
        // The type's byte comes before the content.
        if builder.bytes() + 1 + content > bytes_max {
            return Err(too_many_bytes(bytes_max));
        }
        builder.push(value);
    }
    Ok(())
}

/// The bound on bytes that a result can have.
pub(super) fn bytes_max(limits: Limits) -> usize {
    limits.bytes_max.min(RowSetBuilder::BYTES_MAX)
}

pub(super) fn too_many_rows(rows_max: u64) -> DriverError {
    DriverError::ResultTooLarge {
        limit: format!("{rows_max} rows"),
    }
}

fn too_many_bytes(bytes_max: usize) -> DriverError {
    DriverError::ResultTooLarge {
        limit: format!("{bytes_max} bytes"),
    }
}
