//! The keys of a table by whose values its rows are told apart.
//!
//! Invariant: readers and writers derive the same list from the same catalog, in the same order.

use plexidb_core::{CatalogColumn, Comparison, KeyKind, KeySpace, Place, Table};

/// Most keys of a table that are followed: each costs a write a few slots.
const KEYS_MAX: usize = 16;

/// A key of a table.
#[derive(Clone, Debug)]
pub(super) struct TableKey<'c> {
    pub(super) space: KeySpace,
    pub(super) columns: Vec<&'c CatalogColumn>,
    /// Whether at most one row has a value of it.
    pub(super) is_unique: bool,
}

/// The table as a place of tags.
pub(super) fn place(table: &Table) -> Place {
    Place::table(&table.name.schema, &table.name.name)
}

/// A column by its name, whatever its case.
pub(super) fn column<'c>(table: &'c Table, name: &str) -> Option<&'c CatalogColumn> {
    let same = |column: &&CatalogColumn| column.name.eq_ignore_ascii_case(name);
    let exact = table.columns.iter().find(|column| column.name == name);
    exact.or_else(|| table.columns.iter().find(same))
}

/// The keys: whole unique keys first, then the leading columns of all.
pub(super) fn keys(table: &Table) -> Vec<TableKey<'_>> {
    let mut lists: Vec<(Vec<&str>, bool)> = Vec::new();
    for key in table.keys.iter().filter(|key| key.kind != KeyKind::Index) {
        add(&mut lists, key.columns.iter().map(String::as_str).collect(), true);
    }
    let leading = table.keys.iter().map(|key| &key.columns);
    for columns in leading.chain(table.foreign_keys.iter().map(|key| &key.columns)) {
        if let Some(first) = columns.first() {
            add(&mut lists, vec![first.as_str()], false);
        }
    }
    let usable = lists.into_iter().filter_map(|(names, is_unique)| {
        let columns: Option<Vec<&CatalogColumn>> = names.iter().map(|name| column(table, name)).collect();
        let columns =
            columns.filter(|columns| columns.iter().all(|column| !column.comparison.is_opaque()))?;
        Some(TableKey {
            space: place(table).key(&names),
            columns,
            is_unique,
        })
    });
    usable.take(KEYS_MAX).collect()
}

fn add<'c>(lists: &mut Vec<(Vec<&'c str>, bool)>, columns: Vec<&'c str>, is_unique: bool) {
    match lists.iter_mut().find(|(known, _)| is_same(known, &columns)) {
        Some((_, known)) => *known |= is_unique,
        None => lists.push((columns, is_unique)),
    }
}

fn is_same(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// Whether values of two columns that the database holds equal have one hash.
pub(super) fn are_comparable(one: &CatalogColumn, other: &CatalogColumn) -> bool {
    let is_text = !matches!(one.comparison, Comparison::Number | Comparison::Uuid);
    !one.comparison.is_opaque()
        && one.comparison == other.comparison
        && (!is_text || one.collation == other.collation && one.type_name == other.type_name)
}
