//! A SELECT by itself: which relations it joins, what restricts them, what it returns.
//!
//! Invariant: a condition is listed under a relation only if every row of it that can matter to the result fulfils the
//! condition. What was not understood is `Other`, and restricts nothing.

use std::collections::BTreeSet;

use crate::plan::PinnedValue;
use crate::profile::{ColumnUse, RelationName};

/// One SELECT of a statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) relations: Vec<BlockRelation>,
    pub(crate) conditions: Vec<Restriction>,
    /// Whether its rows are the statement's result.
    pub(crate) is_outermost: bool,
    /// Whether each row of the result stems from one row of each relation: no grouping, aggregate, DISTINCT or window.
    pub(crate) is_plain: bool,
    /// Whether the number of its rows is bounded, or the first ones are skipped.
    pub(crate) is_bounded: bool,
    /// Whether it skips rows.
    pub(crate) has_offset: bool,
    /// The names by which it is ordered; `None` where they are not understood.
    pub(crate) order: Option<BTreeSet<ColumnUse>>,
    pub(crate) outputs: Vec<Output>,
    /// Names of columns that occur in the whole text nowhere but as outputs as they are, in lower case: they decide neither
    /// which rows there are nor their order.
    pub(crate) shown: BTreeSet<String>,
    /// Whether it joins by USING or NATURAL, so that a name without a qualifier may mean two columns.
    pub(crate) merges_columns: bool,
}

/// A relation of a block.
#[derive(Clone, Debug)]
pub(crate) struct BlockRelation {
    /// `None` for what has no rows of its own: subqueries, common table expressions, functions.
    pub(crate) name: Option<RelationName>,
    /// What the block calls it.
    pub(crate) alias: String,
    /// Whether a row of the result may come without one of it (outer joins).
    pub(crate) is_nullable: bool,
}

/// A condition with the relations whose rows it restricts.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub(crate) condition: Condition,
    /// Positions among the block's relations.
    pub(crate) restricts: Vec<usize>,
}

/// A conjunct.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// The column has one of these values.
    Pin {
        column: ColumnUse,
        values: Vec<PinnedValue>,
    },
    /// Two columns are equal.
    Equal(ColumnUse, ColumnUse),
    /// Anything else, by the columns that it mentions.
    Other(BTreeSet<ColumnUse>),
}

/// A column of a block's result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Output {
    /// A column as it is.
    Column(ColumnUse),
    /// All columns, of one relation or of all.
    All(Option<String>),
    /// Something that is computed.
    Other,
}

impl Condition {
    /// The columns that it mentions.
    pub(crate) fn columns(&self) -> Vec<&ColumnUse> {
        match self {
            Self::Pin { column, .. } => vec![column],
            Self::Equal(left, right) => vec![left, right],
            Self::Other(columns) => columns.iter().collect(),
        }
    }
}
