//! JSON: an array of objects, or an object a line.
//!
//! Invariant: no number is printed that a reader with 64-bit floats would round, and what is printed as a value of its
//! own is valid JSON.

use std::collections::HashSet;
use std::io::{self, Write};

use plexidb::{ArrayRef, Column, Row, ValueRef};
use serde_json::to_writer;

use super::Sink;

/// The largest integer up to which every integer has a 64-bit float of its own.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// Prints rows as they come.
pub(super) struct JsonSink<'a> {
    out: &'a mut dyn Write,
    is_array: bool,
    /// `"name":` of each column.
    keys: Vec<String>,
    printed: u64,
}

impl<'a> JsonSink<'a> {
    /// One array.
    pub(super) fn array(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            is_array: true,
            keys: Vec::new(),
            printed: 0,
        }
    }

    /// A line for each row.
    pub(super) fn lines(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            is_array: false,
            keys: Vec::new(),
            printed: 0,
        }
    }
}

impl Sink for JsonSink<'_> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        let names = unique(columns.iter().map(|column| column.name.as_str()));
        self.keys = names
            .iter()
            .map(|name| format!("{}:", serde_json::Value::from(name.as_str())))
            .collect();
        if self.is_array {
            self.out.write_all(b"[")
        } else {
            Ok(())
        }
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let before: &[u8] = if self.is_array && self.printed > 0 {
            b",\n{"
        } else {
            b"{"
        };
        self.out.write_all(before)?;
        self.printed += 1;
        for (index, (key, value)) in self.keys.iter().zip(row.values()).enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            self.out.write_all(key.as_bytes())?;
            write_value(self.out, value)?;
        }
        let after: &[u8] = if self.is_array { b"}" } else { b"}\n" };
        self.out.write_all(after)
    }

    fn end(&mut self) -> io::Result<()> {
        if self.is_array {
            self.out.write_all(b"]\n")
        } else {
            Ok(())
        }
    }
}

/// Objects cannot have two members of one name: the second `name` becomes `name_2`.
fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let fresh = |name: &str| {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates
            .find(|candidate| taken.insert(candidate.clone()))
            .unwrap_or_default()
    };
    names.map(fresh).collect()
}

fn write_value(out: &mut dyn Write, value: ValueRef<'_>) -> io::Result<()> {
    match value {
        ValueRef::Null => out.write_all(b"null"),
        ValueRef::Bool(value) => write!(out, "{value}"),
        ValueRef::Int(value) if value.unsigned_abs() <= EXACT_MAX => write!(out, "{value}"),
        ValueRef::UInt(value) if value <= EXACT_MAX => write!(out, "{value}"),
        ValueRef::Real(value) if value.is_finite() => Ok(to_writer(out, &value)?),
        ValueRef::Double(value) if value.is_finite() => Ok(to_writer(out, &value)?),
        ValueRef::Json(text) if serde_json::from_str::<serde_json::Value>(text).is_ok() => {
            // Line ends stand only between tokens; an object a line must not have them.
            out.write_all(text.replace(['\n', '\r'], " ").as_bytes())
        }
        ValueRef::Array(array) => write_array(out, array),
        ValueRef::Text(text) => Ok(to_writer(out, text)?),
        value => Ok(to_writer(out, &value.to_string())?),
    }
}

/// Arrays nest as they do in the database.
fn write_array(out: &mut dyn Write, array: ArrayRef<'_>) -> io::Result<()> {
    let lengths: Vec<u32> = array.dimensions().map(|dimension| dimension.len).collect();
    write_level(out, &lengths, &mut array.elements())
}

fn write_level<'v>(
    out: &mut dyn Write,
    lengths: &[u32],
    elements: &mut dyn Iterator<Item = ValueRef<'v>>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    let (length, deeper) = lengths
        .split_first()
        .map_or((0, lengths), |(length, deeper)| (*length, deeper));
    for index in 0..length {
        if index > 0 {
            out.write_all(b",")?;
        }
        if deeper.is_empty() {
            write_value(out, elements.next().unwrap_or(ValueRef::Null))?;
        } else {
            write_level(out, deeper, elements)?;
        }
    }
    out.write_all(b"]")
}
