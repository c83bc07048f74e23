//! Parameters in the form that the type which the server inferred takes: binary where that is natural, else text.
//!
//! Invariant: a value whose kind cannot become the type is refused before anything is sent; whether the text of a value
//! is well formed for its type is the server's to say.

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};
use plexidb_core::{DriverError, ValueRef};

use super::decode::EPOCH_DAYS;
use super::statement::{Parameter, Statement};
use super::types::{Kind, Scalar, TypeRegistry, oid};

mod scalar;
#[cfg(test)]
mod tests;

/// Formats of the protocol.
const TEXT: i16 = 0;
const BINARY: i16 = 1;
/// The protocol's lengths are signed.
const MESSAGE_BYTES_MAX: usize = i32::MAX as usize;

/// Why a value cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rejection {
    /// Its kind does not fit.
    Kind,
    Reason(String),
}

/// Appends a Bind message for the unnamed portal. Where it fails, the buffer holds what it held before.
pub(super) fn bind(
    outbound: &mut BytesMut,
    statement: &Statement,
    params: &[ValueRef<'_>],
    types: &TypeRegistry,
    wants_rows: bool,
) -> Result<(), DriverError> {
    let expected = statement.parameters.len();
    if params.len() != expected {
        return Err(DriverError::ParameterCount {
            expected,
            given: params.len(),
        });
    }
    let start = outbound.len();
    let written = write_bind(outbound, statement, params, wants_rows);
    written.map_err(|(position, rejection)| {
        outbound.truncate(start);
        let expected = types.get_or_unknown(statement.parameters[position].oid).name;
        DriverError::ParameterType {
            position: position + 1,
            expected,
            given: params[position].type_name(),
            reason: match rejection {
                Rejection::Kind => None,
                Rejection::Reason(reason) => Some(reason),
            },
        }
    })
}

fn write_bind(
    outbound: &mut BytesMut,
    statement: &Statement,
    params: &[ValueRef<'_>],
    wants_rows: bool,
) -> Result<(), (usize, Rejection)> {
    outbound.put_u8(b'B');
    let start = outbound.len();
    outbound.put_i32(0);
    // The unnamed portal.
    outbound.put_u8(0);
    outbound.put_slice(statement.name.as_bytes());
    outbound.put_u8(0);
    // Statements with more than 65,535 parameters are refused by the server when they are prepared.
    let count = params.len() as u16;
    outbound.put_u16(count);
    let mut format_at = outbound.len();
    outbound.put_bytes(0, params.len() * 2);
    outbound.put_u16(count);
    for (position, (parameter, value)) in statement.parameters.iter().zip(params).enumerate() {
        let length_at = outbound.len();
        outbound.put_i32(-1);
        if *value != ValueRef::Null {
            let format =
                write_value(outbound, *parameter, *value).map_err(|rejection| (position, rejection))?;
            outbound[format_at..format_at + 2].copy_from_slice(&format.to_be_bytes());
            let len = outbound.len() - length_at - 4;
            if outbound.len() - start > MESSAGE_BYTES_MAX {
                let reason = "all parameters together are larger than 2 GiB".to_owned();
                return Err((position, Rejection::Reason(reason)));
            }
            outbound[length_at..length_at + 4].copy_from_slice(&(len as i32).to_be_bytes());
        }
        format_at += 2;
    }
    if wants_rows {
        outbound.put_slice(&statement.result_formats);
    } else {
        // All in text, which the server then skips to make for statements without rows.
        outbound.put_u16(0);
    }
    let len = (outbound.len() - start) as i32;
    outbound[start..start + 4].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

/// Appends a value that is not NULL and tells its format.
fn write_value(outbound: &mut BytesMut, parameter: Parameter, value: ValueRef<'_>) -> Result<i16, Rejection> {
    match parameter.kind {
        Some(Kind::Scalar(scalar)) => scalar::write(outbound, parameter.oid, scalar, value),
        Some(Kind::Array(_)) => match value {
            ValueRef::Array(_) | ValueRef::Text(_) | ValueRef::Other(_) => write_text(outbound, value),
            _ => Err(Rejection::Kind),
        },
        // An enum, a domain, a composite: the server reads each from text.
        None => write_text(outbound, value),
    }
}

/// Appends a value's text form.
fn write_text(outbound: &mut BytesMut, value: ValueRef<'_>) -> Result<i16, Rejection> {
    let start = outbound.len();
    match value {
        ValueRef::Text(text) | ValueRef::Decimal(text) | ValueRef::Json(text) | ValueRef::Other(text) => {
            outbound.put_slice(text.as_bytes());
        }
        // Writing to a buffer that grows cannot fail.
        value => drop(write!(outbound, "{value}")),
    }
    if outbound[start..].contains(&0) {
        let reason = "PostgreSQL's text holds no NUL character; send it as bytes".to_owned();
        return Err(Rejection::Reason(reason));
    }
    Ok(TEXT)
}
