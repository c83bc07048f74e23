//! Arrays in the server's binary format.
//!
//! Invariant: the number of elements that a header announces is checked against the bytes before anything is allocated.

use std::borrow::Cow;

use plexidb_core::{Array, Dimension, RowSetBuilder, ValueRef};

use super::super::message::Fields;
use super::super::types::Scalar;
use super::{CellError, decode, ended, numeric_text, text};

/// PostgreSQL's own bound on dimensions (`MAXDIM`).
const DIMENSIONS_MAX: usize = 6;
/// The version before a jsonb value in binary.
const JSONB_VERSION: u8 = 1;

pub(super) fn push(builder: &mut RowSetBuilder, element: Scalar, cell: &[u8]) -> Result<(), CellError> {
    let mut fields = Fields(cell);
    let dimensions = dimensions(&mut fields)?;
    let count = count(&dimensions).filter(|count| *count <= fields.0.len() / 4);
    let count = count.ok_or(CellError::Malformed)?;
    let mut cells = Vec::with_capacity(count);
    for _ in 0..count {
        cells.push(fields.nullable()?);
    }
    ended(&fields)?;
    let array = match element {
        Scalar::Numeric | Scalar::Char => of_texts(&dimensions, element, &cells)?,
        element => {
            let values = cells.iter().map(|cell| match cell {
                Some(cell) => decode_element(element, cell),
                None => Ok(ValueRef::Null),
            });
            Array::with_dimensions(&dimensions, values.collect::<Result<Vec<_>, _>>()?)
        }
    };
    builder.push(ValueRef::Array(array.as_ref()));
    Ok(())
}

fn dimensions(fields: &mut Fields<'_>) -> Result<Vec<Dimension>, CellError> {
    let count = fields.u32()? as usize;
    if count > DIMENSIONS_MAX {
        return Err(CellError::Malformed);
    }
    // Whether there are NULLs, and the type of the elements, which the column's type has told.
    fields.bytes(8)?;
    (0..count)
        .map(|_| {
            let (len, lower_bound) = (fields.u32()?, fields.i32()?);
            // An empty array has no dimensions.
            if len == 0 {
                return Err(CellError::Malformed);
            }
            Ok(Dimension { len, lower_bound })
        })
        .collect()
}

fn count(dimensions: &[Dimension]) -> Option<usize> {
    if dimensions.is_empty() {
        return Some(0);
    }
    dimensions.iter().try_fold(1_usize, |count, dimension| {
        count.checked_mul(dimension.len as usize)
    })
}

/// An element, whose binary format differs from the text format of a lone cell for some types.
fn decode_element(element: Scalar, cell: &[u8]) -> Result<ValueRef<'_>, CellError> {
    match element {
        Scalar::Jsonb => match cell.split_first() {
            Some((&JSONB_VERSION, json)) => Ok(ValueRef::Json(text(json)?)),
            _ => Err(CellError::Malformed),
        },
        element => decode(element, cell),
    }
}

/// Elements whose text has to be made from their binary form.
fn of_texts(dimensions: &[Dimension], element: Scalar, cells: &[Option<&[u8]>]) -> Result<Array, CellError> {
    let texts = cells.iter().map(|cell| {
        cell.map(|cell| match element {
            Scalar::Numeric => numeric_text(cell).map(Cow::Owned),
            _ => char_text(cell),
        })
        .transpose()
    });
    let texts: Vec<Option<Cow<'_, str>>> = texts.collect::<Result<_, _>>()?;
    let values = texts.iter().map(|text| match text {
        Some(text) if element == Scalar::Numeric => ValueRef::Decimal(text),
        Some(text) => ValueRef::Text(text),
        None => ValueRef::Null,
    });
    Ok(Array::with_dimensions(dimensions, values))
}

/// The one-byte type's text form: nothing for zero, an octal escape beyond ASCII.
fn char_text(cell: &[u8]) -> Result<Cow<'_, str>, CellError> {
    match cell {
        [0] => Ok(Cow::Borrowed("")),
        [byte @ 0x80..=0xff] => Ok(Cow::Owned(format!("\\{byte:03o}"))),
        [_] => Ok(Cow::Borrowed(text(cell)?)),
        _ => Err(CellError::Malformed),
    }
}
