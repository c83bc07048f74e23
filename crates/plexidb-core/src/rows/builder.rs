//! Builds a result cell by cell, straight from what a driver reads.
//!
//! Invariant: whoever pushes fills whole rows; a row that was left unfinished is dropped.

use std::sync::Arc;

use super::{Cells, Column, RowSet};
use crate::value::ValueRef;

/// Builds a [`RowSet`].
///
/// ```
/// # use plexidb_core::{Column, RowSetBuilder, ValueRef};
/// let columns = [Column { name: "id".into(), type_name: "int8".into() }];
/// let mut builder = RowSetBuilder::new(columns.into());
/// builder.push(ValueRef::Int(7));
/// let rows = builder.finish();
/// assert_eq!(rows[0].get::<i64>("id").unwrap(), 7);
/// ```
#[derive(Debug)]
pub struct RowSetBuilder {
    columns: Arc<[Column]>,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl RowSetBuilder {
    /// The most bytes of cells that one result can hold: offsets are 32 bits wide.
    pub const BYTES_MAX: usize = u32::MAX as usize;

    /// Starts a result with these columns.
    #[must_use]
    pub fn new(columns: Arc<[Column]>) -> Self {
        Self {
            columns,
            ends: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Starts a result that will probably have this many rows and bytes of cells.
    #[must_use]
    pub fn with_capacity(columns: Arc<[Column]>, rows: usize, bytes: usize) -> Self {
        Self {
            ends: Vec::with_capacity(rows * columns.len()),
            bytes: Vec::with_capacity(bytes),
            columns,
        }
    }

    /// Appends the next cell, from left to right and row by row.
    pub fn push(&mut self, value: ValueRef<'_>) {
        value.encode(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Bytes of cells so far. The driver compares it to its limit, which is at most [`Self::BYTES_MAX`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Complete rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Ends the result.
    #[must_use]
    pub fn finish(mut self) -> RowSet {
        let rows = self.rows();
        self.ends.truncate(rows * self.columns.len());
        self.bytes
            .truncate(self.ends.last().map_or(0, |&end| end as usize));
        RowSet::of_cells(Cells {
            columns: self.columns,
            ends: self.ends.into_boxed_slice(),
            bytes: self.bytes.into_boxed_slice(),
        })
    }
}
