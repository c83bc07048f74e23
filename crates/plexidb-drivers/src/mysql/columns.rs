//! The columns of a result: how their cells are read, and the type names that MySQL's users know.
//!
//! Invariant: what a cell becomes depends on its column alone, never on its content or the protocol.

use std::sync::Arc;

use mysql_async::Column as WireColumn;
use mysql_async::consts::{ColumnFlags, ColumnType};
use plexidb_core::Column;

/// The collation of bytes.
const BINARY: u16 = 63;
/// Bytes of a character in utf8mb4, in which text columns tell their length.
const CHARACTER_BYTES: u32 = 4;

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Int,
    UInt,
    Real,
    Double,
    Decimal,
    /// A bit string of so many bits.
    Bits(u32),
    Date,
    /// A local date and time.
    Timestamp,
    /// An instant: the session's time zone is UTC.
    TimestampTz,
    Time,
    Text,
    Bytes,
    Json,
    /// A type that the protocol did not have when this was written.
    Other,
}

/// The columns of a result, both as the server described them and as core shows them.
#[derive(Debug)]
pub(super) struct Shape {
    wire: Arc<[WireColumn]>,
    columns: Arc<[Column]>,
    cells: Box<[Cell]>,
}

impl Shape {
    pub(super) fn new(wire: Arc<[WireColumn]>) -> Self {
        let columns = wire
            .iter()
            .map(|column| Column {
                name: column.name_str().into_owned(),
                type_name: type_name(column),
            })
            .collect();
        let cells = wire.iter().map(cell).collect();
        Self { wire, columns, cells }
    }

    /// Whether a result with these columns has this shape.
    pub(super) fn fits(&self, wire: &Arc<[WireColumn]>) -> bool {
        Arc::ptr_eq(&self.wire, wire) || self.wire == *wire
    }

    pub(super) fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

fn is_unsigned(column: &WireColumn) -> bool {
    column.flags().contains(ColumnFlags::UNSIGNED_FLAG)
}

fn cell(column: &WireColumn) -> Cell {
    use ColumnType as T;
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG => {
            if is_unsigned(column) {
                Cell::UInt
            } else {
                Cell::Int
            }
        }
        // A year is marked as unsigned, and is a small number all the same.
        T::MYSQL_TYPE_YEAR => Cell::Int,
        T::MYSQL_TYPE_FLOAT => Cell::Real,
        T::MYSQL_TYPE_DOUBLE => Cell::Double,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => Cell::Decimal,
        T::MYSQL_TYPE_BIT => Cell::Bits(column.column_length()),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Cell::Date,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Cell::Timestamp,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Cell::TimestampTz,
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Cell::Time,
        T::MYSQL_TYPE_JSON => Cell::Json,
        T::MYSQL_TYPE_GEOMETRY | T::MYSQL_TYPE_VECTOR => Cell::Bytes,
        T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_ENUM
        | T::MYSQL_TYPE_SET
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => {
            if is_binary(column) {
                Cell::Bytes
            } else {
                Cell::Text
            }
        }
        T::MYSQL_TYPE_NULL | T::MYSQL_TYPE_TYPED_ARRAY | T::MYSQL_TYPE_UNKNOWN => Cell::Other,
    }
}

/// Enumerations and sets are text, whatever their collation.
fn is_binary(column: &WireColumn) -> bool {
    let named = ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG;
    column.character_set() == BINARY && !column.flags().intersects(named)
}

/// The name as in a column's definition, without lengths.
fn type_name(column: &WireColumn) -> String {
    use ColumnType as T;
    let name = match column.column_type() {
        T::MYSQL_TYPE_TINY => "tinyint",
        T::MYSQL_TYPE_SHORT => "smallint",
        T::MYSQL_TYPE_INT24 => "mediumint",
        T::MYSQL_TYPE_LONG => "int",
        T::MYSQL_TYPE_LONGLONG => "bigint",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_YEAR => return "year".to_owned(),
        T::MYSQL_TYPE_BIT => return "bit".to_owned(),
        _ => return unnumbered_name(column).to_owned(),
    };
    if is_unsigned(column) {
        format!("{name} unsigned")
    } else {
        name.to_owned()
    }
}

fn unnumbered_name(column: &WireColumn) -> &'static str {
    use ColumnType as T;
    let is_binary = is_binary(column);
    match column.column_type() {
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_VECTOR => "vector",
        T::MYSQL_TYPE_NULL => "null",
        T::MYSQL_TYPE_ENUM => "enum",
        T::MYSQL_TYPE_SET => "set",
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING if is_binary => "varbinary",
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => "varchar",
        T::MYSQL_TYPE_STRING if column.flags().contains(ColumnFlags::ENUM_FLAG) => "enum",
        T::MYSQL_TYPE_STRING if column.flags().contains(ColumnFlags::SET_FLAG) => "set",
        T::MYSQL_TYPE_STRING if is_binary => "binary",
        T::MYSQL_TYPE_STRING => "char",
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => blob_name(column.column_length(), is_binary),
        _ => "",
    }
}

/// All sizes of BLOB and TEXT have one number in the protocol; their lengths tell them apart.
fn blob_name(length: u32, is_binary: bool) -> &'static str {
    const SIZES: [(u32, &str, &str); 3] = [
        (u8::MAX as u32, "tinyblob", "tinytext"),
        (u16::MAX as u32, "blob", "text"),
        ((1 << 24) - 1, "mediumblob", "mediumtext"),
    ];
    let character_bytes = if is_binary { 1 } else { CHARACTER_BYTES };
    let size = SIZES.iter().find(|(bytes, ..)| length <= bytes * character_bytes);
    match size {
        Some((_, blob, _)) if is_binary => blob,
        Some((_, _, text)) => text,
        None if is_binary => "longblob",
        None => "longtext",
    }
}
