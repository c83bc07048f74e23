//! Keys and foreign keys of one table.
//!
//! Invariant: a key is unique only where it is so for all rows and in the comparison that `=` on its columns makes.

use std::collections::HashMap;

use plexidb_core::{
    CatalogColumn, DriverError, ForeignKey, ForeignKeyAction, Key, KeyKind, Table, TableName,
};

use super::Reader;

/// Primary key, unique constraints and indexes.
pub(super) fn keys(
    reader: &Reader<'_>,
    table: &TableName,
    columns: &[CatalogColumn],
    primary_key: Vec<String>,
) -> Result<Vec<Key>, DriverError> {
    let indexes = reader.rows(
        "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, ?2) ORDER BY seq DESC",
        [&table.name, &table.schema],
        |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, bool>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, bool>(3)?,
            ))
        },
    )?;
    let mut keys = Vec::new();
    let mut has_primary = false;
    for (name, is_unique, origin, is_partial) in indexes {
        let parts = reader.rows(
            "SELECT name, coll FROM pragma_index_xinfo(?1, ?2) WHERE key ORDER BY seqno",
            [&name, &table.schema],
            |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                    row.get::<_, String>(1)?,
                ))
            },
        )?;
        let is_whole = parts
            .iter()
            .all(|(column, collation)| compares_alike(columns, column, collation));
        let kind = match origin.as_str() {
            "pk" if is_whole => KeyKind::Primary,
            _ if is_unique && !is_partial && is_whole => KeyKind::Unique,
            _ => KeyKind::Index,
        };
        has_primary |= kind == KeyKind::Primary;
        keys.push(Key {
            name,
            kind,
            columns: parts.into_iter().map(|(column, _)| column).collect(),
        });
    }
    // The rowid under a name of the user, or a table without rowid, has no index in the list of its own.
    let is_listed = keys
        .iter()
        .any(|key| key.columns == primary_key && key.kind != KeyKind::Index);
    if !has_primary && !primary_key.is_empty() && !is_listed {
        keys.insert(
            0,
            Key {
                name: "PRIMARY KEY".into(),
                kind: KeyKind::Primary,
                columns: primary_key,
            },
        );
    }
    Ok(keys)
}

/// Whether an index' part is a column, compared as the column itself is.
fn compares_alike(columns: &[CatalogColumn], name: &str, collation: &str) -> bool {
    columns.iter().any(|column| {
        let own = column.collation.as_deref().unwrap_or("BINARY");
        column.name.eq_ignore_ascii_case(name) && own.eq_ignore_ascii_case(collation)
    })
}

/// Foreign keys; where the parent's columns are not named they are left empty for now.
pub(super) fn foreign_keys(reader: &Reader<'_>, table: &TableName) -> Result<Vec<ForeignKey>, DriverError> {
    let parts = reader.rows(
        "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete
         FROM pragma_foreign_key_list(?1, ?2) ORDER BY id DESC, seq",
        [&table.name, &table.schema],
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
                action(&row.get::<_, String>(4)?),
                action(&row.get::<_, String>(5)?),
            ))
        },
    )?;
    let mut foreign_keys: Vec<ForeignKey> = Vec::new();
    let mut last_id = None;
    for (id, parent, from, to, on_update, on_delete) in parts {
        if last_id != Some(id) {
            last_id = Some(id);
            foreign_keys.push(ForeignKey {
                columns: Vec::new(),
                parent: TableName::new(table.schema.clone(), parent),
                parent_columns: Vec::new(),
                on_delete,
                on_update,
                // Rows may have been written over connections that do not check, which nothing tells.
                is_enforced: false,
            });
        }
        if let Some(foreign_key) = foreign_keys.last_mut() {
            foreign_key.columns.push(from);
            foreign_key.parent_columns.extend(to);
        }
    }
    Ok(foreign_keys)
}

fn action(name: &str) -> ForeignKeyAction {
    match name {
        "CASCADE" => ForeignKeyAction::Cascade,
        "SET NULL" => ForeignKeyAction::SetNull,
        "SET DEFAULT" => ForeignKeyAction::SetDefault,
        _ => ForeignKeyAction::Refuse,
    }
}

/// Spells each foreign key's parent as its table does, and names the columns of its primary key where the foreign
/// key named none.
pub(super) fn resolve_parent_columns(tables: &mut [Table]) {
    let in_lower_case = |name: &TableName| (name.schema.to_lowercase(), name.name.to_lowercase());
    let parents: HashMap<_, (TableName, Vec<String>)> = tables
        .iter()
        .map(|table| {
            let primary = table.keys.iter().find(|key| key.kind == KeyKind::Primary);
            let columns = primary.map(|key| key.columns.clone()).unwrap_or_default();
            (in_lower_case(&table.name), (table.name.clone(), columns))
        })
        .collect();
    for foreign_key in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        if let Some((name, columns)) = parents.get(&in_lower_case(&foreign_key.parent)) {
            foreign_key.parent = name.clone();
            if foreign_key.parent_columns.is_empty() {
                foreign_key.parent_columns.clone_from(columns);
            }
        }
    }
}
