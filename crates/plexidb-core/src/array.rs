//! PostgreSQL arrays, flat: dimensions, then length-prefixed cells.
//!
//! Invariant: the bytes of an [`ArrayRef`] may come from anywhere; iteration ends at the first malformed element.

use std::fmt;

use crate::value::{Value, ValueRef};

#[cfg(test)]
mod tests;

/// PostgreSQL's own bound on the number of dimensions (`MAXDIM`).
const DIMENSIONS_MAX: usize = 6;
const DIMENSION_BYTES: usize = 8;

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Number of elements along this dimension.
    pub len: u32,
    /// Index of the first element; 1 unless the array was made otherwise.
    pub lower_bound: i32,
}

/// An owned array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array(Box<[u8]>);

/// A borrowed array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayRef<'a>(&'a [u8]);

impl Array {
    /// A one-dimensional array of these values.
    #[must_use]
    pub fn from_values(values: impl IntoIterator<Item = Value>) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        let len = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let dimensions = [Dimension { len, lower_bound: 1 }];
        let dimensions = if values.is_empty() {
            &[][..]
        } else {
            &dimensions[..]
        };
        Self::with_dimensions(dimensions, values.iter().map(Value::as_ref))
    }

    /// An array with these dimensions (at most 6; the rest is ignored) and elements, in row-major order.
    #[must_use]
    pub fn with_dimensions<'v>(
        dimensions: &[Dimension],
        elements: impl IntoIterator<Item = ValueRef<'v>>,
    ) -> Self {
        let dimensions = &dimensions[..dimensions.len().min(DIMENSIONS_MAX)];
        let mut bytes = vec![dimensions.len() as u8];
        for dimension in dimensions {
            bytes.extend_from_slice(&dimension.len.to_le_bytes());
            bytes.extend_from_slice(&dimension.lower_bound.to_le_bytes());
        }
        for element in elements {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            element.encode(&mut bytes);
            // A cell comes from a message of the wire protocol or a parameter: both are below 4 GiB.
            let len = (bytes.len() - start - 4) as u32;
            bytes[start..start + 4].copy_from_slice(&len.to_le_bytes());
        }
        Self(bytes.into())
    }

    /// Borrows the array.
    #[must_use]
    pub fn as_ref(&self) -> ArrayRef<'_> {
        ArrayRef(&self.0)
    }
}

impl<V: Into<Value>> FromIterator<V> for Array {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self::from_values(values.into_iter().map(Into::into))
    }
}

impl<'a> ArrayRef<'a> {
    pub(crate) fn from_encoded(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether the bytes are exactly what an [`Array`] encodes to: at most six dimensions, none of them empty, as many elements as they
    /// announce, each well-formed. Elements that are arrays themselves are refused, since no database has any.
    pub(crate) fn is_well_formed(self) -> bool {
        let Some((&count, rest)) = self.0.split_first() else {
            return false;
        };
        let count = usize::from(count);
        if count > DIMENSIONS_MAX || rest.len() < count * DIMENSION_BYTES {
            return false;
        }
        let announced = self
            .dimensions()
            .try_fold(1_u64, |product, dimension| match dimension.len {
                0 => None,
                len => product.checked_mul(u64::from(len)),
            });
        let announced = if count == 0 { Some(0) } else { announced };
        let mut rest = &rest[count * DIMENSION_BYTES..];
        let mut elements = 0_u64;
        while let Some((len, tail)) = rest.split_first_chunk() {
            let Some((cell, tail)) = tail.split_at_checked(u32::from_le_bytes(*len) as usize) else {
                return false;
            };
            match ValueRef::decode(cell) {
                Ok(ValueRef::Array(_)) | Err(_) => return false,
                Ok(_) => elements += 1,
            }
            rest = tail;
        }
        rest.is_empty() && announced == Some(elements)
    }

    pub(crate) fn encoded(self) -> &'a [u8] {
        self.0
    }

    /// Copies the array.
    #[must_use]
    pub fn to_owned(self) -> Array {
        Array(self.0.into())
    }

    /// The dimensions; none for an empty array.
    pub fn dimensions(self) -> impl Iterator<Item = Dimension> + 'a {
        let (count, rest) = self.0.split_first().unwrap_or((&0, &[]));
        rest.chunks_exact(DIMENSION_BYTES)
            .take(usize::from(*count))
            .map(|chunk| {
                let (len, lower) = chunk.split_at(4);
                Dimension {
                    len: u32::from_le_bytes(len.try_into().unwrap_or_default()),
                    lower_bound: i32::from_le_bytes(lower.try_into().unwrap_or_default()),
                }
            })
    }

    /// The elements, in row-major order.
    pub fn elements(self) -> impl Iterator<Item = ValueRef<'a>> {
        let header = 1 + self
            .0
            .first()
            .map_or(0, |count| usize::from(*count) * DIMENSION_BYTES);
        let mut rest = self.0.get(header..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (len, tail) = rest.split_at_checked(4)?;
            let len = u32::from_le_bytes(len.try_into().ok()?) as usize;
            let (cell, tail) = tail.split_at_checked(len)?;
            rest = tail;
            ValueRef::decode(cell).ok()
        })
    }
}

impl fmt::Display for ArrayRef<'_> {
    /// PostgreSQL's form: `{1,2,NULL,"a b"}`, nested for several dimensions, `[0:1]={…}` for other bounds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dimensions: Vec<Dimension> = self.dimensions().collect();
        if dimensions.iter().any(|dimension| dimension.lower_bound != 1) {
            for dimension in &dimensions {
                let upper = i64::from(dimension.lower_bound) + i64::from(dimension.len) - 1;
                write!(f, "[{}:{upper}]", dimension.lower_bound)?;
            }
            f.write_str("=")?;
        }
        write_level(f, &dimensions, &mut self.elements())
    }
}

fn write_level<'v>(
    f: &mut fmt::Formatter<'_>,
    dimensions: &[Dimension],
    elements: &mut dyn Iterator<Item = ValueRef<'v>>,
) -> fmt::Result {
    f.write_str("{")?;
    if let Some((outer, inner)) = dimensions.split_first() {
        for index in 0..outer.len {
            if index > 0 {
                f.write_str(",")?;
            }
            if !inner.is_empty() {
                write_level(f, inner, elements)?;
            } else if let Some(element) = elements.next() {
                write_element(f, element)?;
            } else {
                // Malformed bytes may announce more elements than there are.
                break;
            }
        }
    }
    f.write_str("}")
}

fn write_element(f: &mut fmt::Formatter<'_>, element: ValueRef<'_>) -> fmt::Result {
    let text = match element {
        ValueRef::Null => return f.write_str("NULL"),
        // Inside arrays PostgreSQL writes booleans as in their text output.
        ValueRef::Bool(value) => return f.write_str(if value { "t" } else { "f" }),
        element => element.to_string(),
    };
    let is_special =
        |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\x0b';
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(is_special) {
        return f.write_str(&text);
    }
    f.write_str("\"")?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
