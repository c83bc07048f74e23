//! Cells from the server's format into a result, without a value in between.
//!
//! Invariant: whatever the bytes, nothing panics; what does not fit its type is [`CellError::Malformed`].

use plexidb_core::{Bits, Date, Interval, RowSetBuilder, Time, TimeTz, Timestamp, ValueRef};

use super::message::{Fields, Malformed};
use super::types::{Kind, Scalar};

mod array;
mod numeric;
#[cfg(test)]
mod tests;

pub(super) use numeric::numeric_text;

/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
pub(super) const EPOCH_DAYS: i32 = 10_957;

/// Why a cell could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellError {
    Malformed,
    NotUtf8,
}

impl From<Malformed> for CellError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Appends a row's cells. The error names the column by its position.
pub(super) fn push_row(
    builder: &mut RowSetBuilder,
    kinds: &[Kind],
    body: &[u8],
) -> Result<(), (usize, CellError)> {
    let mut fields = Fields(body);
    if fields.u16().map(usize::from) != Ok(kinds.len()) {
        return Err((0, CellError::Malformed));
    }
    for (position, kind) in kinds.iter().enumerate() {
        let pushed = match fields.nullable() {
            Ok(Some(cell)) => push_cell(builder, *kind, cell),
            Ok(None) => {
                builder.push(ValueRef::Null);
                Ok(())
            }
            Err(Malformed) => Err(CellError::Malformed),
        };
        pushed.map_err(|error| (position, error))?;
    }
    Ok(())
}

fn push_cell(builder: &mut RowSetBuilder, kind: Kind, cell: &[u8]) -> Result<(), CellError> {
    match kind {
        Kind::Scalar(scalar) => {
            builder.push(decode(scalar, cell)?);
            Ok(())
        }
        Kind::Array(element) => array::push(builder, element, cell),
    }
}

/// A cell in the format that [`Kind::format`] asks for.
fn decode(scalar: Scalar, cell: &[u8]) -> Result<ValueRef<'_>, CellError> {
    Ok(match scalar {
        Scalar::Int8 => ValueRef::Int(i64::from_be_bytes(exact(cell)?)),
        Scalar::Int4 => ValueRef::Int(i32::from_be_bytes(exact(cell)?).into()),
        Scalar::Int2 => ValueRef::Int(i16::from_be_bytes(exact(cell)?).into()),
        Scalar::Oid => ValueRef::Int(u32::from_be_bytes(exact(cell)?).into()),
        Scalar::Text | Scalar::Char => ValueRef::Text(text(cell)?),
        Scalar::Bool => ValueRef::Bool(exact::<1>(cell)? != [0]),
        Scalar::Float4 => ValueRef::Real(f32::from_be_bytes(exact(cell)?)),
        Scalar::Float8 => ValueRef::Double(f64::from_be_bytes(exact(cell)?)),
        Scalar::Numeric => ValueRef::Decimal(text(cell)?),
        Scalar::Json | Scalar::Jsonb => ValueRef::Json(text(cell)?),
        Scalar::Bytes => ValueRef::Bytes(cell),
        Scalar::Date => ValueRef::Date(date(i32::from_be_bytes(exact(cell)?))?),
        Scalar::Time => ValueRef::Time(Time::from_micros(i64::from_be_bytes(exact(cell)?))),
        Scalar::TimeTz => ValueRef::TimeTz(time_tz(cell)?),
        Scalar::Timestamp => ValueRef::Timestamp(timestamp(cell)?),
        Scalar::TimestampTz => ValueRef::TimestampTz(timestamp(cell)?),
        Scalar::Interval => ValueRef::Interval(interval(cell)?),
        Scalar::Uuid => ValueRef::Uuid(exact(cell)?),
        Scalar::Bits => ValueRef::Bits(bits(cell)?),
        Scalar::Other => ValueRef::Other(text(cell)?),
    })
}

fn exact<const N: usize>(cell: &[u8]) -> Result<[u8; N], CellError> {
    cell.try_into().map_err(|_| CellError::Malformed)
}

fn text(cell: &[u8]) -> Result<&str, CellError> {
    std::str::from_utf8(cell).map_err(|_| CellError::NotUtf8)
}

/// The server's infinities are the extremes of its type, as they are of ours.
fn date(days: i32) -> Result<Date, CellError> {
    match days {
        i32::MAX => Ok(Date::INFINITY),
        i32::MIN => Ok(Date::NEG_INFINITY),
        days => days
            .checked_add(EPOCH_DAYS)
            .map(Date::from_unix_days)
            .ok_or(CellError::Malformed),
    }
}

fn timestamp(cell: &[u8]) -> Result<Timestamp, CellError> {
    Ok(Timestamp::from_micros_since_2000(i64::from_be_bytes(exact(
        cell,
    )?)))
}

fn time_tz(cell: &[u8]) -> Result<TimeTz, CellError> {
    let mut fields = Fields(cell);
    let time = Time::from_micros(fields.i64()?);
    // The server counts seconds west of UTC.
    let offset_seconds = fields.i32()?.checked_neg().ok_or(CellError::Malformed)?;
    ended(&fields)?;
    Ok(TimeTz { time, offset_seconds })
}

fn interval(cell: &[u8]) -> Result<Interval, CellError> {
    let mut fields = Fields(cell);
    let micros = fields.i64()?;
    let days = fields.i32()?;
    let months = fields.i32()?;
    ended(&fields)?;
    Ok(Interval { months, days, micros })
}

fn bits(cell: &[u8]) -> Result<Bits<'_>, CellError> {
    let mut fields = Fields(cell);
    let len = fields.u32()?;
    let bytes = fields.0;
    if len.div_ceil(8) as usize != bytes.len() {
        return Err(CellError::Malformed);
    }
    Ok(Bits { len, bytes })
}

fn ended(fields: &Fields<'_>) -> Result<(), CellError> {
    if fields.0.is_empty() {
        Ok(())
    } else {
        Err(CellError::Malformed)
    }
}
