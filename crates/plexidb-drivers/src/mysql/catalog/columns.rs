//! The columns of all tables.

use std::collections::HashMap;

use mysql_async::{Conn, Error};
use plexidb_core::CatalogColumn;

use super::comparison::comparison;
use super::{SYSTEM, Tables, is_yes, rows, table_of, text, word};

pub(super) async fn read(conn: &mut Conn, tables: &mut Tables) -> Result<(), Error> {
    let sql = format!(
        "SELECT schema_name, default_collation_name FROM information_schema.schemata \
         WHERE schema_name NOT IN {SYSTEM}"
    );
    let collations: HashMap<String, Option<String>> = rows(conn, &sql)
        .await?
        .iter()
        .map(|row| (word(row, 0), text(row, 1)))
        .collect();
    let sql = format!(
        "SELECT table_schema, table_name, column_name, column_type, is_nullable, column_default, \
         collation_name, generation_expression, extra FROM information_schema.columns \
         WHERE table_schema NOT IN {SYSTEM} ORDER BY table_schema, table_name, ordinal_position"
    );
    for row in rows(conn, &sql).await? {
        let usual = collations.get(&word(&row, 0)).cloned().flatten();
        let extra = word(&row, 8).to_ascii_lowercase();
        if let Some(table) = table_of(tables, &row) {
            table.columns.push(CatalogColumn {
                name: word(&row, 2),
                type_name: word(&row, 3),
                is_nullable: is_yes(&row, 4),
                is_generated: text(&row, 7).is_some_and(|expression| !expression.is_empty()),
                // MariaDB writes the default NULL as a word, and text defaults in quotes.
                default: text(&row, 5).filter(|default| default != "NULL"),
                comparison: comparison(&word(&row, 3), text(&row, 6).as_deref()),
                is_set_on_update: extra.contains("on update"),
                is_auto: extra.contains("auto_increment"),
                collation: text(&row, 6).filter(|collation| Some(collation) != usual.as_ref()),
            });
        }
    }
    Ok(())
}
