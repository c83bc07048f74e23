//! A write by itself: the rows that it lists, the columns that it sets, what restricts it.
//!
//! Invariant: values are those that the statement gives; whether the database stores them so is not known here.

use crate::block::Block;
use crate::plan::PinnedValue;

/// What is known of the rows of a statement that writes one table.
#[derive(Clone, Debug)]
pub(crate) enum ChangeDetail {
    /// INSERT and REPLACE.
    Insert {
        /// The columns that are given, or none: all in order.
        columns: Vec<String>,
        /// The rows, where the statement lists them and they are few.
        rows: Option<Vec<Vec<Cell>>>,
        /// Whether a value is stored as it is given, or refused; MySQL's IGNORE makes it fit.
        is_exact: bool,
        /// What decides that a row is there already: these columns, or any unique key.
        conflict: Option<Vec<String>>,
        /// What an existing row gets.
        assignments: Vec<Assignment>,
    },
    /// UPDATE.
    Update {
        /// The target alone, with the conditions on it.
        block: Block,
        assignments: Vec<Assignment>,
    },
    /// DELETE.
    Delete {
        /// The target alone, with the conditions on it.
        block: Block,
    },
}

/// A value of a listed row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A constant or parameter.
    Value(PinnedValue),
    /// DEFAULT.
    Default,
    /// Anything else.
    Computed,
}

/// `column = value` of SET.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) column: String,
    /// `None` for what is computed.
    pub(crate) value: Option<PinnedValue>,
}
