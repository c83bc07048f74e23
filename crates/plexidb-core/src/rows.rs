//! Rows as they are fetched, cached and shared: one flat buffer of cells for a whole result.
//!
//! Invariant: a [`RowSet`] never changes once it is built, so that a cache and its readers share one copy.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use crate::cell::MalformedCell;
use crate::from_value::{FromValue, RowError};
use crate::value::ValueRef;

mod builder;
mod deserialize;
mod flat;
#[cfg(test)]
mod tests;

pub use builder::RowSetBuilder;
pub use flat::MalformedRows;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, as the database reports it.
    pub name: String,
    /// The database's own name of the type, such as `int8`, `varchar(20)` or an enum's name; empty where the
    /// database has none (expressions in SQLite).
    pub type_name: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Cells {
    columns: Arc<[Column]>,
    /// Ends of the cells in `bytes`, row by row.
    ends: Box<[u32]>,
    bytes: Box<[u8]>,
}

/// A result: columns and rows. Cloning shares it.
#[derive(Clone, Debug)]
pub struct RowSet {
    cells: Arc<Cells>,
    rows: Arc<[Row]>,
}

/// One row of a [`RowSet`]. Cloning shares the result's cells and keeps them alive.
#[derive(Clone)]
pub struct Row {
    cells: Arc<Cells>,
    index: u32,
}

impl RowSet {
    /// A result without columns and rows.
    #[must_use]
    pub fn empty() -> Self {
        RowSetBuilder::new(Arc::new([])).finish()
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.cells.columns
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The memory that this result holds, in bytes, its columns' names included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let names: usize = self
            .columns()
            .iter()
            .map(|column| column.name.len() + column.type_name.len())
            .sum();
        names
            + size_of_val(&*self.cells.columns)
            + size_of_val(&*self.cells.ends)
            + self.cells.bytes.len()
            + size_of_val(&*self.rows)
            + size_of::<Cells>()
    }

    /// The result without its last columns; without any column it has no rows.
    #[must_use]
    pub fn without_last_columns(&self, count: usize) -> Self {
        let kept = self.columns().len().saturating_sub(count);
        let columns: Arc<[Column]> = self.columns()[..kept].into();
        let mut builder = RowSetBuilder::with_capacity(columns, self.len(), self.cells.bytes.len());
        for row in self {
            row.values().take(kept).for_each(|value| builder.push(value));
        }
        builder.finish()
    }

    /// The bytes of all cells, by which results are bounded.
    #[must_use]
    pub fn cell_bytes(&self) -> usize {
        self.cells.bytes.len()
    }

    /// Deserializes every row: into a struct by column name, into a tuple or a single value by position.
    ///
    /// # Errors
    ///
    /// [`RowError`] names the column whose value does not fit.
    pub fn deserialize<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>, RowError> {
        self.rows.iter().map(Row::deserialize).collect()
    }
}

impl PartialEq for RowSet {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells && self.rows.len() == other.rows.len()
    }
}

impl Index<usize> for RowSet {
    type Output = Row;

    /// # Panics
    ///
    /// Where there is no such row, like a slice does.
    fn index(&self, index: usize) -> &Row {
        &self.rows[index]
    }
}

impl<'a> IntoIterator for &'a RowSet {
    type Item = &'a Row;
    type IntoIter = std::slice::Iter<'a, Row>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

/// What names a column: its position from 0, or its name.
pub trait ColumnIndex {
    /// The position among these columns, or `None`.
    fn position(&self, columns: &[Column]) -> Option<usize>;
    /// The form for messages.
    fn describe(&self) -> String;
}

impl ColumnIndex for usize {
    fn position(&self, columns: &[Column]) -> Option<usize> {
        (*self < columns.len()).then_some(*self)
    }

    fn describe(&self) -> String {
        self.to_string()
    }
}

impl ColumnIndex for &str {
    /// The first column of exactly this name, else the first that differs by ASCII case alone.
    fn position(&self, columns: &[Column]) -> Option<usize> {
        let exact = columns.iter().position(|column| column.name == *self);
        exact.or_else(|| {
            columns
                .iter()
                .position(|column| column.name.eq_ignore_ascii_case(self))
        })
    }

    fn describe(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Row {
    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.cells.columns
    }

    /// The value of a column.
    ///
    /// # Errors
    ///
    /// [`RowError::NoSuchColumn`], or [`RowError::Conversion`] where the value does not fit `T`.
    pub fn get<'a, T: FromValue<'a>>(&'a self, column: impl ColumnIndex) -> Result<T, RowError> {
        let columns = self.columns();
        let position = column.position(columns).ok_or_else(|| RowError::NoSuchColumn {
            column: column.describe(),
            available: columns.iter().map(|column| column.name.clone()).collect(),
        })?;
        let value = self.value(position)?;
        T::from_value(value).ok_or_else(|| RowError::Conversion {
            column: columns[position].name.clone(),
            wanted: std::any::type_name::<T>(),
            found: value.type_name(),
        })
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> impl Iterator<Item = ValueRef<'_>> {
        (0..self.columns().len()).map(|position| self.value(position).unwrap_or(ValueRef::Null))
    }

    /// Deserializes the row: into a struct by column name, into a tuple or a single value by position.
    ///
    /// # Errors
    ///
    /// [`RowError`] names the column whose value does not fit.
    pub fn deserialize<T: serde::de::DeserializeOwned>(&self) -> Result<T, RowError> {
        deserialize::from_row(self)
    }

    fn value(&self, position: usize) -> Result<ValueRef<'_>, RowError> {
        let cell = self.index as usize * self.cells.columns.len() + position;
        let start = if cell == 0 {
            0
        } else {
            self.cells.ends.get(cell - 1).copied().unwrap_or(0)
        };
        let end = self.cells.ends.get(cell).copied().unwrap_or(0);
        let bytes = self
            .cells
            .bytes
            .get(start as usize..end as usize)
            .unwrap_or_default();
        ValueRef::decode(bytes).map_err(|MalformedCell| RowError::Malformed { position })
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns().iter().map(|column| &column.name);
        f.debug_map().entries(names.zip(self.values())).finish()
    }
}
