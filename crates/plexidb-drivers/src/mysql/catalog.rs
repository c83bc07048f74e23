//! The schema as `information_schema` tells it: the current database and all others that the user sees.
//!
//! Invariant: what the user may not see is assumed: without the right to see triggers, every table has some.

use std::collections::{BTreeMap, HashMap};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row, Value};
use plexidb_core::{Catalog, Dialect, Table, TableKind, TableName, Trigger, TriggerTiming, Volatility};

mod columns;
mod comparison;
mod keys;

/// Databases that belong to the server itself, as a list for SQL. A condition on a schema's name alone is looked at
/// before any table is opened, which keeps the server's own ones out cheaply.
const SYSTEM: &str = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/// Engines whose rows others make, or that show rows of other tables.
const FOREIGN_ENGINES: [&str; 11] = [
    "BLACKHOLE",
    "CONNECT",
    "FEDERATED",
    "MRG_MYISAM",
    "NDBCLUSTER",
    "OQGRAPH",
    "PERFORMANCE_SCHEMA",
    "S3",
    "SEQUENCE",
    "SPHINX",
    "SPIDER",
];

/// The tables by schema and name while they are filled.
type Tables = BTreeMap<(String, String), Table>;

/// Reads the catalog; the connection is free again afterwards.
pub(super) async fn read(conn: &mut Conn) -> Result<Catalog, Error> {
    let facts = rows(
        conn,
        "SELECT VERSION(), DATABASE(), @@lower_case_table_names, @@sql_mode",
    )
    .await?;
    let fact = |position| facts.first().and_then(|row| text(row, position));
    let (version, database) = (fact(0), fact(1));
    let is_case_sensitive = fact(2).as_deref() == Some("0");
    let is_strict = fact(3).is_some_and(|modes| modes.contains("STRICT_"));

    let mut tables = read_tables(conn).await?;
    columns::read(conn, &mut tables).await?;
    keys::read(conn, &mut tables).await?;
    keys::read_foreign(conn, &mut tables).await?;
    read_views(conn, &mut tables).await?;
    read_triggers(conn, &mut tables).await?;
    let functions = read_functions(conn).await?;

    let catalog = Catalog::new(
        Dialect::MySql,
        version.unwrap_or_default(),
        database.into_iter().collect(),
        tables.into_values().collect(),
        functions,
    );
    let catalog = if is_case_sensitive {
        catalog.with_case_sensitive_names()
    } else {
        catalog
    };
    Ok(if is_strict {
        catalog
    } else {
        catalog.with_inexact_values()
    })
}

/// All rows of a query, by the text protocol.
async fn rows(conn: &mut Conn, sql: &str) -> Result<Vec<Row>, Error> {
    conn.query_iter(sql).await?.collect_and_drop().await
}

/// A cell as text; `None` for NULL.
fn text(row: &Row, position: usize) -> Option<String> {
    match row.as_ref(position)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}

/// A cell that is never NULL.
fn word(row: &Row, position: usize) -> String {
    text(row, position).unwrap_or_default()
}

fn is_yes(row: &Row, position: usize) -> bool {
    text(row, position).is_some_and(|word| word.eq_ignore_ascii_case("YES"))
}

/// The table that the first two cells name.
fn table_of<'a>(tables: &'a mut Tables, row: &Row) -> Option<&'a mut Table> {
    tables.get_mut(&(word(row, 0), word(row, 1)))
}

async fn read_tables(conn: &mut Conn) -> Result<Tables, Error> {
    let sql = "SELECT engine, transactions FROM information_schema.engines";
    let engines: HashMap<String, bool> = rows(conn, sql)
        .await?
        .iter()
        .map(|row| (word(row, 0).to_ascii_uppercase(), is_yes(row, 1)))
        .collect();
    let sql = format!(
        "SELECT table_schema, table_name, table_type, engine FROM information_schema.tables \
         WHERE table_schema NOT IN {SYSTEM}"
    );
    let mut tables = Tables::new();
    for row in rows(conn, &sql).await? {
        let engine = text(&row, 3).unwrap_or_default().to_ascii_uppercase();
        let Some(kind) = kind(&word(&row, 2), &engine) else {
            continue;
        };
        let (schema, name) = (word(&row, 0), word(&row, 1));
        let mut table = Table::new(TableName::new(schema.as_str(), name.as_str()), kind);
        table.is_transactional = kind == TableKind::View || engines.get(&engine) == Some(&true);
        tables.insert((schema, name), table);
    }
    Ok(tables)
}

/// `None` for what is not shared between sessions.
fn kind(table_type: &str, engine: &str) -> Option<TableKind> {
    Some(match table_type {
        _ if table_type.contains("TEMPORARY") => return None,
        "VIEW" => TableKind::View,
        "BASE TABLE" | "SYSTEM VERSIONED" if !FOREIGN_ENGINES.contains(&engine) => TableKind::Table,
        _ => TableKind::Foreign,
    })
}

async fn read_views(conn: &mut Conn, tables: &mut Tables) -> Result<(), Error> {
    let sql = format!(
        "SELECT table_schema, table_name, view_definition FROM information_schema.views \
         WHERE table_schema NOT IN {SYSTEM}"
    );
    for row in rows(conn, &sql).await? {
        if let Some(table) = table_of(tables, &row) {
            // It is empty where the user may not see it.
            table.view_definition = text(&row, 2).filter(|definition| !definition.is_empty());
        }
    }
    Ok(())
}

async fn read_triggers(conn: &mut Conn, tables: &mut Tables) -> Result<(), Error> {
    let (visible, readable) = (
        Right::read(conn, "TRIGGER").await?,
        Right::read(conn, "SELECT").await?,
    );
    for table in tables.values_mut() {
        table.is_readable = readable.is_on(&table.name);
        if table.kind != TableKind::View && !visible.is_on(&table.name) {
            table.triggers.push(Trigger::unknown("(not visible)"));
        }
    }
    let sql = format!(
        "SELECT event_object_schema, event_object_table, trigger_name, action_timing, event_manipulation, \
         action_statement FROM information_schema.triggers WHERE event_object_schema NOT IN {SYSTEM} \
         ORDER BY event_object_schema, event_object_table, action_order, trigger_name"
    );
    for row in rows(conn, &sql).await? {
        if let Some(table) = table_of(tables, &row) {
            table.triggers.push(Trigger {
                name: word(&row, 2),
                timing: if word(&row, 3) == "AFTER" {
                    TriggerTiming::After
                } else {
                    TriggerTiming::Before
                },
                is_on_insert: word(&row, 4).contains("INSERT"),
                is_on_update: word(&row, 4).contains("UPDATE"),
                is_on_delete: word(&row, 4).contains("DELETE"),
                condition: None,
                body: text(&row, 5).filter(|body| !body.is_empty()),
                writes: None,
            });
        }
    }
    Ok(())
}

/// Where the user holds a right. One that comes from a role counts as missing.
struct Right {
    everywhere: bool,
    schemas: Vec<String>,
    tables: Vec<(String, String)>,
}

impl Right {
    async fn read(conn: &mut Conn, right: &str) -> Result<Self, Error> {
        // A grant on a schema is a pattern.
        let sql = format!(
            "SELECT NULL, NULL FROM information_schema.user_privileges WHERE privilege_type = '{right}' \
             UNION ALL SELECT s.schema_name, NULL FROM information_schema.schemata s \
             JOIN information_schema.schema_privileges p ON s.schema_name LIKE p.table_schema \
             WHERE p.privilege_type = '{right}' AND s.schema_name NOT IN {SYSTEM} \
             UNION ALL SELECT table_schema, table_name FROM information_schema.table_privileges \
             WHERE privilege_type = '{right}'"
        );
        let mut found = Self {
            everywhere: false,
            schemas: Vec::new(),
            tables: Vec::new(),
        };
        for row in rows(conn, &sql).await? {
            match (text(&row, 0), text(&row, 1)) {
                (None, _) => found.everywhere = true,
                (Some(schema), None) => found.schemas.push(schema),
                (Some(schema), Some(table)) => found.tables.push((schema, table)),
            }
        }
        Ok(found)
    }

    fn is_on(&self, table: &TableName) -> bool {
        self.everywhere
            || self.schemas.contains(&table.schema)
            || self
                .tables
                .iter()
                .any(|(schema, name)| *schema == table.schema && *name == table.name)
    }
}

/// Of functions with one name in several databases, the worst counts.
async fn read_functions(conn: &mut Conn) -> Result<HashMap<String, Volatility>, Error> {
    let sql = format!(
        "SELECT routine_name, is_deterministic, sql_data_access FROM information_schema.routines \
         WHERE routine_type = 'FUNCTION' AND routine_schema NOT IN {SYSTEM}"
    );
    let mut functions = HashMap::new();
    for row in rows(conn, &sql).await? {
        let is_fixed = is_yes(&row, 1) && word(&row, 2) == "NO SQL";
        let volatility = if is_fixed {
            Volatility::Immutable
        } else {
            Volatility::Volatile
        };
        let worst = functions
            .entry(word(&row, 0).to_lowercase())
            .or_insert(volatility);
        *worst = volatility.max(*worst);
    }
    Ok(functions)
}
