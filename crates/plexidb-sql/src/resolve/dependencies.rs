//! The tables that a statement reads into what its result depends on.
//!
//! Invariant: a column, a row or a join that is not understood widens to the whole table.

use plexidb_core::{Facet, Place, TableName, Tag};

use crate::plan::{InsertNeed, ReadPlan, TableRead};

/// The plan of a read of these tables.
pub(super) fn plan(tables: &[TableName]) -> ReadPlan {
    let tables = tables.iter().map(|name| TableRead {
        label: name.to_string(),
        all: Tag::table(&name.schema, &name.name),
        table: Place::table(&name.schema, &name.name),
        facets: vec![Facet::ANY_COLUMN],
        insert: InsertNeed::Always,
        key: None,
    });
    ReadPlan {
        tables: tables.collect(),
        joined: Vec::new(),
    }
}
