//! Primary keys, unique constraints, indexes and foreign keys.
//!
//! Invariant: only keys over whole columns, by which equal values are found, guarantee uniqueness here.

use std::collections::HashMap;

use mysql_async::{Conn, Error, Row};
use plexidb_core::{ForeignKey, ForeignKeyAction, Key, KeyKind, TableName};

use super::{SYSTEM, Tables, rows, table_of, text, word};

pub(super) async fn read(conn: &mut Conn, tables: &mut Tables) -> Result<(), Error> {
    let sql = format!(
        "SELECT table_schema, table_name, index_name, non_unique, column_name, sub_part \
         FROM information_schema.statistics WHERE table_schema NOT IN {SYSTEM} \
         AND index_type NOT IN ('FULLTEXT', 'SPATIAL', 'VECTOR') \
         ORDER BY table_schema, table_name, index_name, seq_in_index"
    );
    for row in rows(conn, &sql).await? {
        let Some(table) = table_of(tables, &row) else {
            continue;
        };
        let name = word(&row, 2);
        // An expression has no column's name.
        let column = text(&row, 4);
        let is_whole = column.is_some() && text(&row, 5).is_none();
        match table.keys.last_mut().filter(|key| key.name == name) {
            Some(key) => {
                if !is_whole && key.kind == KeyKind::Unique {
                    key.kind = KeyKind::Index;
                }
                key.columns.push(column.unwrap_or_default());
            }
            None => table.keys.push(Key {
                kind: key_kind(&name, &row, is_whole),
                name,
                columns: vec![column.unwrap_or_default()],
            }),
        }
    }
    Ok(())
}

fn key_kind(name: &str, row: &Row, is_whole: bool) -> KeyKind {
    match word(row, 3).as_str() {
        "0" if name == "PRIMARY" => KeyKind::Primary,
        "0" if is_whole => KeyKind::Unique,
        _ => KeyKind::Index,
    }
}

/// Foreign keys by their schema, table and name.
type Rules = HashMap<(String, String, String), (ForeignKeyAction, ForeignKeyAction)>;

pub(super) async fn read_foreign(conn: &mut Conn, tables: &mut Tables) -> Result<(), Error> {
    let rules = read_rules(conn).await?;
    if rules.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT table_schema, table_name, constraint_name, column_name, referenced_table_schema, \
         referenced_table_name, referenced_column_name FROM information_schema.key_column_usage \
         WHERE table_schema NOT IN {SYSTEM} AND referenced_table_name IS NOT NULL \
         ORDER BY table_schema, table_name, constraint_name, ordinal_position"
    );
    let mut last = None;
    for row in rows(conn, &sql).await? {
        let name = (word(&row, 0), word(&row, 1), word(&row, 2));
        let Some(table) = table_of(tables, &row) else {
            continue;
        };
        let (column, parent_column) = (word(&row, 3), word(&row, 6));
        match table
            .foreign_keys
            .last_mut()
            .filter(|_| last.as_ref() == Some(&name))
        {
            Some(key) => {
                key.columns.push(column);
                key.parent_columns.push(parent_column);
            }
            None => {
                // What the rules do not tell is assumed to spread the most.
                let widest = (ForeignKeyAction::Cascade, ForeignKeyAction::Cascade);
                let (on_update, on_delete) = rules.get(&name).copied().unwrap_or(widest);
                table.foreign_keys.push(ForeignKey {
                    columns: vec![column],
                    parent: TableName::new(word(&row, 4), word(&row, 5)),
                    parent_columns: vec![parent_column],
                    on_delete,
                    on_update,
                    // Rows may have come while the checks were off, which nothing tells.
                    is_enforced: false,
                });
            }
        }
        last = Some(name);
    }
    Ok(())
}

async fn read_rules(conn: &mut Conn) -> Result<Rules, Error> {
    let sql = format!(
        "SELECT constraint_schema, table_name, constraint_name, update_rule, delete_rule \
         FROM information_schema.referential_constraints WHERE constraint_schema NOT IN {SYSTEM}"
    );
    let rules = rows(conn, &sql).await?;
    Ok(rules
        .iter()
        .map(|row| {
            let name = (word(row, 0), word(row, 1), word(row, 2));
            (name, (action(&word(row, 3)), action(&word(row, 4))))
        })
        .collect())
}

fn action(rule: &str) -> ForeignKeyAction {
    match rule {
        "CASCADE" => ForeignKeyAction::Cascade,
        "SET NULL" => ForeignKeyAction::SetNull,
        "SET DEFAULT" => ForeignKeyAction::SetDefault,
        _ => ForeignKeyAction::Refuse,
    }
}
