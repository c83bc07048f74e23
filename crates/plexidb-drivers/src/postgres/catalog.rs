//! Reads the schema: all questions in one round trip, and a catalog from the answers.
//!
//! Invariant: what the server guarantees for some rows only (partial, deferrable, not yet valid, inherited) is reported
//! as no guarantee.

use std::collections::HashMap;

use plexidb_core::{
    Catalog, CatalogColumn, Dialect, ForeignKey, ForeignKeyAction, Key, KeyKind, Table, TableKind, TableName,
    Trigger, Volatility,
};

use super::text_query::{TextResults, TextRow};

mod comparison;
mod questions;
mod trigger;

pub(super) use questions::QUESTIONS;

/// The cells of one answer's row, taken from left to right.
struct Cells(std::vec::IntoIter<Option<String>>);

impl Cells {
    fn new(row: TextRow) -> Self {
        Self(row.into_iter())
    }

    fn optional(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    fn text(&mut self) -> String {
        self.optional().unwrap_or_default()
    }

    fn flag(&mut self) -> bool {
        self.optional().as_deref() == Some("t")
    }

    fn name(&mut self) -> TableName {
        TableName {
            schema: self.text(),
            name: self.text(),
        }
    }
}

/// Tables by their oid, in the order in which the server listed them.
struct Tables {
    tables: Vec<Table>,
    by_oid: HashMap<String, usize>,
}

impl Tables {
    fn get(&mut self, oid: &str) -> Option<&mut Table> {
        self.by_oid.get(oid).and_then(|index| self.tables.get_mut(*index))
    }
}

/// The catalog that the answers to [`QUESTIONS`] describe.
pub(super) fn assemble(mut answers: TextResults, server_version: &str) -> Catalog {
    let mut tables = tables(answers.take(questions::TABLES));
    add_columns(&mut tables, answers.take(questions::COLUMNS));
    add_keys(&mut tables, answers.take(questions::KEYS));
    add_foreign_keys(&mut tables, answers.take(questions::FOREIGN_KEYS));
    add_parents(&mut tables, answers.take(questions::PARENTS));
    add_policies(&mut tables, answers.take(questions::POLICIES));
    add_triggers(&mut tables, answers.take(questions::TRIGGERS));
    let functions = answers.take(questions::FUNCTIONS).into_iter().map(function);
    let search_path = answers.take(questions::SEARCH_PATH).into_iter();
    Catalog::new(
        Dialect::Postgres,
        server_version.to_owned(),
        search_path.map(|row| Cells::new(row).text()).collect(),
        tables.tables,
        functions.collect(),
    )
}

fn tables(rows: Vec<TextRow>) -> Tables {
    let mut by_oid = HashMap::with_capacity(rows.len());
    let mut tables = Vec::with_capacity(rows.len());
    for row in rows {
        let mut cells = Cells::new(row);
        by_oid.insert(cells.text(), tables.len());
        let name = cells.name();
        let kind = match cells.text().as_str() {
            "r" => TableKind::Table,
            "p" => TableKind::Partitioned,
            "v" => TableKind::View,
            "m" => TableKind::MaterializedView,
            _ => TableKind::Foreign,
        };
        let mut table = Table::new(name, kind);
        table.has_row_security = cells.flag();
        if cells.flag() {
            table.triggers.push(Trigger::unknown("(any)"));
        }
        table.is_readable = cells.flag();
        table.view_definition = cells.optional();
        table.is_transactional = kind != TableKind::Foreign;
        tables.push(table);
    }
    Tables { tables, by_oid }
}

fn add_columns(tables: &mut Tables, rows: Vec<TextRow>) {
    for row in rows {
        let mut cells = Cells::new(row);
        if let Some(table) = tables.get(&cells.text()) {
            let (name, type_name) = (cells.text(), cells.text());
            let (is_nullable, is_generated) = (cells.flag(), cells.flag());
            let (default, collation) = (cells.optional(), cells.optional());
            let comparison = comparison::comparison(&type_name, cells.flag());
            table.columns.push(CatalogColumn {
                name,
                type_name,
                is_nullable,
                is_generated,
                collation,
                comparison,
                is_set_on_update: false,
                is_auto: default
                    .as_deref()
                    .is_some_and(|default| default.contains("AS IDENTITY")),
                default,
            });
        }
    }
}

fn add_keys(tables: &mut Tables, rows: Vec<TextRow>) {
    for row in rows {
        let mut cells = Cells::new(row);
        let (oid, name, kind, column) = (cells.text(), cells.text(), cells.text(), cells.text());
        let Some(table) = tables.get(&oid) else {
            continue;
        };
        match table.keys.last_mut().filter(|key| key.name == name) {
            Some(key) => key.columns.push(column),
            None => table.keys.push(Key {
                name,
                kind: match kind.as_str() {
                    "p" => KeyKind::Primary,
                    "u" => KeyKind::Unique,
                    _ => KeyKind::Index,
                },
                columns: vec![column],
            }),
        }
    }
}

fn add_foreign_keys(tables: &mut Tables, rows: Vec<TextRow>) {
    // Names of foreign keys are unique within a table alone.
    let mut last_constraint = String::new();
    for row in rows {
        let mut cells = Cells::new(row);
        let (oid, constraint) = (cells.text(), cells.text());
        let Some(table) = tables.get(&oid) else {
            continue;
        };
        let (column, parent_column) = (cells.text(), cells.text());
        if constraint != last_constraint {
            table.foreign_keys.push(ForeignKey {
                columns: Vec::new(),
                parent: cells.name(),
                parent_columns: Vec::new(),
                on_delete: action(&cells.text()),
                on_update: action(&cells.text()),
                is_enforced: cells.flag(),
            });
            last_constraint = constraint;
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(column);
            key.parent_columns.push(parent_column);
        }
    }
}

fn action(code: &str) -> ForeignKeyAction {
    match code {
        "c" => ForeignKeyAction::Cascade,
        "n" => ForeignKeyAction::SetNull,
        "d" => ForeignKeyAction::SetDefault,
        _ => ForeignKeyAction::Refuse,
    }
}

fn add_parents(tables: &mut Tables, rows: Vec<TextRow>) {
    for row in rows {
        let mut cells = Cells::new(row);
        if let Some(table) = tables.get(&cells.text()) {
            table.parents.push(cells.name());
        }
    }
}

fn add_policies(tables: &mut Tables, rows: Vec<TextRow>) {
    for row in rows {
        let mut cells = Cells::new(row);
        if let Some(table) = tables.get(&cells.text()) {
            table.row_policies.push(cells.text());
        }
    }
}

fn add_triggers(tables: &mut Tables, rows: Vec<TextRow>) {
    for row in rows {
        let mut cells = Cells::new(row);
        if let Some(table) = tables.get(&cells.text()) {
            table.triggers.push(trigger::trigger(trigger::Definition {
                name: cells.text(),
                acts_on: cells.text(),
                conditional: cells.optional(),
                body: cells.optional(),
            }));
        }
    }
}

fn function(row: TextRow) -> (String, Volatility) {
    let mut cells = Cells::new(row);
    let name = cells.text();
    let volatility = match cells.text().as_str() {
        "0" => Volatility::Immutable,
        "1" => Volatility::Stable,
        _ => Volatility::Volatile,
    };
    (name, volatility)
}
