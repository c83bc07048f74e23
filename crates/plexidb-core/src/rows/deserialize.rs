//! Rows into serde types: structs by column name, tuples and single values by position.

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Row;
use crate::from_value::RowError;
use crate::value::ValueRef;

pub(super) fn from_row<T: de::DeserializeOwned>(row: &Row) -> Result<T, RowError> {
    T::deserialize(RowDeserializer(row))
}

impl de::Error for RowError {
    fn custom<M: std::fmt::Display>(message: M) -> Self {
        Self::Deserialize {
            column: None,
            message: message.to_string(),
        }
    }
}

fn in_column(error: RowError, column: &str) -> RowError {
    match error {
        RowError::Deserialize {
            column: None,
            message,
        } => RowError::Deserialize {
            column: Some(column.to_owned()),
            message,
        },
        error => error,
    }
}

struct RowDeserializer<'a>(&'a Row);

impl<'a> RowDeserializer<'a> {
    fn cells(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let row = self.0;
        row.columns()
            .iter()
            .zip(row.values())
            .map(|(column, value)| Cell {
                column: &column.name,
                value,
            })
    }

    /// A newtype, an option, a string … is the row's only column.
    fn single(&self) -> Result<Cell<'a>, RowError> {
        let mut cells = self.cells();
        match (cells.next(), cells.next()) {
            (Some(cell), None) => Ok(cell),
            _ => Err(RowError::Deserialize {
                column: None,
                message: format!(
                    "a single value needs one column, the row has {}",
                    self.0.columns().len()
                ),
            }),
        }
    }
}

macro_rules! from_the_only_column {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            self.single()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for RowDeserializer<'_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        let entries = self
            .cells()
            .map(|cell| (StrDeserializer::<RowError>::new(cell.column), cell));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(SeqDeserializer::new(self.cells()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self.single()?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    from_the_only_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
    }

    forward_to_deserialize_any! { i128 u128 unit unit_struct identifier ignored_any }
}

#[derive(Clone, Copy)]
struct Cell<'a> {
    column: &'a str,
    value: ValueRef<'a>,
}

impl<'a> Cell<'a> {
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Bool(value) => visitor.visit_bool(value),
            ValueRef::Int(value) => visitor.visit_i64(value),
            ValueRef::UInt(value) => visitor.visit_u64(value),
            ValueRef::Real(value) => visitor.visit_f32(value),
            ValueRef::Double(value) => visitor.visit_f64(value),
            ValueRef::Decimal(text) | ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Other(text) => {
                visitor.visit_str(text)
            }
            ValueRef::Bytes(bytes) => visitor.visit_bytes(bytes),
            ValueRef::Array(array) => {
                let column = self.column;
                visitor.visit_seq(SeqDeserializer::new(
                    array.elements().map(|value| Cell { column, value }),
                ))
            }
            value => visitor.visit_string(value.to_string()),
        }
    }

    fn number<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        parse: fn(&str) -> Option<f64>,
    ) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Decimal(text) => match parse(text) {
                Some(number) => visitor.visit_f64(number),
                None => visitor.visit_str(text),
            },
            _ => self.visit(visitor),
        }
    }
}

impl<'de> IntoDeserializer<'de, RowError> for Cell<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.visit(visitor).map_err(|error| in_column(error, self.column))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// Databases without a boolean type store 0 and 1.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Int(0) | ValueRef::UInt(0) => visitor.visit_bool(false),
            ValueRef::Int(1) | ValueRef::UInt(1) => visitor.visit_bool(true),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.number(visitor, |text| text.parse().ok())
            .map_err(|error| in_column(error, self.column))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Text(text) => visitor.visit_enum(StrDeserializer::<RowError>::new(text)),
            _ => self.deserialize_any(visitor),
        }
        .map_err(|error| in_column(error, self.column))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
