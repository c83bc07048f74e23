//! SQLite as the judge of plans: generated writes run for real, and what became of each row must be among the tags.
//!
//! Invariant: rows keep their rowid while they are updated, so that old and new row are known to be the same one.

use std::collections::{BTreeMap, HashSet};

use plexidb_core::{Catalog, Dialect, Facet, KeySpace, Place, Table, Tag, ValueRef};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::plan::{TagList, WritePlan};
use crate::profile::Profile;
use crate::resolve::keys::{self, TableKey};
use crate::resolve::{WriteExtent, resolve};

mod generator;
mod schema;

use generator::Generator;

type Row = Vec<Value>;
/// The rows of each table of the catalog, by rowid.
type Contents = Vec<BTreeMap<i64, Row>>;

/// What a run has seen: a run that changes nothing, or in which everything is touched, proves nothing.
#[derive(Debug, Default)]
struct Seen {
    statements: usize,
    failures: usize,
    rows: usize,
    cascades: usize,
    learnt: usize,
    /// Keys of rows that were named by their value alone.
    exact: usize,
    /// Keys of rows that were touched as unknown.
    unknown: usize,
}

struct Oracle {
    connection: Connection,
    catalog: Catalog,
    seen: Seen,
}

fn borrowed(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Int(*number),
        Value::Real(number) => ValueRef::Double(*number),
        Value::Text(text) => ValueRef::Text(text),
        Value::Blob(bytes) => ValueRef::Bytes(bytes),
    }
}

/// Where reads of this row by this key are; `None` where none can be pinned to it.
fn place(key: &TableKey<'_>, table: &Table, row: &Row) -> Option<Place> {
    let mut hashes = Vec::new();
    for column in &key.columns {
        let index = table.columns.iter().position(|own| own.name == column.name)?;
        if row[index] == Value::Null {
            return None;
        }
        hashes.push(column.comparison.hash(borrowed(&row[index]))?);
    }
    Some(key.space.at(KeySpace::combine_hashes(hashes)))
}

/// The facets of a row's change, by itself.
fn facets(table: &Table, old: Option<&Row>, new: Option<&Row>) -> Vec<Facet> {
    let column = |index: usize| Facet::column(&table.columns[index].name);
    let all = 0..table.columns.len();
    match (old, new) {
        (None, _) => vec![Facet::INSERT],
        (Some(_), None) => all
            .map(column)
            .chain([Facet::DELETE, Facet::ANY_COLUMN])
            .collect(),
        (Some(old), Some(new)) => all
            .filter(|index| old[*index] != new[*index])
            .map(column)
            .chain([Facet::ANY_COLUMN])
            .collect(),
    }
}

impl Oracle {
    fn new(schema: schema::Schema) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(&schema.ddl)
            .unwrap_or_else(|error| panic!("{error}: {}", schema.ddl));
        Self {
            connection,
            catalog: schema.catalog,
            seen: Seen::default(),
        }
    }

    fn contents(&self) -> Contents {
        let tables = self.catalog.tables().iter();
        tables
            .map(|table| {
                let mut statement = self
                    .connection
                    .prepare_cached(&format!("SELECT rowid, * FROM {}", table.name.name))
                    .unwrap();
                let rows = statement.query_map([], |row| {
                    let cells: rusqlite::Result<Row> =
                        (1..=table.columns.len()).map(|index| row.get(index)).collect();
                    Ok((row.get(0)?, cells?))
                });
                rows.unwrap().map(Result::unwrap).collect()
            })
            .collect()
    }

    /// Runs a statement, and says what its plan has missed.
    fn judge(&mut self, sql: &str, params: &[Value]) -> Result<(), String> {
        self.seen.statements += 1;
        let profile = Profile::analyze(sql, Dialect::Sqlite);
        let footprint = resolve(&profile, &self.catalog).with_statement(sql, Dialect::Sqlite);
        let plan = match footprint.writes {
            WriteExtent::Tables { plan, .. } => plan,
            // Anything may be touched: there is nothing to miss, nor anything proven.
            WriteExtent::Database(_) => {
                self.seen.failures += 1;
                return Ok(());
            }
            WriteExtent::Nothing => return Err("everything".to_owned()),
        };
        let values: Vec<ValueRef<'_>> = params.iter().map(borrowed).collect();
        let touched = plan.touched(&values);
        let before = self.contents();
        let Ok(learnt) = self.run(sql, params, &plan) else {
            self.seen.failures += 1;
            return Ok(());
        };
        let after = self.contents();
        let cautious: HashSet<Tag> = touched.all().collect();
        self.compare(&before, &after, &cautious)?;
        if let Some(learnt) = learnt {
            self.seen.learnt += 1;
            let known: HashSet<Tag> = touched.certain.iter().chain(&learnt).copied().collect();
            self.compare(&before, &after, &known)
                .map_err(|missed| format!("learnt: {missed}"))?;
        }
        Ok(())
    }

    /// Runs the statement, or the one that returns its keys: then these are told.
    fn run(&self, sql: &str, params: &[Value], plan: &WritePlan) -> rusqlite::Result<Option<TagList>> {
        let learning = plan.learning();
        let sql = learning.map_or(sql, |learning| learning.sql());
        self.connection.execute_batch("SAVEPOINT statement")?;
        let attempt = || {
            let mut statement = self.connection.prepare(sql)?;
            let width = statement.column_count();
            let mut rows = statement.query(params_from_iter(params))?;
            let mut tags = TagList::new();
            while let Some(row) = rows.next()? {
                let added = learning.map_or(0, |learning| learning.added_columns());
                let cells: rusqlite::Result<Row> =
                    (width - added..width).map(|index| row.get(index)).collect();
                let cells = cells?;
                let values: Vec<ValueRef<'_>> = cells.iter().map(borrowed).collect();
                if let Some(learning) = learning {
                    learning.add_tags(&values, &mut tags);
                }
            }
            Ok(learning.map(|_| tags))
        };
        let result = attempt();
        if result.is_err() {
            self.connection.execute_batch("ROLLBACK TO statement")?;
        }
        self.connection.execute_batch("RELEASE statement")?;
        result
    }

    fn compare(&mut self, before: &Contents, after: &Contents, touched: &HashSet<Tag>) -> Result<(), String> {
        let mut tables_changed = 0;
        for ((table, before), after) in self.catalog.tables().iter().zip(before).zip(after) {
            let ids: HashSet<&i64> = before.keys().chain(after.keys()).collect();
            let mut has_changed = false;
            for id in ids {
                let (old, new) = (before.get(id), after.get(id));
                if old == new {
                    continue;
                }
                has_changed = true;
                self.seen.rows += 1;
                missed(table, old, new, touched, &mut self.seen)
                    .map_err(|what| format!("{}: {what}: {old:?} became {new:?}", table.name))?;
            }
            tables_changed += usize::from(has_changed);
        }
        self.seen.cascades += usize::from(tables_changed > 1);
        Ok(())
    }
}

/// What of a row's change is not touched.
fn missed(
    table: &Table,
    old: Option<&Row>,
    new: Option<&Row>,
    touched: &HashSet<Tag>,
    seen: &mut Seen,
) -> Result<(), String> {
    if touched.contains(&Tag::table(&table.name.schema, &table.name.name)) {
        return Ok(());
    }
    let whole = keys::place(table);
    let own = facets(table, old, new);
    if !own.iter().all(|facet| touched.contains(&whole.tag(*facet))) {
        return Err("the table".to_owned());
    }
    for key in keys::keys(table) {
        let from = old.and_then(|row| place(&key, table, row));
        let to = new.and_then(|row| place(&key, table, row));
        let mut demand = |place: Option<Place>, facets: &[Facet]| {
            let Some(place) = place else { return Ok(()) };
            let is_exact = facets.iter().all(|facet| touched.contains(&place.tag(*facet)));
            let unknown = key.space.unknown();
            let is_touched = |facet: &Facet| {
                touched.contains(&place.tag(*facet)) || touched.contains(&unknown.tag(*facet))
            };
            let is_unknown = facets.iter().any(|facet| touched.contains(&unknown.tag(*facet)));
            seen.exact += usize::from(is_exact && !is_unknown);
            seen.unknown += usize::from(is_unknown);
            let names: Vec<&str> = key.columns.iter().map(|column| column.name.as_str()).collect();
            let is_met = facets.iter().all(is_touched);
            is_met
                .then_some(())
                .ok_or_else(|| format!("the key {}", names.join(", ")))
        };
        if from == to {
            demand(from, &own)?;
        } else {
            // It is gone from one value and new at the other.
            demand(from, &facets(table, old, None))?;
            demand(to, &[Facet::INSERT])?;
        }
    }
    Ok(())
}

fn run(schema: schema::Schema, seed: u64, statements: usize) -> Seen {
    let mut oracle = Oracle::new(schema);
    let mut generator = Generator::new(seed);
    for _ in 0..statements {
        let (sql, params) = generator.statement(&oracle.catalog);
        if let Err(missed) = oracle.judge(&sql, &params) {
            panic!("seed {seed}: {missed}\n{sql}\n{params:?}");
        }
    }
    oracle.seen
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.statements += other.statements;
        self.failures += other.failures;
        self.rows += other.rows;
        self.cascades += other.cascades;
        self.learnt += other.learnt;
        self.exact += other.exact;
        self.unknown += other.unknown;
    }
}

#[test]
fn whatever_becomes_of_a_row_is_touched() {
    let seeds = if std::env::var_os("PLEXIDB_TEST_FULL").is_some() {
        200
    } else {
        4
    };
    let mut total = Seen::default();
    for (name, schema) in schema::all() {
        let mut of_schema = Seen::default();
        for seed in 1..=seeds {
            of_schema.add(&run(schema(), seed, 500));
        }
        let failures = of_schema.failures * 100 / of_schema.statements;
        assert!(failures < 60, "{name}: {of_schema:?}");
        total.add(&of_schema);
    }
    assert!(total.rows > 2_000 && total.cascades > 200, "{total:?}");
    assert!(total.learnt > 100 && total.exact > 1_000, "{total:?}");
}
