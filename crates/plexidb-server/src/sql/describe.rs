//! What the schema holds, for `\d`.

use plexidb::{Catalog, CatalogColumn, ForeignKey, ForeignKeyAction, KeyKind, Table, TableKind, TableName};

use super::meta::Listing;
use super::output::table::{Look, of_texts};

#[cfg(test)]
mod tests;

/// The tables and views of the schema.
pub(super) fn list(catalog: &Catalog, listing: Listing, look: Look) -> String {
    let is_view = |table: &Table| matches!(table.kind, TableKind::View | TableKind::MaterializedView);
    let mut tables: Vec<&Table> = catalog
        .tables()
        .iter()
        .filter(|table| match listing {
            Listing::All => true,
            Listing::Tables => !is_view(table),
            Listing::Views => is_view(table),
        })
        .collect();
    if tables.is_empty() {
        let what = if listing == Listing::Views {
            "views"
        } else {
            "tables"
        };
        return format!("There are no {what}.");
    }
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    let row = |table: &&Table| {
        vec![
            table.name.schema.clone(),
            table.name.name.clone(),
            kind_name(table.kind).to_owned(),
        ]
    };
    of_texts(
        look,
        &["schema", "name", "kind"],
        &tables.iter().map(row).collect::<Vec<_>>(),
    )
}

/// One table or view: columns, keys, foreign keys both ways, and what writing to it does.
///
/// # Errors
///
/// There is none of this name, or several.
pub(super) fn describe(catalog: &Catalog, name: &str, look: Look) -> Result<String, String> {
    let table = find(catalog, name)?;
    let mut parts = vec![format!("{} {}", kind_name(table.kind), table.name)];
    let rows: Vec<Vec<String>> = table.columns.iter().map(column_row).collect();
    parts.push(of_texts(look, &["column", "type", "null", "default"], &rows));
    parts.extend(table.keys.iter().map(|key| {
        let columns: Vec<&str> = key
            .columns
            .iter()
            .map(|column| if column.is_empty() { "(expression)" } else { column })
            .collect();
        let kind = match key.kind {
            KeyKind::Primary => "primary key",
            KeyKind::Unique => "unique",
            KeyKind::Index => "index",
        };
        // The primary keys of SQLite and MySQL have no names of their own.
        let is_named = !["primary", "primary key"].contains(&key.name.to_lowercase().as_str());
        let name = if is_named {
            format!(" {}", key.name)
        } else {
            String::new()
        };
        format!("{kind}{name} ({})", columns.join(", "))
    }));
    parts.extend(table.foreign_keys.iter().map(foreign_key_line));
    parts.extend(references(catalog, &table.name));
    parts.extend(table.parents.iter().map(|parent| format!("part of {parent}")));
    if !table.triggers.is_empty() {
        parts.push("has triggers or rules".to_owned());
    }
    if table.has_row_security {
        parts.push("has row-level security".to_owned());
    }
    if !table.is_transactional {
        parts.push("is not transactional: a rollback does not undo writes to it".to_owned());
    }
    parts.extend(
        table
            .view_definition
            .as_ref()
            .map(|definition| format!("defined as\n{}", definition.trim())),
    );
    Ok(parts.join("\n"))
}

/// The table of this name on the search path, else the only one of this name anywhere.
fn find<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Table, String> {
    let name = name.trim();
    let (schema, name) = match name.split_once('.') {
        Some((schema, name)) => (Some(unquoted(schema)), unquoted(name)),
        None => (None, unquoted(name)),
    };
    let folded = name.to_lowercase();
    let folded_schema = schema.map(str::to_lowercase);
    let exact = catalog
        .table(schema, name)
        .or_else(|| catalog.table(folded_schema.as_deref(), &folded));
    if let Some(table) = exact {
        return Ok(table);
    }
    let is_named = |table: &&Table| schema.is_none() && table.name.name.to_lowercase() == folded;
    let found: Vec<&Table> = catalog.tables().iter().filter(is_named).collect();
    match found.as_slice() {
        [table] => Ok(table),
        [] => Err(format!(
            "there is no table or view {name}; \\d lists them, \\refresh reads the schema anew"
        )),
        several => {
            let names: Vec<String> = several.iter().map(|table| table.name.to_string()).collect();
            Err(format!(
                "there are several: {}; name its schema",
                names.join(", ")
            ))
        }
    }
}

fn unquoted(name: &str) -> &str {
    name.trim_matches(|c| matches!(c, '"' | '`'))
}

fn kind_name(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "table",
        TableKind::Partitioned => "partitioned table",
        TableKind::View => "view",
        TableKind::MaterializedView => "materialized view",
        TableKind::Foreign => "foreign or virtual table",
    }
}

fn column_row(column: &CatalogColumn) -> Vec<String> {
    let default = match (&column.default, column.is_generated) {
        (Some(expression), true) => format!("generated: {expression}"),
        (None, true) => "generated".to_owned(),
        (default, false) => default.clone().unwrap_or_default(),
    };
    let null = if column.is_nullable { "yes" } else { "no" };
    let collation = column
        .collation
        .as_ref()
        .map(|collation| format!(" collate {collation}"))
        .unwrap_or_default();
    vec![
        column.name.clone(),
        format!("{}{collation}", column.type_name),
        null.to_owned(),
        default,
    ]
}

fn foreign_key_line(key: &ForeignKey) -> String {
    let mut line = format!(
        "foreign key ({}) references {} ({})",
        key.columns.join(", "),
        key.parent,
        key.parent_columns.join(", ")
    );
    for (event, action) in [("delete", key.on_delete), ("update", key.on_update)] {
        let action = match action {
            ForeignKeyAction::Refuse => continue,
            ForeignKeyAction::Cascade => "cascade",
            ForeignKeyAction::SetNull => "set null",
            ForeignKeyAction::SetDefault => "set default",
        };
        line.push_str(&format!(" on {event} {action}"));
    }
    line
}

fn references(catalog: &Catalog, parent: &TableName) -> Vec<String> {
    let mut lines = Vec::new();
    for table in catalog.tables() {
        for key in table.foreign_keys.iter().filter(|key| key.parent == *parent) {
            lines.push(format!(
                "referenced by {} ({})",
                table.name,
                key.columns.join(", ")
            ));
        }
    }
    lines
}
