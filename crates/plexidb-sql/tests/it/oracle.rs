//! SQLite itself as the oracle: whatever it compiles, it tells which tables it reads and writes and which functions it
//! calls; the analysis must have named all of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use plexidb_core::{Catalog, Dialect, ForeignKeyAction, TableKind};
use plexidb_sql::{Cacheability, Footprint, Profile, WriteExtent, resolve};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

mod generator;

use crate::catalog::catalog;
use crate::robust::texts;
use generator::Generator;

/// Functions that must never be called by a statement whose result is cached.
const UNSTEADY: &[&str] = &[
    "random",
    "randomblob",
    "changes",
    "total_changes",
    "last_insert_rowid",
    "current_timestamp",
    "current_date",
    "current_time",
    "load_extension",
    "sqlite_version",
];

/// What SQLite says of a statement.
#[derive(Default, Debug)]
struct Seen {
    reads: BTreeSet<String>,
    writes: BTreeSet<String>,
    functions: BTreeSet<String>,
}

struct Oracle {
    connection: Connection,
    seen: Arc<Mutex<Seen>>,
    catalog: Catalog,
}

impl Oracle {
    /// A database with the tables and views of the tests' schema.
    fn new() -> Self {
        let catalog = catalog(Dialect::Sqlite);
        let ddl = ddl(&catalog);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        let made = Connection::open_in_memory().and_then(|mut connection| {
            connection.execute_batch(&ddl)?;
            connection.authorizer(Some(move |context: AuthContext<'_>| {
                note(
                    &mut noted.lock().unwrap_or_else(PoisonError::into_inner),
                    &context,
                );
                Authorization::Allow
            }))?;
            Ok(connection)
        });
        let connection = made.unwrap_or_else(|error| panic!("{error}: {ddl}"));
        Self {
            connection,
            seen,
            catalog,
        }
    }

    fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tables that the compiled program opens.
    fn opened(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        let mut program = self.connection.prepare(&format!("EXPLAIN {sql}"))?;
        let parameters = program.parameter_count();
        for index in 1..=parameters {
            program.raw_bind_parameter(index, 1)?;
        }
        let mut rows = program.raw_query();
        let mut roots: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            let opcode: String = row.get(1)?;
            let database: i64 = row.get(4)?;
            if ["OpenRead", "OpenWrite", "ReopenIdx"].contains(&opcode.as_str()) && database == 0 {
                roots.push(row.get(3)?);
            }
        }
        let named = "SELECT lower(tbl_name) FROM sqlite_schema WHERE rootpage = ?1 AND rootpage > 1";
        let mut named = self.connection.prepare_cached(named)?;
        let names = roots.iter().map(|root| named.query_row([root], |row| row.get(0)));
        Ok(names.filter_map(Result::ok).collect())
    }

    /// What the analysis missed; `None` where SQLite does not compile the text, and `Ok` where nothing was.
    fn missed(&self, sql: &str) -> Option<Result<(), String>> {
        self.take();
        let is_valid = self.connection.prepare(sql).is_ok();
        let mut seen = self.take();
        if !is_valid {
            return None;
        }
        seen.reads.extend(self.opened(sql).unwrap_or_default());
        let footprint = resolve(&Profile::analyze(sql, Dialect::Sqlite), &self.catalog);
        let missed = missed_reads(&seen, &footprint).or_else(|| missed_writes(&seen, &footprint));
        Some(missed.map_or(Ok(()), |what| {
            Err(format!("{sql}\n{what}\n{seen:?}\n{footprint:?}"))
        }))
    }
}

fn note(seen: &mut Seen, context: &AuthContext<'_>) {
    match context.action {
        // Without a column the name may be that of a common table expression; the program will tell.
        AuthAction::Read {
            table_name,
            column_name,
        } if !column_name.is_empty() => seen.reads.insert(table_name.to_lowercase()),
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => seen.writes.insert(table_name.to_lowercase()),
        AuthAction::Function { function_name } => seen.functions.insert(function_name.to_lowercase()),
        _ => false,
    };
}

/// Views are read through to their tables, and common table expressions have no rows of their own: only tables count.
fn missed_reads(seen: &Seen, footprint: &Footprint) -> Option<String> {
    if footprint.cacheability != Cacheability::Cacheable {
        return None;
    }
    let known: BTreeSet<String> = footprint
        .depends_on
        .iter()
        .map(|name| name.name.to_lowercase())
        .collect();
    let is_table = |name: &&String| catalog_tables().contains(name.as_str());
    if let Some(table) = seen
        .reads
        .iter()
        .filter(is_table)
        .find(|table| !known.contains(*table))
    {
        return Some(format!("reads {table}"));
    }
    if let Some(table) = seen.reads.iter().find(|table| table.starts_with("sqlite_")) {
        return Some(format!("reads {table}"));
    }
    let unsteady = seen
        .functions
        .iter()
        .find(|name| UNSTEADY.contains(&name.as_str()))?;
    Some(format!("calls {unsteady}"))
}

fn missed_writes(seen: &Seen, footprint: &Footprint) -> Option<String> {
    let known: BTreeSet<String> = match &footprint.writes {
        WriteExtent::Nothing => BTreeSet::new(),
        WriteExtent::Tables { names, .. } => names.iter().map(|name| name.name.to_lowercase()).collect(),
        WriteExtent::Database(_) => return None,
    };
    // No result that reads the system's own tables is cached.
    let mut missed = seen
        .writes
        .iter()
        .filter(|table| !known.contains(*table) && !table.starts_with("sqlite_"));
    let missed = missed.next()?;
    Some(format!("writes {missed}"))
}

fn catalog_tables() -> BTreeSet<&'static str> {
    BTreeSet::from([
        "users",
        "channels",
        "memberships",
        "messages",
        "reactions",
        "orders",
        "order_items",
        "shifts",
        "audit",
        "secrets",
        "events",
        "events_2024",
        "events_2025",
        "events_2025_01",
        "log_lines",
        "totals",
        "order lines",
    ])
}

/// The schema of the tests as SQLite makes it; partitions are tables of their own there.
fn ddl(catalog: &Catalog) -> String {
    let mut ddl = "PRAGMA foreign_keys = ON;".to_owned();
    let is_here = |name: &str| catalog_tables().contains(name.to_lowercase().as_str());
    for table in catalog
        .tables()
        .iter()
        .filter(|table| table.name.schema == "main")
    {
        let name = &table.name.name;
        if table.kind == TableKind::View {
            let definition = table.view_definition.as_deref().unwrap_or_default();
            if definition.starts_with("SELECT")
                && !definition.contains("(((")
                && !definition.contains("touch_user")
            {
                let _ = write!(ddl, "CREATE VIEW {name} AS {definition};");
            }
            continue;
        }
        if !is_here(name) {
            continue;
        }
        let mut parts: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let key = if column.name == "id" {
                    "INTEGER PRIMARY KEY"
                } else {
                    column.type_name.as_str()
                };
                format!("\"{}\" {key}", column.name)
            })
            .collect();
        for key in &table.foreign_keys {
            parts.push(format!(
                "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
                key.columns.join(", "),
                key.parent.name,
                key.parent_columns.join(", "),
                action(key.on_delete),
                action(key.on_update)
            ));
        }
        let _ = write!(ddl, "CREATE TABLE \"{name}\" ({});", parts.join(", "));
    }
    ddl
}

fn action(action: ForeignKeyAction) -> &'static str {
    match action {
        ForeignKeyAction::Refuse => "NO ACTION",
        ForeignKeyAction::Cascade => "CASCADE",
        ForeignKeyAction::SetNull => "SET NULL",
        ForeignKeyAction::SetDefault => "SET DEFAULT",
    }
}

#[test]
fn generated_statements_hide_nothing() {
    let oracle = Oracle::new();
    let (mut compiled, mut cacheable) = (0, 0);
    for seed in 0..3_000 {
        let sql = Generator::new(seed, &oracle.catalog).statement();
        if let Some(verdict) = oracle.missed(&sql) {
            assert_eq!(verdict, Ok(()), "seed {seed}");
            compiled += 1;
            let profile = Profile::analyze(&sql, Dialect::Sqlite);
            cacheable +=
                u32::from(resolve(&profile, &oracle.catalog).cacheability == Cacheability::Cacheable);
        }
    }
    // Statements that SQLite refuses, or that are refused here, prove nothing.
    assert!(compiled > 2_000, "only {compiled} compiled");
    assert!(cacheable > 1_000, "only {cacheable} were cacheable");
}

#[test]
fn golden_statements_hide_nothing() {
    let oracle = Oracle::new();
    let statements = include_str!("../../../../fixtures/sql/shared.sql").split("\n\n");
    let statements = statements.chain(include_str!("../../../../fixtures/sql/sqlite.sql").split("\n\n"));
    let verdicts: Vec<_> = statements.filter_map(|sql| oracle.missed(sql)).collect();
    assert!(verdicts.len() > 40, "only {} compiled", verdicts.len());
    for verdict in verdicts {
        assert_eq!(verdict, Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_statements_that_compile_hide_nothing(text in texts()) {
        thread_local! {
            static ORACLE: Oracle = Oracle::new();
        }
        // An extension or another database would change the oracle itself.
        let changes_it = ["pragma", "attach"].iter().any(|word| text.to_lowercase().contains(word));
        if !changes_it && !text.contains('\u{0}') {
            let verdict = ORACLE.with(|oracle| oracle.missed(&text));
            prop_assert_eq!(verdict.unwrap_or(Ok(())), Ok(()));
        }
    }
}
