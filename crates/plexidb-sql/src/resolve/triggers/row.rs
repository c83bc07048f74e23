//! What the triggers of a table change of a row on its way into the table.
//!
//! Invariant: a column that is not among the changes is written as the statement gives it, or the row is not written.

use plexidb_core::{Catalog, Dialect, Table, TriggerTiming};

use super::super::lookup::ancestors;
use super::super::writes::Event;
use super::{body, fires};

/// The columns of a row that may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::resolve) enum RowChange {
    Columns(Vec<String>),
    Any,
}

impl RowChange {
    pub(in crate::resolve) fn none() -> Self {
        Self::Columns(Vec::new())
    }

    /// Adds a column.
    pub(super) fn add(&mut self, column: &str) {
        if let Self::Columns(columns) = self
            && !columns.iter().any(|known| known == column)
        {
            columns.push(column.to_owned());
        }
    }
}

/// What the triggers that fire before a row is written may make of it, where this happens to the row. SQLite's triggers can only
/// write it by statements of their own.
pub(in crate::resolve) fn changes(table: &Table, event: &Event, catalog: &Catalog) -> RowChange {
    let mut all = RowChange::none();
    if catalog.dialect() == Dialect::Sqlite {
        return all;
    }
    // A partition has the triggers of its parent, whether or not the server lists them.
    let tables = std::iter::once(table).chain(ancestors(catalog, table));
    for trigger in tables.flat_map(|table| &table.triggers) {
        if trigger.timing != TriggerTiming::Before || !fires(trigger, event) {
            continue;
        }
        let body = trigger.body.as_deref();
        match body.and_then(|body| body::read(body, catalog.dialect())) {
            Some(body::Body {
                change: RowChange::Columns(columns),
                ..
            }) => columns.iter().for_each(|column| all.add(column)),
            Some(body::Body {
                change: RowChange::Any,
                ..
            })
            | None => return RowChange::Any,
        }
    }
    all
}
