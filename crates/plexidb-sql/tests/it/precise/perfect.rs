//! The tags of a write that knows everything: what became of each row, by the rows before and after.
//!
//! Invariant: nothing is touched but what changed; this is written by the design of the tags, not by the crate's plans.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use plexidb_core::{Catalog, CatalogColumn, Facet, KeyKind, KeySpace, Place, Table, TableKind, Tag};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::borrowed;

type Row = Vec<Value>;
/// The rows of each table, by rowid.
pub(super) type Contents = Vec<BTreeMap<i64, Row>>;

pub(super) fn contents(connection: &Connection, catalog: &Catalog) -> Contents {
    base_tables(catalog)
        .map(|table| {
            let sql = format!("SELECT rowid, * FROM {}", table.name.name);
            let mut statement = connection.prepare_cached(&sql).unwrap();
            let rows = statement.query_map([], |row| {
                let cells: rusqlite::Result<Row> =
                    (1..=table.columns.len()).map(|index| row.get(index)).collect();
                Ok((row.get(0)?, cells?))
            });
            rows.unwrap().map(Result::unwrap).collect()
        })
        .collect()
}

pub(super) fn base_tables(catalog: &Catalog) -> impl Iterator<Item = &Table> {
    let tables = catalog.tables().iter();
    tables.filter(|table| table.kind == TableKind::Table)
}

/// What the change from one state to the other touches.
pub(super) fn touched(catalog: &Catalog, before: &Contents, after: &Contents) -> HashSet<Tag> {
    let mut tags = HashSet::new();
    for ((table, before), after) in base_tables(catalog).zip(before).zip(after) {
        let ids: BTreeSet<&i64> = before.keys().chain(after.keys()).collect();
        for id in ids {
            let (old, new) = (before.get(id), after.get(id));
            if old != new {
                add_row(table, old, new, &mut tags);
            }
        }
    }
    tags
}

fn add_row(table: &Table, old: Option<&Row>, new: Option<&Row>, tags: &mut HashSet<Tag>) {
    let whole = Place::table(&table.name.schema, &table.name.name);
    let own = facets(table, old, new);
    add(whole, &own, tags);
    for columns in keys(table) {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let space = whole.key(&names);
        let from = old.map(|row| hash(&columns, table, row));
        let to = new.map(|row| hash(&columns, table, row));
        let at = |hash: Option<u64>| hash.map_or_else(|| space.unknown(), |hash| space.at(hash));
        if let (Some(Some(from)), Some(Some(to))) = (from, to)
            && from == to
        {
            add(space.at(from), &own, tags);
            continue;
        }
        // It is gone from one value and new at the other.
        if let Some(from) = from {
            add(at(from), &facets(table, old, None), tags);
        }
        if let Some(to) = to {
            add(at(to), &[Facet::INSERT], tags);
        }
    }
}

fn add(place: Place, facets: &[Facet], tags: &mut HashSet<Tag>) {
    tags.extend(facets.iter().map(|facet| place.tag(*facet)));
}

/// Each leading column by itself, and each unique key as a whole.
fn keys(table: &Table) -> Vec<Vec<&CatalogColumn>> {
    let column = |name: &String| table.columns.iter().find(|column| column.name == *name).unwrap();
    let whole = table.keys.iter().filter(|key| key.kind != KeyKind::Index);
    let mut found: Vec<Vec<&CatalogColumn>> = whole
        .map(|key| key.columns.iter().map(column).collect())
        .collect();
    let lists = table.keys.iter().map(|key| &key.columns);
    let leading = lists.chain(table.foreign_keys.iter().map(|key| &key.columns));
    found.extend(leading.map(|columns| vec![column(&columns[0])]));
    found
}

fn hash(columns: &[&CatalogColumn], table: &Table, row: &Row) -> Option<u64> {
    let hashes: Option<Vec<u64>> = columns
        .iter()
        .map(|column| {
            let index = table.columns.iter().position(|own| own.name == column.name)?;
            column.comparison.hash(borrowed(&row[index]))
        })
        .collect();
    Some(KeySpace::combine_hashes(hashes?))
}

fn facets(table: &Table, old: Option<&Row>, new: Option<&Row>) -> Vec<Facet> {
    let column = |index: usize| Facet::column(&table.columns[index].name);
    let all = 0..table.columns.len();
    match (old, new) {
        (None, _) => vec![Facet::INSERT],
        (Some(_), None) => {
            let every = all.map(column);
            every.chain([Facet::DELETE, Facet::ANY_COLUMN]).collect()
        }
        (Some(old), Some(new)) => {
            let changed = all.filter(|index| old[*index] != new[*index]).map(column);
            changed.chain([Facet::ANY_COLUMN]).collect()
        }
    }
}
