//! The tables that a statement writes into what it touches of them.
//!
//! Invariant: a row, a column or a key that is not understood widens to the whole table.

use plexidb_core::{Place, TableName, Tag};

use crate::plan::{TableTouch, WritePlan};

/// The plan of a write to these tables.
pub(super) fn plan(tables: &[TableName]) -> WritePlan {
    let tables = tables.iter().map(|name| TableTouch {
        label: name.to_string(),
        all: Tag::table(&name.schema, &name.name),
        is_unbounded: true,
        table: Place::table(&name.schema, &name.name),
        facets: Vec::new(),
        keys: Vec::new(),
    });
    WritePlan {
        tables: tables.collect(),
        ..WritePlan::default()
    }
}
