//! One value of a row or a parameter, owned or borrowed.

use std::fmt;

use crate::array::{Array, ArrayRef};
use crate::temporal::{Date, Interval, Time, TimeTz, Timestamp};

#[cfg(test)]
mod tests;

/// A borrowed value: what a cell of a row holds, and what a statement is given as a parameter.
///
/// Equality is by type and content, so `Int(1)` is not `Text("1")`: cache keys rely on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// SQL NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An integer of an unsigned column (MySQL/MariaDB).
    UInt(u64),
    /// A 32-bit float.
    Real(f32),
    /// A 64-bit float.
    Double(f64),
    /// An exact number as the database writes it, of any precision (`NaN` and `Infinity` included).
    Decimal(&'a str),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A date.
    Date(Date),
    /// A time of day or signed duration.
    Time(Time),
    /// A time of day with its offset.
    TimeTz(TimeTz),
    /// A local date and time.
    Timestamp(Timestamp),
    /// An instant, in UTC.
    TimestampTz(Timestamp),
    /// A span of months, days and microseconds.
    Interval(Interval),
    /// A UUID, in network byte order.
    Uuid([u8; 16]),
    /// JSON as its text.
    Json(&'a str),
    /// A bit string.
    Bits(Bits<'a>),
    /// An array (PostgreSQL).
    Array(ArrayRef<'a>),
    /// A value of a type without a mapping, in the database's text form; its column tells the type's name.
    Other(&'a str),
}

/// A bit string: its length in bits and its bits, first bit first, zero padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<'a> {
    /// Number of bits, at most eight times the bytes.
    pub len: u32,
    /// The bits, eight a byte, most significant first.
    pub bytes: &'a [u8],
}

impl fmt::Display for Bits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..self.len as usize {
            let bit = self
                .bytes
                .get(index / 8)
                .map_or(0, |byte| byte >> (7 - index % 8) & 1);
            f.write_str(if bit == 1 { "1" } else { "0" })?;
        }
        Ok(())
    }
}

/// An owned value; see [`ValueRef`] for the variants.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "each variant is the owned form of ValueRef's of the same name"
)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Real(f32),
    Double(f64),
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Date(Date),
    Time(Time),
    TimeTz(TimeTz),
    Timestamp(Timestamp),
    TimestampTz(Timestamp),
    Interval(Interval),
    Uuid([u8; 16]),
    Json(String),
    Bits { len: u32, bytes: Vec<u8> },
    Array(Array),
    Other(String),
}

impl Value {
    /// Borrows the value.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Double(value) => ValueRef::Double(*value),
            Self::Decimal(text) => ValueRef::Decimal(text),
            Self::Text(text) => ValueRef::Text(text),
            Self::Bytes(bytes) => ValueRef::Bytes(bytes),
            Self::Date(date) => ValueRef::Date(*date),
            Self::Time(time) => ValueRef::Time(*time),
            Self::TimeTz(time) => ValueRef::TimeTz(*time),
            Self::Timestamp(timestamp) => ValueRef::Timestamp(*timestamp),
            Self::TimestampTz(timestamp) => ValueRef::TimestampTz(*timestamp),
            Self::Interval(interval) => ValueRef::Interval(*interval),
            Self::Uuid(uuid) => ValueRef::Uuid(*uuid),
            Self::Json(text) => ValueRef::Json(text),
            Self::Bits { len, bytes } => ValueRef::Bits(Bits { len: *len, bytes }),
            Self::Array(array) => ValueRef::Array(array.as_ref()),
            Self::Other(text) => ValueRef::Other(text),
        }
    }
}

impl ValueRef<'_> {
    /// Copies the value.
    #[must_use]
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Real(value) => Value::Real(value),
            Self::Double(value) => Value::Double(value),
            Self::Decimal(text) => Value::Decimal(text.to_owned()),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Date(date) => Value::Date(date),
            Self::Time(time) => Value::Time(time),
            Self::TimeTz(time) => Value::TimeTz(time),
            Self::Timestamp(timestamp) => Value::Timestamp(timestamp),
            Self::TimestampTz(timestamp) => Value::TimestampTz(timestamp),
            Self::Interval(interval) => Value::Interval(interval),
            Self::Uuid(uuid) => Value::Uuid(uuid),
            Self::Json(text) => Value::Json(text.to_owned()),
            Self::Bits(bits) => Value::Bits {
                len: bits.len,
                bytes: bits.bytes.to_vec(),
            },
            Self::Array(array) => Value::Array(array.to_owned()),
            Self::Other(text) => Value::Other(text.to_owned()),
        }
    }

    /// The name of the variant, for messages: `integer`, `text`, `timestamp with time zone`.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::UInt(_) => "unsigned integer",
            Self::Real(_) => "real",
            Self::Double(_) => "double",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::TimeTz(_) => "time with time zone",
            Self::Timestamp(_) => "timestamp",
            Self::TimestampTz(_) => "timestamp with time zone",
            Self::Interval(_) => "interval",
            Self::Uuid(_) => "uuid",
            Self::Json(_) => "json",
            Self::Bits(_) => "bit string",
            Self::Array(_) => "array",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    /// The form that PostgreSQL's `psql` prints; NULL is `NULL`, bytes are `\x` and hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::UInt(value) => write!(f, "{value}"),
            Self::Real(value) => write_float(f, f64::from(value), &value),
            Self::Double(value) => write_float(f, value, &value),
            Self::Decimal(text) | Self::Text(text) | Self::Json(text) | Self::Other(text) => {
                f.write_str(text)
            }
            Self::Bytes(bytes) => {
                f.write_str("\\x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Date(date) => write!(f, "{date}"),
            Self::Time(time) => write!(f, "{time}"),
            Self::TimeTz(time) => write!(f, "{time}"),
            Self::Timestamp(timestamp) => write!(f, "{timestamp}"),
            Self::TimestampTz(timestamp) => write_instant(f, timestamp),
            Self::Interval(interval) => write!(f, "{interval}"),
            Self::Uuid(uuid) => write_uuid(f, uuid),
            Self::Bits(bits) => write!(f, "{bits}"),
            Self::Array(array) => write!(f, "{array}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// Writes the shortest form that reads back as the same float; the special values as PostgreSQL does.
fn write_float(f: &mut fmt::Formatter<'_>, wide: f64, shortest: &dyn fmt::Debug) -> fmt::Result {
    if wide.is_nan() {
        f.write_str("NaN")
    } else if wide.is_infinite() {
        f.write_str(if wide > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        let text = format!("{shortest:?}");
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}

fn write_instant(f: &mut fmt::Formatter<'_>, instant: Timestamp) -> fmt::Result {
    let text = instant.to_string();
    match text.strip_suffix(" BC") {
        Some(text) => write!(f, "{text}+00 BC"),
        None if instant.is_finite() => write!(f, "{text}+00"),
        None => f.write_str(&text),
    }
}

fn write_uuid(f: &mut fmt::Formatter<'_>, uuid: [u8; 16]) -> fmt::Result {
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}
