//! From the cells of a row to core's values, for both protocols.
//!
//! Invariant: a value that core's types cannot hold (a zero or partial date) arrives as its text, never changed.

use mysql_async::Value as Wire;
use plexidb_core::{Bits, Date, Time, Timestamp, ValueRef};

use super::columns::Cell;

#[cfg(test)]
mod tests;
mod text;

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;

/// Why a cell could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Text that is not UTF-8.
    Encoding,
    /// Content that does not belong to the column's type.
    Content,
}

/// Reads one cell and gives it to `push`. The text protocol sends all cells as bytes, the binary one only some.
pub(super) fn decode(cell: Cell, value: &Wire, push: impl FnOnce(ValueRef<'_>)) -> Result<(), Malformed> {
    match *value {
        Wire::NULL => push(ValueRef::Null),
        Wire::Bytes(ref bytes) => return of_bytes(cell, bytes, push),
        Wire::Int(value) => push(integer(cell, value)?),
        Wire::UInt(value) => push(ValueRef::UInt(value)),
        Wire::Float(value) => push(ValueRef::Real(value)),
        Wire::Double(value) => push(ValueRef::Double(value)),
        Wire::Date(year, month, day, hour, minute, second, micro) => {
            push_moment(
                cell,
                Moment {
                    date: (year, month, day),
                    clock: (hour, minute, second, micro),
                },
                push,
            );
        }
        Wire::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let hours = i64::from(days) * 24 + i64::from(hours);
            let micros = clock_micros(hours, minutes, seconds, micros);
            push(ValueRef::Time(Time::from_micros(if is_negative {
                -micros
            } else {
                micros
            })));
        }
    }
    Ok(())
}

/// The library gives an unsigned integer that fits as a signed one.
fn integer<'a>(cell: Cell, value: i64) -> Result<ValueRef<'a>, Malformed> {
    match cell {
        Cell::UInt => u64::try_from(value)
            .map(ValueRef::UInt)
            .map_err(|_| Malformed::Content),
        _ => Ok(ValueRef::Int(value)),
    }
}

fn of_bytes(cell: Cell, bytes: &[u8], push: impl FnOnce(ValueRef<'_>)) -> Result<(), Malformed> {
    match cell {
        Cell::Bytes => push(ValueRef::Bytes(bytes)),
        Cell::Bits(len) => {
            let (bits, bytes) = bit_string(len, bytes)?;
            push(ValueRef::Bits(Bits {
                len,
                bytes: &bits[..bytes],
            }));
        }
        Cell::Text => push(ValueRef::Text(utf8(bytes)?)),
        Cell::Json => push(ValueRef::Json(utf8(bytes)?)),
        Cell::Decimal => push(ValueRef::Decimal(utf8(bytes)?)),
        Cell::Other => match std::str::from_utf8(bytes) {
            Ok(text) => push(ValueRef::Other(text)),
            Err(_) => push(ValueRef::Bytes(bytes)),
        },
        Cell::Int | Cell::UInt | Cell::Real | Cell::Double | Cell::Time => {
            push(text::number_or_time(cell, utf8(bytes)?).ok_or(Malformed::Content)?);
        }
        Cell::Date | Cell::Timestamp | Cell::TimestampTz => {
            let moment = text::moment(utf8(bytes)?).ok_or(Malformed::Content)?;
            push_moment(cell, moment, push);
        }
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::Encoding)
}

/// MySQL sends a bit string as a big-endian number; core wants the first bit first. At most 64 bits.
fn bit_string(len: u32, number: &[u8]) -> Result<([u8; 8], usize), Malformed> {
    if len == 0 || len > u64::BITS || number.len() > 8 {
        return Err(Malformed::Content);
    }
    let number = number
        .iter()
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    let bits = number << (u64::BITS - len);
    Ok((bits.to_be_bytes(), len.div_ceil(8) as usize))
}

/// A date and time as the server sent it, which need not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    date: (u16, u8, u8),
    clock: (u8, u8, u8, u32),
}

fn clock_micros(hours: i64, minutes: u8, seconds: u8, micros: u32) -> i64 {
    let seconds = (hours * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
    seconds * MICROS_PER_SECOND + i64::from(micros)
}

fn push_moment(cell: Cell, moment: Moment, push: impl FnOnce(ValueRef<'_>)) {
    match existing(cell, moment) {
        Some(value) => push(value),
        None => push(ValueRef::Other(&spelled(cell, moment))),
    }
}

/// The value, or `None` for dates that are no dates: MySQL allows zero for the year, the month and the day.
fn existing(cell: Cell, moment: Moment) -> Option<ValueRef<'static>> {
    let (year, month, day) = moment.date;
    if year == 0 {
        return None;
    }
    let date = Date::from_ymd(year.into(), month, day)?;
    if cell == Cell::Date {
        return Some(ValueRef::Date(date));
    }
    let (hour, minute, second, micro) = moment.clock;
    let time = Time::from_micros(clock_micros(hour.into(), minute, second, micro));
    let timestamp = Timestamp::from_parts(date, time)?;
    Some(match cell {
        Cell::TimestampTz => ValueRef::TimestampTz(timestamp),
        _ => ValueRef::Timestamp(timestamp),
    })
}

fn spelled(cell: Cell, moment: Moment) -> String {
    let (year, month, day) = moment.date;
    let date = format!("{year:04}-{month:02}-{day:02}");
    if cell == Cell::Date {
        return date;
    }
    let (hour, minute, second, micro) = moment.clock;
    let clock = format!("{date} {hour:02}:{minute:02}:{second:02}");
    if micro == 0 {
        clock
    } else {
        format!("{clock}.{micro:06}")
    }
}
