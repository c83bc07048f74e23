//! Which values a scalar type takes, and in which form.
//!
//! Invariant: a number is never changed silently: what does not fit the type is refused.

use super::*;

/// Appends a value for a type that has a mapping.
pub(super) fn write(
    outbound: &mut BytesMut,
    type_oid: u32,
    scalar: Scalar,
    value: ValueRef<'_>,
) -> Result<i16, Rejection> {
    // The text of any value may come from the application or from another column.
    if matches!(value, ValueRef::Text(_) | ValueRef::Other(_)) {
        return write_text(outbound, value);
    }
    match scalar {
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid => integer(outbound, scalar, value),
        Scalar::Float4 | Scalar::Float8 => float(outbound, scalar, value),
        Scalar::Numeric => match value {
            ValueRef::Int(_)
            | ValueRef::UInt(_)
            | ValueRef::Real(_)
            | ValueRef::Double(_)
            | ValueRef::Decimal(_) => write_text(outbound, value),
            _ => Err(Rejection::Kind),
        },
        Scalar::Text | Scalar::Char => match value {
            ValueRef::Bytes(_) => Err(Rejection::Kind),
            value => write_text(outbound, value),
        },
        Scalar::Json | Scalar::Jsonb => match value {
            ValueRef::Json(_) => write_text(outbound, value),
            _ => Err(Rejection::Kind),
        },
        Scalar::Bool => match value {
            ValueRef::Bool(value) => binary(outbound, &[u8::from(value)]),
            _ => Err(Rejection::Kind),
        },
        Scalar::Bytes => match value {
            ValueRef::Bytes(bytes) => binary(outbound, bytes),
            _ => Err(Rejection::Kind),
        },
        Scalar::Uuid => match value {
            ValueRef::Uuid(uuid) => binary(outbound, &uuid),
            _ => Err(Rejection::Kind),
        },
        Scalar::Bits => match value {
            ValueRef::Bits(_) => write_text(outbound, value),
            _ => Err(Rejection::Kind),
        },
        _ => temporal(outbound, type_oid, value),
    }
}

fn binary(outbound: &mut BytesMut, bytes: &[u8]) -> Result<i16, Rejection> {
    outbound.put_slice(bytes);
    Ok(BINARY)
}

fn integer(outbound: &mut BytesMut, scalar: Scalar, value: ValueRef<'_>) -> Result<i16, Rejection> {
    let number = match value {
        ValueRef::Int(number) => i128::from(number),
        ValueRef::UInt(number) => i128::from(number),
        ValueRef::Decimal(_) => return write_text(outbound, value),
        _ => return Err(Rejection::Kind),
    };
    let range =
        |min: i128, max: i128| Rejection::Reason(format!("{number} is outside its range of {min} to {max}"));
    match scalar {
        Scalar::Int2 => {
            let fitting = i16::try_from(number).map_err(|_| range(i16::MIN.into(), i16::MAX.into()));
            binary(outbound, &fitting?.to_be_bytes())
        }
        Scalar::Int4 => {
            let fitting = i32::try_from(number).map_err(|_| range(i32::MIN.into(), i32::MAX.into()));
            binary(outbound, &fitting?.to_be_bytes())
        }
        Scalar::Oid => {
            let fitting = u32::try_from(number).map_err(|_| range(0, u32::MAX.into()));
            binary(outbound, &fitting?.to_be_bytes())
        }
        _ => {
            let fitting = i64::try_from(number).map_err(|_| range(i64::MIN.into(), i64::MAX.into()));
            binary(outbound, &fitting?.to_be_bytes())
        }
    }
}

fn float(outbound: &mut BytesMut, scalar: Scalar, value: ValueRef<'_>) -> Result<i16, Rejection> {
    match (scalar, value) {
        (Scalar::Float8, ValueRef::Double(number)) => binary(outbound, &number.to_be_bytes()),
        (Scalar::Float8, ValueRef::Real(number)) => binary(outbound, &f64::from(number).to_be_bytes()),
        (Scalar::Float4, ValueRef::Real(number)) => binary(outbound, &number.to_be_bytes()),
        (Scalar::Float4, ValueRef::Double(number)) => {
            let narrow = number as f32;
            if narrow.is_infinite() && number.is_finite() {
                return Err(Rejection::Reason(format!("{number} is beyond its range")));
            }
            binary(outbound, &narrow.to_be_bytes())
        }
        // The server rounds to the nearest float, as it does for a literal.
        (_, ValueRef::Int(_) | ValueRef::UInt(_) | ValueRef::Decimal(_)) => write_text(outbound, value),
        _ => Err(Rejection::Kind),
    }
}

fn temporal(outbound: &mut BytesMut, type_oid: u32, value: ValueRef<'_>) -> Result<i16, Rejection> {
    match (type_oid, value) {
        (oid::DATE, ValueRef::Date(date)) => {
            let days = match date.is_finite() {
                true => date.unix_days().checked_sub(EPOCH_DAYS),
                false => Some(date.unix_days()),
            };
            match days {
                Some(days) => binary(outbound, &days.to_be_bytes()),
                None => Err(Rejection::Reason(format!("{date} is beyond its range"))),
            }
        }
        (oid::TIMESTAMP, ValueRef::Timestamp(at)) | (oid::TIMESTAMPTZ, ValueRef::TimestampTz(at)) => {
            binary(outbound, &at.micros_since_2000().to_be_bytes())
        }
        (oid::INTERVAL, ValueRef::Interval(interval)) => {
            outbound.put_i64(interval.micros);
            outbound.put_i32(interval.days);
            outbound.put_i32(interval.months);
            Ok(BINARY)
        }
        // In text the server checks the range of a time, and completes what the type lacks: midnight, the session's zone.
        (oid::TIME | oid::TIMETZ | oid::INTERVAL, ValueRef::Time(_))
        | (oid::TIMETZ, ValueRef::TimeTz(_))
        | (oid::TIMESTAMP | oid::TIMESTAMPTZ, ValueRef::Date(_))
        | (oid::TIMESTAMPTZ, ValueRef::Timestamp(_)) => write_text(outbound, value),
        (oid::TIMESTAMP, ValueRef::TimestampTz(_)) => Err(Rejection::Reason(
            "an instant has no local time without a zone: send a local timestamp, or write $n::timestamptz"
                .to_owned(),
        )),
        _ => Err(Rejection::Kind),
    }
}
