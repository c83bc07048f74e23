//! Reads the schema of all attached databases through SQLite's own PRAGMA tables, in one snapshot.
//!
//! Invariant: what cannot be told widens: a key that may not be unique is an index, a virtual or temporary table is
//! foreign, which is never cached.

use std::collections::HashMap;

use plexidb_core::{Catalog, CatalogColumn, Dialect, DriverError, Table, TableKind, TableName, Trigger};
use rusqlite::{Connection, Params, Row};

use super::error;

mod comparison;
mod constraints;
mod trigger;
mod view;

use comparison::comparison;
use constraints::{foreign_keys, keys, resolve_parent_columns};
use trigger::trigger;

/// Reads the whole schema; `target` is for messages.
pub(super) fn read(database: &Connection, target: &str) -> Result<Catalog, DriverError> {
    let reader = Reader { database, target };
    // One read transaction: else a DDL statement between two PRAGMAs would mix two schemas.
    let snapshot = database
        .is_autocommit()
        .then(|| database.unchecked_transaction())
        .transpose()
        .map_err(|error| error::of_statement(error, "BEGIN", target))?;
    let catalog = read_snapshot(&reader);
    // Nothing was written, so that a rollback, which the drop is, loses nothing.
    drop(snapshot);
    catalog
}

fn read_snapshot(reader: &Reader<'_>) -> Result<Catalog, DriverError> {
    let mut tables = Vec::new();
    let triggers = reader.triggers()?;
    for found in reader.tables()? {
        let mut table = Table::new(found.name.clone(), found.kind());
        let (columns, primary_key) = reader.columns(&found)?;
        table.columns = columns;
        if found.kind == "view" {
            table.view_definition = reader.view_definition(&found.name)?;
        } else if table.kind != TableKind::Foreign {
            table.keys = keys(reader, &found.name, &table.columns, primary_key)?;
            table.foreign_keys = foreign_keys(reader, &found.name)?;
        }
        let own = triggers.get(&found.name.name.to_lowercase());
        table.triggers = own.cloned().unwrap_or_default();
        if reader.may_replace_rows(&found)? {
            table.triggers.push(Trigger::unknown("ON CONFLICT REPLACE"));
        }
        tables.push(table);
    }
    resolve_parent_columns(&mut tables);
    Ok(Catalog::new(
        Dialect::Sqlite,
        rusqlite::version().to_owned(),
        search_path(reader)?,
        tables,
        HashMap::new(),
    ))
}

/// Unqualified names mean temporary tables first, then those of `main`, then the attached databases in order.
fn search_path(reader: &Reader<'_>) -> Result<Vec<String>, DriverError> {
    let attached = reader.rows(
        "SELECT name FROM pragma_database_list WHERE name NOT IN ('temp', 'main') ORDER BY seq",
        [],
        |row| row.get(0),
    )?;
    Ok(["temp".to_owned(), "main".to_owned()]
        .into_iter()
        .chain(attached)
        .collect())
}

/// A table as `PRAGMA table_list` tells of it.
struct Found {
    name: TableName,
    kind: String,
    has_no_rowid: bool,
}

impl Found {
    fn kind(&self) -> TableKind {
        match self.kind.as_str() {
            // Temporary tables differ from connection to connection.
            _ if self.name.schema == "temp" => TableKind::Foreign,
            "table" => TableKind::Table,
            "view" => TableKind::View,
            _ => TableKind::Foreign,
        }
    }
}

/// Runs the catalog's queries.
struct Reader<'c> {
    database: &'c Connection,
    target: &'c str,
}

impl Reader<'_> {
    fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DriverError> {
        let read_all = || {
            let mut statement = self.database.prepare_cached(sql)?;
            statement
                .query_map(params, read)?
                .collect::<rusqlite::Result<Vec<T>>>()
        };
        read_all().map_err(|error| match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::Utf8Error(..) => {
                DriverError::Encoding {
                    column: "(a name in the schema)".into(),
                }
            }
            other => error::of_statement(other, sql, self.target),
        })
    }

    fn tables(&self) -> Result<Vec<Found>, DriverError> {
        self.rows(
            "SELECT schema, name, type, wr FROM pragma_table_list
             WHERE type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY schema, name",
            [],
            |row| {
                Ok(Found {
                    name: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                    kind: row.get(2)?,
                    has_no_rowid: row.get(3)?,
                })
            },
        )
    }

    /// The columns, and the names of those of the primary key in its order.
    fn columns(&self, table: &Found) -> Result<(Vec<CatalogColumn>, Vec<String>), DriverError> {
        let name = &table.name;
        let mut primary_key: Vec<(i64, String)> = Vec::new();
        let columns = self.rows(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, ?2)
             WHERE hidden <> 1 ORDER BY cid",
            [&name.name, &name.schema],
            |row| {
                let column: String = row.get(0)?;
                let rank: i64 = row.get(4)?;
                if rank > 0 {
                    primary_key.push((rank, column.clone()));
                }
                let declared: String = row.get(1)?;
                let collation = self.collation(name, &column);
                Ok(CatalogColumn {
                    is_nullable: !(row.get::<_, bool>(2)? || rank > 0 && table.has_no_rowid),
                    is_generated: row.get::<_, i64>(5)? >= 2,
                    default: row.get(3)?,
                    comparison: comparison(&declared, collation.as_deref()),
                    collation,
                    is_set_on_update: false,
                    is_auto: false,
                    type_name: declared,
                    name: column,
                })
            },
        );
        let mut columns = columns?;
        primary_key.sort();
        let primary_key: Vec<String> = primary_key.into_iter().map(|(_, column)| column).collect();
        if self.is_rowid_alias(table, &primary_key)? {
            for column in &mut columns {
                let is_alias = column.name == primary_key[0];
                column.is_nullable &= !is_alias;
                column.is_auto = is_alias;
            }
        }
        Ok((columns, primary_key))
    }

    /// Whether the primary key is the rowid itself, which is never NULL: it then has no index of its own.
    fn is_rowid_alias(&self, table: &Found, primary_key: &[String]) -> Result<bool, DriverError> {
        if primary_key.len() != 1 || table.has_no_rowid || table.kind != "table" {
            return Ok(false);
        }
        let indexes = self.rows(
            "SELECT 1 FROM pragma_index_list(?1, ?2) WHERE origin = 'pk'",
            [&table.name.name, &table.name.schema],
            |_| Ok(()),
        )?;
        Ok(indexes.is_empty())
    }

    /// The collation of a column, where it is not the default.
    fn collation(&self, table: &TableName, column: &str) -> Option<String> {
        // A view's column has none.
        let (_, collation, ..) = self
            .database
            .column_metadata(Some(table.schema.as_str()), &table.name, column)
            .ok()?;
        let collation = collation?.into_string().ok()?;
        (!collation.eq_ignore_ascii_case("BINARY")).then_some(collation)
    }

    /// Whether a constraint of the table may say `ON CONFLICT REPLACE`: a plain INSERT then deletes rows, and cascades,
    /// as a trigger would.
    fn may_replace_rows(&self, table: &Found) -> Result<bool, DriverError> {
        if table.kind != "table" {
            return Ok(false);
        }
        let schema = quote(&table.name.schema);
        let texts = self.rows(
            &format!(
                "SELECT 1 FROM {schema}.sqlite_schema
                 WHERE type = 'table' AND name = ?1 AND sql LIKE '%CONFLICT%' AND sql LIKE '%REPLACE%'"
            ),
            [&table.name.name],
            |_| Ok(()),
        )?;
        Ok(!texts.is_empty())
    }

    fn view_definition(&self, view: &TableName) -> Result<Option<String>, DriverError> {
        let schema = quote(&view.schema);
        let texts = self.rows(
            &format!("SELECT sql FROM {schema}.sqlite_schema WHERE type = 'view' AND name = ?1"),
            [&view.name],
            |row| row.get::<_, Option<String>>(0),
        )?;
        let text = texts.into_iter().flatten().next();
        Ok(text.as_deref().and_then(view::query).map(str::to_owned))
    }

    /// The triggers by the names, in lower case, of their tables. A temporary trigger may be on a table of any schema, so
    /// schemas are not told apart.
    fn triggers(&self) -> Result<HashMap<String, Vec<Trigger>>, DriverError> {
        let schemas: Vec<String> =
            self.rows("SELECT name FROM pragma_database_list", [], |row| row.get(0))?;
        let mut tables: HashMap<String, Vec<Trigger>> = HashMap::new();
        for schema in schemas {
            let schema = quote(&schema);
            let found = self.rows(
                &format!("SELECT tbl_name, name, sql FROM {schema}.sqlite_schema WHERE type = 'trigger' ORDER BY name"),
                [],
                |row| {
                    let (table, name): (String, String) = (row.get(0)?, row.get(1)?);
                    let create: Option<String> = row.get(2)?;
                    Ok((table, trigger(&name, create.as_deref().unwrap_or_default())))
                },
            )?;
            for (table, trigger) in found {
                tables.entry(table.to_lowercase()).or_default().push(trigger);
            }
        }
        Ok(tables)
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
