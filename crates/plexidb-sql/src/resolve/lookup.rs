//! Names of relations against the catalog.
//!
//! Invariant: what belongs to the system or to one session alone is never taken for a table of the user.

use plexidb_core::{Catalog, Dialect, Table};

use crate::profile::RelationName;
use crate::reason::Reason;

/// What a relation's name leads to.
pub(super) enum Found<'c> {
    Table(&'c Table),
    /// Nothing that has rows of its own: MySQL's `dual`.
    Nothing,
    /// Something whose rows nobody can follow.
    Refused(Reason),
}

/// Looks a name up; `home` is the schema in which a view of SQLite or MySQL looks first.
pub(super) fn find<'c>(catalog: &'c Catalog, name: &RelationName, home: Option<&str>) -> Found<'c> {
    if is_temporary(catalog.dialect(), name) {
        return Found::Refused(Reason::TemporaryTable(name.to_string()));
    }
    if is_system(catalog.dialect(), name) {
        return Found::Refused(Reason::SystemCatalog(name.to_string()));
    }
    let schema = name.schema.as_deref().or(home);
    match catalog.table(schema, &name.name) {
        Some(table) => Found::Table(table),
        None if catalog.dialect() == Dialect::MySql
            && name.schema.is_none()
            && name.name.eq_ignore_ascii_case("dual") =>
        {
            Found::Nothing
        }
        None => Found::Refused(Reason::UnknownTable(name.to_string())),
    }
}

fn is_temporary(dialect: Dialect, name: &RelationName) -> bool {
    let schema = name.schema.as_deref().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => schema.eq_ignore_ascii_case("temp"),
        Dialect::Postgres => schema.starts_with("pg_temp") || schema.starts_with("pg_toast_temp"),
        Dialect::MySql => false,
    }
}

fn is_system(dialect: Dialect, name: &RelationName) -> bool {
    let schema = name.schema.as_deref().unwrap_or_default();
    let is_any = |schemas: &[&str]| schemas.iter().any(|system| system.eq_ignore_ascii_case(schema));
    match dialect {
        Dialect::Sqlite => name
            .name
            .get(..7)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("sqlite_")),
        // PostgreSQL looks into pg_catalog before the search path, and all names there begin so.
        Dialect::Postgres => {
            schema == "pg_catalog"
                || schema == "information_schema"
                || schema.starts_with("pg_toast")
                || (name.schema.is_none() && name.name.starts_with("pg_"))
        }
        Dialect::MySql => is_any(&["information_schema", "mysql", "performance_schema", "sys"]),
    }
}

/// The tables whose rows a read of this table returns too: partitions and inheritors, at any depth.
pub(super) fn descendants<'c>(catalog: &'c Catalog, table: &'c Table) -> Vec<&'c Table> {
    closure(table, |current| {
        catalog
            .tables()
            .iter()
            .filter(|other| other.parents.contains(&current.name))
            .collect()
    })
}

/// The tables of which this one is a partition or inheritor, at any depth.
pub(super) fn ancestors<'c>(catalog: &'c Catalog, table: &'c Table) -> Vec<&'c Table> {
    closure(table, |current| {
        current
            .parents
            .iter()
            .filter_map(|name| catalog.table(Some(&name.schema), &name.name))
            .collect()
    })
}

fn closure<'c>(table: &'c Table, next: impl Fn(&'c Table) -> Vec<&'c Table>) -> Vec<&'c Table> {
    let mut found: Vec<&Table> = Vec::new();
    let mut pending = vec![table];
    while let Some(current) = pending.pop() {
        for other in next(current) {
            if other.name != table.name && !found.iter().any(|known| known.name == other.name) {
                found.push(other);
                pending.push(other);
            }
        }
    }
    found
}
