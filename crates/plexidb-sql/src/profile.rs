//! What the text of a statement says by itself, before any catalog is asked.
//!
//! Invariant: a profile owns its data and depends on text and dialect alone. What is not understood is recorded as
//! such, never left out.

use std::collections::BTreeSet;
use std::fmt;

use plexidb_core::Dialect;

use crate::block::Block;
use crate::change::ChangeDetail;
use crate::kind::StatementKind;
use crate::reason::{Reason, Unbounded};

/// The name of a relation as the statement means it: folded by the dialect's rule where it is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationName {
    /// The schema, where one is written.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// A place in which a relation is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationUse {
    /// Which relation.
    pub name: RelationName,
    /// The name that the rest of the statement has for it, where there is one.
    pub alias: Option<String>,
    /// Whether the name may mean a common table expression instead.
    pub may_be_cte: bool,
}

/// How a statement changes a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Rows are added.
    Insert,
    /// Rows are changed, in these columns; `None` where they are not known.
    Update(Option<Vec<String>>),
    /// Rows are removed.
    Delete,
    /// All rows are removed, on request of the tables that refer to it as well.
    Truncate {
        /// Whether referring tables are emptied too.
        is_cascading: bool,
    },
    /// A materialized view is computed anew.
    Refresh,
}

/// A table that a statement changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteTarget {
    /// Which table.
    pub name: RelationName,
    /// How.
    pub change: Change,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionCall {
    /// The schema, where one is written.
    pub schema: Option<String>,
    /// The name in lower case.
    pub name: String,
    /// How many arguments it gets; `None` where that is not known.
    pub arguments: Option<usize>,
    /// Whether it stands in FROM.
    pub is_table: bool,
}

/// A column that a statement names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnUse {
    /// The table or alias before the dot, where there is one.
    pub qualifier: Option<String>,
    /// The name.
    pub name: String,
}

/// The columns that a statement reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Those that are named.
    pub named: BTreeSet<ColumnUse>,
    /// Whether any column may be read besides (`*`).
    pub may_be_any: bool,
    /// The relations of which all columns are read (`t.*`).
    pub all_of: BTreeSet<String>,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    /// A literal, as written.
    Literal(String),
    /// The parameter of this number, counted from 1.
    Parameter(usize),
}

/// A conjunct `column = value` of the outermost WHERE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EqualityKey {
    /// The column.
    pub column: ColumnUse,
    /// The value.
    pub value: KeyValue,
}

/// What is known of a statement's writes from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes what its targets say.
    Targets,
    /// It may change anything.
    Unbounded(Unbounded),
}

/// What the text of a statement says by itself.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) dialect: Dialect,
    pub(crate) kind: StatementKind,
    pub(crate) normalised: String,
    pub(crate) fingerprint: u64,
    pub(crate) effect: Effect,
    /// Why the text alone forbids to cache the result.
    pub(crate) refusal: Option<Reason>,
    pub(crate) relations: Vec<RelationUse>,
    pub(crate) targets: Vec<WriteTarget>,
    pub(crate) functions: BTreeSet<FunctionCall>,
    pub(crate) columns: Columns,
    /// Its SELECTs, in the order of the text.
    pub(crate) blocks: Vec<Block>,
    /// What is known of the rows that it writes.
    pub(crate) detail: Option<ChangeDetail>,
    /// All names of the text but those of relations and functions.
    pub(crate) names: BTreeSet<String>,
    /// Columns that are turned into times, in which a stored text would be read as the current time.
    pub(crate) time_columns: BTreeSet<ColumnUse>,
    /// Names that the statement itself gives to columns.
    pub(crate) output_names: BTreeSet<String>,
    pub(crate) equality_keys: Vec<EqualityKey>,
    pub(crate) placeholders: usize,
    pub(crate) has_limit: bool,
}

impl Profile {
    /// A profile of a statement of which nothing but its kind is known.
    pub(crate) fn bare(dialect: Dialect, kind: StatementKind) -> Self {
        Self {
            dialect,
            kind,
            normalised: String::new(),
            fingerprint: 0,
            effect: Effect::Targets,
            refusal: Some(Reason::NotARead),
            relations: Vec::new(),
            targets: Vec::new(),
            functions: BTreeSet::new(),
            columns: Columns::default(),
            blocks: Vec::new(),
            detail: None,
            names: BTreeSet::new(),
            time_columns: BTreeSet::new(),
            output_names: BTreeSet::new(),
            equality_keys: Vec::new(),
            placeholders: 0,
            has_limit: false,
        }
    }

    /// The dialect by which it was read.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What kind of statement it is.
    #[must_use]
    pub fn kind(&self) -> StatementKind {
        self.kind
    }

    /// The text with literals replaced by `?`, lists of them shortened, and blanks, comments and case evened out.
    #[must_use]
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// The hash of [`normalised`](Self::normalised).
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The relations that it reads, in the order of the text; common table expressions are not among them.
    #[must_use]
    pub fn relations(&self) -> &[RelationUse] {
        &self.relations
    }

    /// The tables that it changes.
    #[must_use]
    pub fn targets(&self) -> &[WriteTarget] {
        &self.targets
    }

    /// The functions that it calls.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionCall> {
        self.functions.iter()
    }

    /// The columns that it reads.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The conjuncts `column = value` of its outermost WHERE.
    #[must_use]
    pub fn equality_keys(&self) -> &[EqualityKey] {
        &self.equality_keys
    }

    /// How many values the database will ask for.
    #[must_use]
    pub fn placeholder_count(&self) -> usize {
        self.placeholders
    }

    /// Whether it bounds the number of its rows.
    #[must_use]
    pub fn has_limit(&self) -> bool {
        self.has_limit
    }
}

impl RelationName {
    /// A name without a schema.
    #[must_use]
    pub fn bare(name: impl Into<String>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for FunctionCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
