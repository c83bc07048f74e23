//! Parameters of a statement: by position or by name, borrowed, on the stack.

use crate::array::Array;
use crate::temporal::{Date, Interval, Time, TimeTz, Timestamp};
use crate::value::{Value, ValueRef};

#[cfg(test)]
mod tests;

/// The parameters of one execution; made by [`params!`](crate::params).
#[derive(Clone, Copy, Debug)]
pub enum Params<'a> {
    /// One value a placeholder, in the order of the database's own numbering.
    Positional(&'a [ValueRef<'a>]),
    /// Values for the placeholders `:name`, in any order.
    Named(&'a [(&'a str, ValueRef<'a>)]),
}

impl<'a> From<&'a [ValueRef<'a>]> for Params<'a> {
    fn from(values: &'a [ValueRef<'a>]) -> Self {
        Self::Positional(values)
    }
}

/// Makes [`Params`]: `params![7, "Ada"]` by position, `params! { id: 7, name: "Ada" }` by name, `params![]` none.
///
/// ```
/// # use plexidb_core::{params, Params};
/// assert!(matches!(params![7, "Ada", None::<i64>], Params::Positional([_, _, _])));
/// assert!(matches!(params! { id: 7 }, Params::Named([("id", _)])));
/// ```
#[macro_export]
macro_rules! params {
    () => { $crate::Params::Positional(&[]) };
    ($($name:ident : $value:expr),+ $(,)?) => {
        $crate::Params::Named(&[$((stringify!($name), $crate::ToParam::to_param(&$value))),+])
    };
    ($($value:expr),+ $(,)?) => {
        $crate::Params::Positional(&[$($crate::ToParam::to_param(&$value)),+])
    };
}

/// A Rust type that can be a parameter.
pub trait ToParam {
    /// Borrows the value as a parameter.
    fn to_param(&self) -> ValueRef<'_>;
}

impl<T: ToParam + ?Sized> ToParam for &T {
    fn to_param(&self) -> ValueRef<'_> {
        (**self).to_param()
    }
}

impl<T: ToParam> ToParam for Option<T> {
    fn to_param(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, T::to_param)
    }
}

impl ToParam for ValueRef<'_> {
    fn to_param(&self) -> ValueRef<'_> {
        *self
    }
}

impl ToParam for Value {
    fn to_param(&self) -> ValueRef<'_> {
        self.as_ref()
    }
}

impl ToParam for str {
    fn to_param(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl ToParam for String {
    fn to_param(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl ToParam for [u8] {
    fn to_param(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}

impl ToParam for Vec<u8> {
    fn to_param(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}

impl ToParam for Array {
    fn to_param(&self) -> ValueRef<'_> {
        ValueRef::Array(self.as_ref())
    }
}

impl ToParam for usize {
    /// Beyond `i64` it stays unsigned, like `u64`.
    fn to_param(&self) -> ValueRef<'_> {
        i64::try_from(*self).map_or(ValueRef::UInt(*self as u64), ValueRef::Int)
    }
}

impl ToParam for u64 {
    /// A value beyond `i64` is sent as an unsigned integer.
    fn to_param(&self) -> ValueRef<'_> {
        i64::try_from(*self).map_or(ValueRef::UInt(*self), ValueRef::Int)
    }
}

macro_rules! small_integers {
    ($($integer:ty)*) => {$(
        impl ToParam for $integer {
            fn to_param(&self) -> ValueRef<'_> {
                ValueRef::Int(i64::from(*self))
            }
        }
    )*};
}

small_integers! { i8 i16 i32 i64 u8 u16 u32 }

macro_rules! variants {
    ($($type:ty = $variant:ident;)*) => {
        $(
            impl ToParam for $type {
                fn to_param(&self) -> ValueRef<'_> {
                    ValueRef::$variant(*self)
                }
            }
        )*
    };
}

variants! {
    bool = Bool;
    f32 = Real;
    f64 = Double;
    Date = Date;
    Time = Time;
    TimeTz = TimeTz;
    Timestamp = Timestamp;
    Interval = Interval;
    [u8; 16] = Uuid;
}

macro_rules! from_jiff {
    ($($type:ty = $variant:ident;)*) => {$(
        impl ToParam for $type {
            fn to_param(&self) -> ValueRef<'_> {
                ValueRef::$variant((*self).into())
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

macro_rules! into_value {
    ($($type:ty)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                value.to_param().to_owned()
            }
        }
    )*};
}

into_value! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 &str String Vec<u8> Date Time Timestamp [u8; 16] }
