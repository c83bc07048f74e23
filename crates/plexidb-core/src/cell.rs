//! The flat encoding of one value: a type byte, then its content, little-endian.
//!
//! Invariant: equal values have equal encodings, and values of different types never do, so that encoded
//! parameters serve as part of a cache key. Decoding trusts nothing: malformed bytes are an error.

use crate::array::ArrayRef;
use crate::temporal::{Date, Interval, Time, TimeTz, Timestamp};
use crate::value::{Bits, ValueRef};

#[cfg(test)]
mod tests;

/// Bytes that are not the encoding of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed cell: unknown type, truncated content or text that is not UTF-8")]
pub struct MalformedCell;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const UINT: u8 = 4;
const REAL: u8 = 5;
const DOUBLE: u8 = 6;
const DECIMAL: u8 = 7;
const TEXT: u8 = 8;
const BYTES: u8 = 9;
const DATE: u8 = 10;
const TIME: u8 = 11;
const TIME_TZ: u8 = 12;
const TIMESTAMP: u8 = 13;
const TIMESTAMP_TZ: u8 = 14;
const INTERVAL: u8 = 15;
const UUID: u8 = 16;
const JSON: u8 = 17;
const BITS: u8 = 18;
const ARRAY: u8 = 19;
const OTHER: u8 = 20;

/// Where encoded cells are appended: a growing buffer on the heap or on the stack.
pub trait CellSink {
    /// Makes room for this many bytes.
    fn reserve(&mut self, bytes: usize);
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl CellSink for Vec<u8> {
    fn reserve(&mut self, bytes: usize) {
        Self::reserve(self, bytes);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl ValueRef<'_> {
    /// Appends the flat encoding; its length is not part of it.
    pub fn encode(self, out: &mut impl CellSink) {
        match self {
            Self::Null => out.put(&[NULL]),
            Self::Bool(value) => out.put(&[if value { TRUE } else { FALSE }]),
            Self::Int(value) => fixed(out, INT, &value.to_le_bytes()),
            Self::UInt(value) => fixed(out, UINT, &value.to_le_bytes()),
            Self::Real(value) => fixed(out, REAL, &value.to_le_bytes()),
            Self::Double(value) => fixed(out, DOUBLE, &value.to_le_bytes()),
            Self::Decimal(text) => fixed(out, DECIMAL, text.as_bytes()),
            Self::Text(text) => fixed(out, TEXT, text.as_bytes()),
            Self::Bytes(bytes) => fixed(out, BYTES, bytes),
            Self::Date(date) => fixed(out, DATE, &date.unix_days().to_le_bytes()),
            Self::Time(time) => fixed(out, TIME, &time.micros().to_le_bytes()),
            Self::TimeTz(zoned) => {
                fixed(out, TIME_TZ, &zoned.time.micros().to_le_bytes());
                out.put(&zoned.offset_seconds.to_le_bytes());
            }
            Self::Timestamp(at) => fixed(out, TIMESTAMP, &at.micros_since_2000().to_le_bytes()),
            Self::TimestampTz(at) => fixed(out, TIMESTAMP_TZ, &at.micros_since_2000().to_le_bytes()),
            Self::Interval(interval) => {
                fixed(out, INTERVAL, &interval.months.to_le_bytes());
                out.put(&interval.days.to_le_bytes());
                out.put(&interval.micros.to_le_bytes());
            }
            Self::Uuid(uuid) => fixed(out, UUID, &uuid),
            Self::Json(text) => fixed(out, JSON, text.as_bytes()),
            Self::Bits(bits) => {
                fixed(out, BITS, &bits.len.to_le_bytes());
                out.put(bits.bytes);
            }
            Self::Array(array) => fixed(out, ARRAY, array.encoded()),
            Self::Other(text) => fixed(out, OTHER, text.as_bytes()),
        }
    }
}

fn fixed(out: &mut impl CellSink, kind: u8, content: &[u8]) {
    out.reserve(1 + content.len());
    out.put(&[kind]);
    out.put(content);
}

impl<'a> ValueRef<'a> {
    /// Decodes what [`encode`](Self::encode) has written.
    ///
    /// # Errors
    ///
    /// [`MalformedCell`] where the bytes are anything else.
    pub fn decode(cell: &'a [u8]) -> Result<Self, MalformedCell> {
        let (&kind, content) = cell.split_first().ok_or(MalformedCell)?;
        Ok(match kind {
            NULL => Self::Null,
            FALSE => Self::Bool(false),
            TRUE => Self::Bool(true),
            INT => Self::Int(i64::from_le_bytes(array(content)?)),
            UINT => Self::UInt(u64::from_le_bytes(array(content)?)),
            REAL => Self::Real(f32::from_le_bytes(array(content)?)),
            DOUBLE => Self::Double(f64::from_le_bytes(array(content)?)),
            DECIMAL => Self::Decimal(text(content)?),
            TEXT => Self::Text(text(content)?),
            BYTES => Self::Bytes(content),
            DATE => Self::Date(Date::from_unix_days(i32::from_le_bytes(array(content)?))),
            TIME => Self::Time(Time::from_micros(i64::from_le_bytes(array(content)?))),
            TIME_TZ => {
                let (micros, offset) = content.split_at_checked(8).ok_or(MalformedCell)?;
                Self::TimeTz(TimeTz {
                    time: Time::from_micros(i64::from_le_bytes(array(micros)?)),
                    offset_seconds: i32::from_le_bytes(array(offset)?),
                })
            }
            TIMESTAMP => Self::Timestamp(timestamp(content)?),
            TIMESTAMP_TZ => Self::TimestampTz(timestamp(content)?),
            INTERVAL => Self::Interval(interval(content)?),
            UUID => Self::Uuid(array(content)?),
            JSON => Self::Json(text(content)?),
            BITS => Self::Bits(bits(content)?),
            ARRAY => Self::Array(ArrayRef::from_encoded(content)),
            OTHER => Self::Other(text(content)?),
            _ => return Err(MalformedCell),
        })
    }
}

fn array<const N: usize>(content: &[u8]) -> Result<[u8; N], MalformedCell> {
    content.try_into().map_err(|_| MalformedCell)
}

fn text(content: &[u8]) -> Result<&str, MalformedCell> {
    std::str::from_utf8(content).map_err(|_| MalformedCell)
}

fn timestamp(content: &[u8]) -> Result<Timestamp, MalformedCell> {
    Ok(Timestamp::from_micros_since_2000(i64::from_le_bytes(array(
        content,
    )?)))
}

fn interval(content: &[u8]) -> Result<Interval, MalformedCell> {
    let (months, rest) = content.split_at_checked(4).ok_or(MalformedCell)?;
    let (days, micros) = rest.split_at_checked(4).ok_or(MalformedCell)?;
    Ok(Interval {
        months: i32::from_le_bytes(array(months)?),
        days: i32::from_le_bytes(array(days)?),
        micros: i64::from_le_bytes(array(micros)?),
    })
}

fn bits(content: &[u8]) -> Result<Bits<'_>, MalformedCell> {
    let (len, bytes) = content.split_at_checked(4).ok_or(MalformedCell)?;
    let len = u32::from_le_bytes(array(len)?);
    if len.div_ceil(8) as usize != bytes.len() {
        return Err(MalformedCell);
    }
    Ok(Bits { len, bytes })
}
