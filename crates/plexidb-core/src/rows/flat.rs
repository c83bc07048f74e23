//! A result as its flat parts, to be written down elsewhere, and back from bytes that may come from anywhere.
//!
//! Invariant: whatever the bytes are, a result that is made of them is as well-formed as one that a driver has built.

use std::sync::Arc;

use super::{Cells, Column, Row, RowSet, RowSetBuilder};
use crate::value::ValueRef;

/// Parts that are not those of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRows {
    /// The cells do not fill whole rows.
    #[error("malformed rows: {cells} cells do not fill rows of {columns} columns")]
    Ragged {
        /// How many cells there are.
        cells: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// The ends of the cells do not grow from cell to cell up to the end of the bytes.
    #[error("malformed rows: the ends of the cells do not fit their bytes")]
    Ends,
    /// A cell's bytes are not the encoding of a value.
    #[error("malformed rows: cell {cell} is no value")]
    Cell {
        /// The cell's number, from 0, row by row.
        cell: usize,
    },
}

impl RowSet {
    /// Where each cell ends in [`flat_bytes`](Self::flat_bytes), row by row: ascending, the last one at the end of the bytes.
    #[must_use]
    pub fn flat_ends(&self) -> &[u32] {
        &self.cells.ends
    }

    /// The encoded cells, one after the other, row by row.
    #[must_use]
    pub fn flat_bytes(&self) -> &[u8] {
        &self.cells.bytes
    }

    /// A result of flat parts that need not be trusted: every end and every cell is checked, text for UTF-8 included.
    ///
    /// # Errors
    ///
    /// [`MalformedRows`] says which part does not fit. Nothing beyond the parts themselves is allocated before they are
    /// known to fit.
    pub fn from_flat(
        columns: Arc<[Column]>,
        ends: Box<[u32]>,
        bytes: Box<[u8]>,
    ) -> Result<Self, MalformedRows> {
        let is_whole = if columns.is_empty() {
            ends.is_empty()
        } else {
            ends.len().is_multiple_of(columns.len())
        };
        if !is_whole {
            return Err(MalformedRows::Ragged {
                cells: ends.len(),
                columns: columns.len(),
            });
        }
        if bytes.len() > RowSetBuilder::BYTES_MAX {
            return Err(MalformedRows::Ends);
        }
        let mut start = 0;
        for (cell, &end) in ends.iter().enumerate() {
            let content = bytes.get(start..end as usize).ok_or(MalformedRows::Ends)?;
            if !is_value(content) {
                return Err(MalformedRows::Cell { cell });
            }
            start = end as usize;
        }
        if start != bytes.len() {
            return Err(MalformedRows::Ends);
        }
        Ok(Self::of_cells(Cells { columns, ends, bytes }))
    }

    /// The result of cells that are known to be whole.
    pub(super) fn of_cells(cells: Cells) -> Self {
        // A cell takes at least one byte, and the bytes are counted by 32 bits: so are the rows.
        let count = cells.ends.len().checked_div(cells.columns.len()).unwrap_or(0) as u32;
        let cells = Arc::new(cells);
        let rows = (0..count)
            .map(|index| Row {
                cells: Arc::clone(&cells),
                index,
            })
            .collect();
        Self { cells, rows }
    }
}

/// Whether these bytes are one value, down to the elements of an array.
fn is_value(cell: &[u8]) -> bool {
    match ValueRef::decode(cell) {
        Ok(ValueRef::Array(array)) => array.is_well_formed(),
        decoded => decoded.is_ok(),
    }
}

#[cfg(test)]
mod tests;
