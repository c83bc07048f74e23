//! Values into Rust types, without silent loss.

use crate::array::ArrayRef;
use crate::temporal::{Date, Interval, Time, TimeTz, Timestamp};
use crate::value::{Value, ValueRef};

/// Why a value could not be read from a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The result has no such column.
    #[error("no column {column}; the result has {}", available.join(", "))]
    NoSuchColumn {
        /// The position or the quoted name that was asked for.
        column: String,
        /// The names that there are.
        available: Vec<String>,
    },
    /// The value has another type, or is out of the type's range.
    #[error("column {column}: a {found} value does not fit {wanted}")]
    Conversion {
        /// The column's name.
        column: String,
        /// The Rust type that was asked for.
        wanted: &'static str,
        /// The type that the value has.
        found: &'static str,
    },
    /// serde could not make the wanted type from the row.
    #[error("{}{message}", column.as_ref().map(|column| format!("column {column}: ")).unwrap_or_default())]
    Deserialize {
        /// The column, where it is known.
        column: Option<String>,
        /// What serde said.
        message: String,
    },
    /// The stored cell is not the encoding of a value.
    #[error("the cell at position {position} is malformed; please report this as a bug")]
    Malformed {
        /// The column's position.
        position: usize,
    },
}

/// A Rust type that a value can be read as.
///
/// Numbers convert where the value fits; an integer 0 or 1 reads as a boolean, since SQLite and MySQL have no
/// other; nothing else converts between kinds.
pub trait FromValue<'a>: Sized {
    /// The value as this type, or `None` where it does not fit.
    fn from_value(value: ValueRef<'a>) -> Option<Self>;
}

impl<'a> FromValue<'a> for ValueRef<'a> {
    fn from_value(value: ValueRef<'a>) -> Option<Self> {
        Some(value)
    }
}

impl FromValue<'_> for Value {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        Some(value.to_owned())
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    fn from_value(value: ValueRef<'a>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl FromValue<'_> for $integer {
            fn from_value(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    ValueRef::Int(value) => value.try_into().ok(),
                    ValueRef::UInt(value) => value.try_into().ok(),
                    ValueRef::Decimal(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl FromValue<'_> for bool {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Bool(value) => Some(value),
            ValueRef::Int(0) | ValueRef::UInt(0) => Some(false),
            ValueRef::Int(1) | ValueRef::UInt(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue<'_> for f64 {
    /// Integers read as floats only up to 2^53, where every integer has its float.
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        const EXACT_MAX: u64 = 1 << 53;
        match value {
            ValueRef::Double(value) => Some(value),
            ValueRef::Real(value) => Some(value.into()),
            ValueRef::Int(value) if value.unsigned_abs() <= EXACT_MAX => Some(value as Self),
            ValueRef::UInt(value) if value <= EXACT_MAX => Some(value as Self),
            ValueRef::Decimal(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue<'_> for f32 {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Real(value) => Some(value),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a str {
    fn from_value(value: ValueRef<'a>) -> Option<Self> {
        match value {
            ValueRef::Text(text) | ValueRef::Decimal(text) | ValueRef::Json(text) | ValueRef::Other(text) => {
                Some(text)
            }
            _ => None,
        }
    }
}

impl FromValue<'_> for String {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}

impl<'a> FromValue<'a> for &'a [u8] {
    fn from_value(value: ValueRef<'a>) -> Option<Self> {
        match value {
            ValueRef::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Vec<T> {
    /// The elements of an array of any dimensions, in row-major order; or bytes, for `Vec<u8>`.
    fn from_value(value: ValueRef<'a>) -> Option<Self> {
        match value {
            ValueRef::Array(array) => array.elements().map(T::from_value).collect(),
            ValueRef::Bytes(bytes) => bytes
                .iter()
                .map(|byte| T::from_value(ValueRef::UInt((*byte).into())))
                .collect(),
            _ => None,
        }
    }
}

macro_rules! variants {
    ($($type:ty = $variant:ident $(| $other:ident)*;)*) => {$(
        impl<'a> FromValue<'a> for $type {
            fn from_value(value: ValueRef<'a>) -> Option<Self> {
                match value {
                    ValueRef::$variant(value) $(| ValueRef::$other(value))* => Some(value),
                    _ => None,
                }
            }
        }
    )*};
}

variants! {
    Date = Date;
    Time = Time;
    TimeTz = TimeTz;
    Timestamp = Timestamp | TimestampTz;
    Interval = Interval;
    [u8; 16] = Uuid;
    ArrayRef<'a> = Array;
}

macro_rules! from_jiff {
    ($($type:ty = $variant:ident;)*) => {$(
        impl FromValue<'_> for $type {
            fn from_value(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    ValueRef::$variant(value) => value.try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

from_jiff! {
    jiff::civil::Date = Date;
    jiff::civil::Time = Time;
    jiff::civil::DateTime = Timestamp;
    jiff::Timestamp = TimestampTz;
}
