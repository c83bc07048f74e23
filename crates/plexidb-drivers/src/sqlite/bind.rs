//! Parameters into SQLite's five storage classes, without silent loss.
//!
//! Text forms are ISO ones that SQLite's own date functions read. A column's affinity may still turn a number in
//! text form into a float: keep exact decimals in columns of type TEXT.

use plexidb_core::{DriverError, TimeTz, Timestamp, ValueRef};
use rusqlite::types::{ToSqlOutput, Value, ValueRef as Stored};
use rusqlite::{Error, Statement};

/// Binds all parameters by position.
pub(super) fn bind(statement: &mut Statement<'_>, params: &[ValueRef<'_>]) -> Result<(), Failure> {
    let expected = statement.parameter_count();
    if expected != params.len() {
        return Err(Failure::Refused(DriverError::ParameterCount {
            expected,
            given: params.len(),
        }));
    }
    for (index, value) in params.iter().enumerate() {
        let stored = store(*value, index + 1).map_err(Failure::Refused)?;
        statement
            .raw_bind_parameter(index + 1, stored)
            .map_err(Failure::Sqlite)?;
    }
    Ok(())
}

/// Why a parameter could not be bound.
pub(super) enum Failure {
    /// It has no counterpart in SQLite.
    Refused(DriverError),
    /// SQLite refused it.
    Sqlite(Error),
}

fn store(value: ValueRef<'_>, position: usize) -> Result<ToSqlOutput<'_>, DriverError> {
    let refuse = |expected: &str, reason: Option<String>| DriverError::ParameterType {
        position,
        expected: expected.into(),
        given: value.type_name(),
        reason,
    };
    let float = |number: f64| {
        if number.is_nan() {
            let reason = "SQLite would store NaN as NULL; send NULL or text".to_owned();
            return Err(refuse("REAL", Some(reason)));
        }
        Ok(ToSqlOutput::Borrowed(Stored::Real(number)))
    };
    Ok(match value {
        ValueRef::Null => ToSqlOutput::Borrowed(Stored::Null),
        ValueRef::Bool(value) => ToSqlOutput::Borrowed(Stored::Integer(value.into())),
        ValueRef::Int(value) => ToSqlOutput::Borrowed(Stored::Integer(value)),
        ValueRef::UInt(number) => match i64::try_from(number) {
            Ok(number) => ToSqlOutput::Borrowed(Stored::Integer(number)),
            Err(_) => {
                let reason = format!("{number} is beyond 64 signed bits; send it as text");
                return Err(refuse("INTEGER", Some(reason)));
            }
        },
        ValueRef::Real(number) => float(number.into())?,
        ValueRef::Double(number) => float(number)?,
        ValueRef::Decimal(text) | ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Other(text) => {
            ToSqlOutput::Borrowed(Stored::Text(text.as_bytes()))
        }
        ValueRef::Bytes(bytes) => ToSqlOutput::Borrowed(Stored::Blob(bytes)),
        ValueRef::Date(_)
        | ValueRef::Time(_)
        | ValueRef::Timestamp(_)
        | ValueRef::Interval(_)
        | ValueRef::Uuid(_) => ToSqlOutput::Owned(Value::Text(value.to_string())),
        ValueRef::TimeTz(zoned) => ToSqlOutput::Owned(Value::Text(zoned_time(zoned))),
        ValueRef::TimestampTz(instant) => ToSqlOutput::Owned(Value::Text(utc(instant))),
        ValueRef::Bits(_) | ValueRef::Array(_) => {
            let reason = "SQLite has no such type; send it as text, bytes or JSON".to_owned();
            return Err(refuse("INTEGER, REAL, TEXT or BLOB", Some(reason)));
        }
    })
}

/// `2024-02-29 12:30:00+00:00`.
fn utc(instant: Timestamp) -> String {
    let text = instant.to_string();
    match text.strip_suffix(" BC") {
        Some(text) => format!("{text}+00:00 BC"),
        None if instant.is_finite() => format!("{text}+00:00"),
        None => text,
    }
}

/// `12:30:00+02:00`: with minutes, which SQLite's date functions need.
fn zoned_time(zoned: TimeTz) -> String {
    let text = zoned.to_string();
    let has_minutes = text
        .rsplit_once(['+', '-'])
        .is_some_and(|(_, offset)| offset.contains(':'));
    if has_minutes { text } else { format!("{text}:00") }
}
