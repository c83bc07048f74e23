//! From core's values to what the binary protocol sends.
//!
//! Invariant: a value that MySQL cannot hold is refused here, before anything is sent, and is never rounded or cut.

use std::fmt::Write as _;

use mysql_async::{Params, Value as Wire};
use plexidb_core::{Bits, Date, DriverError, Time, Timestamp, ValueRef};

use super::decode::MICROS_PER_SECOND;

#[cfg(test)]
mod tests;

const SECONDS_PER_HOUR: i64 = 3_600;
/// The longest TIME, 838:59:59.999999, in microseconds.
const TIME_MICROS_MAX: i64 = 839 * SECONDS_PER_HOUR * MICROS_PER_SECOND - 1;

/// The parameters of a statement with `expected` placeholders, on a connection that takes packets of so many bytes.
pub(super) fn encode(
    values: &[ValueRef<'_>],
    expected: usize,
    packet_bytes_max: usize,
) -> Result<Params, DriverError> {
    if values.len() != expected {
        return Err(DriverError::ParameterCount {
            expected,
            given: values.len(),
        });
    }
    if values.is_empty() {
        return Ok(Params::Empty);
    }
    let mut encoded = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        encoded.push(encode_one(*value).map_err(|refusal| refused(values, index, refusal))?);
    }
    check_size(&encoded, packet_bytes_max)
        .map_err(|Oversize { index, reason }| refused(values, index, refusal(SIZE, &reason)))?;
    Ok(Params::Positional(encoded))
}

fn refused(values: &[ValueRef<'_>], index: usize, refusal: Refusal) -> DriverError {
    DriverError::ParameterType {
        position: index + 1,
        expected: refusal.expected.to_owned(),
        given: values[index].type_name(),
        reason: Some(refusal.reason),
    }
}

struct Refusal {
    expected: &'static str,
    reason: String,
}

fn refusal(expected: &'static str, reason: &str) -> Refusal {
    Refusal {
        expected,
        reason: reason.to_owned(),
    }
}

const SIZE: &str = "a parameter of this server";
/// The longest payload that the protocol does not split; beyond it the library sends byte strings ahead, one by one.
const PAYLOAD_BYTES_MAX: usize = (1 << 24) - 1;
/// What a row of parameters takes besides its values, and what a byte string takes that is sent ahead, at most.
const OVERHEAD_BYTES: usize = 16;
/// The type of a parameter and its share of the bits for NULL, at most.
const TYPE_BYTES: usize = 3;

struct Oversize {
    /// The largest value.
    index: usize,
    reason: String,
}

/// The server ends a connection that sends more than it takes, so that is refused before.
fn check_size(encoded: &[Wire], packet_bytes_max: usize) -> Result<(), Oversize> {
    let (mut together, mut largest) = (OVERHEAD_BYTES, (0, 0));
    for (index, wire) in encoded.iter().enumerate() {
        let bytes = wire.bin_len() as usize;
        together += bytes + TYPE_BYTES;
        if bytes > largest.1 {
            largest = (index, bytes);
        }
    }
    let sent_at_once = if together <= PAYLOAD_BYTES_MAX {
        together
    } else {
        largest.1 + OVERHEAD_BYTES
    };
    if sent_at_once <= packet_bytes_max {
        return Ok(());
    }
    Err(Oversize {
        index: largest.0,
        reason: format!(
            "{sent_at_once} bytes, and the server's max_allowed_packet is {packet_bytes_max}; raise it or send less"
        ),
    })
}

fn encode_one(value: ValueRef<'_>) -> Result<Wire, Refusal> {
    Ok(match value {
        ValueRef::Null => Wire::NULL,
        ValueRef::Bool(value) => Wire::Int(value.into()),
        ValueRef::Int(value) => Wire::Int(value),
        ValueRef::UInt(value) => Wire::UInt(value),
        ValueRef::Real(value) if value.is_finite() => Wire::Float(value),
        ValueRef::Double(value) if value.is_finite() => Wire::Double(value),
        ValueRef::Real(_) | ValueRef::Double(_) => {
            return Err(refusal("a float", "MySQL has neither NaN nor infinity"));
        }
        ValueRef::Decimal(text) if text.contains(['N', 'n']) => {
            return Err(refusal("a decimal", "MySQL has neither NaN nor infinity"));
        }
        ValueRef::Decimal(text) | ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Other(text) => {
            Wire::Bytes(text.as_bytes().to_vec())
        }
        ValueRef::Bytes(bytes) => Wire::Bytes(bytes.to_vec()),
        ValueRef::Date(date) => {
            let (year, month, day) = date_parts(date, "a date")?;
            Wire::Date(year, month, day, 0, 0, 0, 0)
        }
        ValueRef::Timestamp(at) => moment(at, "a datetime")?,
        ValueRef::TimestampTz(at) => moment(at, "a timestamp")?,
        ValueRef::Time(time) => clock(time)?,
        ValueRef::Uuid(_) => Wire::Bytes(spelled(value).into_bytes()),
        ValueRef::Bits(bits) => Wire::UInt(bit_number(bits)?),
        ValueRef::TimeTz(_) => return Err(refusal("a time", "MySQL's times have no offset")),
        ValueRef::Interval(_) => return Err(refusal("a parameter", "MySQL has no interval type")),
        ValueRef::Array(_) => return Err(refusal("a parameter", "MySQL has no arrays; send JSON")),
    })
}

fn spelled(value: ValueRef<'_>) -> String {
    let mut text = String::with_capacity(36);
    // Writing to a String cannot fail.
    let _ = write!(text, "{value}");
    text
}

fn date_parts(date: Date, expected: &'static str) -> Result<(u16, u8, u8), Refusal> {
    let parts = date.ymd().and_then(|(year, month, day)| {
        let year = u16::try_from(year)
            .ok()
            .filter(|year| (1..=9999).contains(year))?;
        Some((year, month, day))
    });
    parts.ok_or_else(|| refusal(expected, "MySQL's dates run from the year 1 to 9999"))
}

fn moment(at: Timestamp, expected: &'static str) -> Result<Wire, Refusal> {
    let (date, time) = at
        .parts()
        .ok_or_else(|| refusal(expected, "MySQL has no infinite dates"))?;
    let (year, month, day) = date_parts(date, expected)?;
    let (hours, minutes, seconds, micros) = clock_parts(time.micros().unsigned_abs());
    Ok(Wire::Date(
        year,
        month,
        day,
        hours as u8,
        minutes,
        seconds,
        micros,
    ))
}

fn clock(time: Time) -> Result<Wire, Refusal> {
    let micros = time.micros();
    if micros.unsigned_abs() > TIME_MICROS_MAX.unsigned_abs() {
        return Err(refusal("a time", "MySQL's times end at ±838:59:59.999999"));
    }
    let (hours, minutes, seconds, fraction) = clock_parts(micros.unsigned_abs());
    let (days, hours) = (hours / 24, hours % 24);
    Ok(Wire::Time(
        micros < 0,
        days,
        hours as u8,
        minutes,
        seconds,
        fraction,
    ))
}

/// Hours (at most 838), minutes, seconds and microseconds.
fn clock_parts(micros: u64) -> (u32, u8, u8, u32) {
    let seconds = micros / MICROS_PER_SECOND.unsigned_abs();
    (
        (seconds / 3_600) as u32,
        (seconds / 60 % 60) as u8,
        (seconds % 60) as u8,
        (micros % MICROS_PER_SECOND.unsigned_abs()) as u32,
    )
}

/// A bit string as a number: so it compares with BIT columns and is stored in them, which bytes only do the latter of.
fn bit_number(bits: Bits<'_>) -> Result<u64, Refusal> {
    let bytes = bits.len.div_ceil(8) as usize;
    let (true, Some(content)) = (bits.len <= u64::BITS, bits.bytes.get(..bytes)) else {
        return Err(refusal("a bit string", "MySQL's have at most 64 bits"));
    };
    let number = content
        .iter()
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    Ok(number >> (bytes as u32 * 8 - bits.len))
}
