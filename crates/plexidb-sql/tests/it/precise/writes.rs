//! Writes of all forms over few values, so that keys meet, conflict and move.
//!
//! Invariant: the same seed makes the same statements.

use plexidb_core::{Catalog, CatalogColumn, Key, KeyKind, Table};
use rusqlite::types::Value;

use super::perfect::base_tables;
use super::values::Values;

pub(super) struct Writes(Values);

impl Writes {
    pub(super) fn new(seed: u64) -> Self {
        Self(Values::new(seed))
    }

    pub(super) fn next(&mut self, catalog: &Catalog) -> (String, Vec<Value>) {
        let tables: Vec<&Table> = base_tables(catalog).collect();
        let table = self.0.dice.pick(&tables);
        let sql = match self.0.dice.below(20) {
            0..8 => self.insert(table),
            8..18 => self.update(table),
            _ => {
                let condition = self.conditions(table);
                format!("DELETE FROM {} WHERE {condition}", table.name.name)
            }
        };
        let returning = self
            .0
            .dice
            .pick(&["", "", "", " RETURNING *", " RETURNING 1 AS one"]);
        self.0.finish(&format!("{sql}{returning}"))
    }

    fn insert(&mut self, table: &Table) -> String {
        let verb = self.0.dice.pick(&[
            "INSERT INTO",
            "INSERT INTO",
            "INSERT OR IGNORE INTO",
            "INSERT OR REPLACE INTO",
        ]);
        let mut columns = settable(table);
        if self.0.dice.one_in(3) {
            columns.remove(self.0.dice.below(columns.len()));
        }
        let count = 1 + self.0.dice.below(2);
        let rows: Vec<String> = (0..count)
            .map(|_| {
                let cells: Vec<String> = columns.iter().map(|column| self.0.of(column)).collect();
                format!("({})", cells.join(", "))
            })
            .collect();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let conflict = if verb == "INSERT INTO" {
            self.conflict(table)
        } else {
            String::new()
        };
        format!(
            "{verb} {} ({}) VALUES {}{conflict}",
            table.name.name,
            names.join(", "),
            rows.join(", ")
        )
    }

    fn conflict(&mut self, table: &Table) -> String {
        let unique: Vec<&Key> = table
            .keys
            .iter()
            .filter(|key| key.kind != KeyKind::Index)
            .collect();
        let key = self.0.dice.pick(&unique).columns.join(", ");
        match self.0.dice.below(4) {
            0 => " ON CONFLICT DO NOTHING".to_owned(),
            1 => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", self.assignments(table)),
            2 => format!(" ON CONFLICT DO UPDATE SET {}", self.assignments(table)),
            _ => String::new(),
        }
    }

    fn update(&mut self, table: &Table) -> String {
        let verb = self
            .0
            .dice
            .pick(&["UPDATE", "UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE"]);
        let assignments = self.assignments(table);
        let condition = self.conditions(table);
        format!("{verb} {} SET {assignments} WHERE {condition}", table.name.name)
    }

    fn assignments(&mut self, table: &Table) -> String {
        let columns = settable(table);
        let count = 1 + self.0.dice.below(2);
        let found: Vec<String> = (0..count)
            .map(|_| {
                let column = self.0.dice.pick(&columns);
                match self.0.dice.below(8) {
                    0 => format!("{0} = {0} + 1", column.name),
                    1 => format!("{} = {}", column.name, self.0.dice.pick(&columns).name),
                    2 if column.type_name.contains("TEXT") => format!("{0} = upper({0})", column.name),
                    _ => format!("{} = {}", column.name, self.0.of(column)),
                }
            })
            .collect();
        found.join(", ")
    }

    fn conditions(&mut self, table: &Table) -> String {
        let columns: Vec<&CatalogColumn> = table.columns.iter().collect();
        let count = self.0.dice.pick(&[1, 1, 1, 2]);
        let found: Vec<String> = (0..count)
            .map(|_| {
                // Most writes are to one row.
                let column = if self.0.dice.one_in(2) {
                    columns[0]
                } else {
                    self.0.dice.pick(&columns)
                };
                let name = &column.name;
                match self.0.dice.below(8) {
                    0 => format!("{name} > {}", self.0.of(column)),
                    1 => format!("{name} IN ({}, {})", self.0.of(column), self.0.of(column)),
                    2 => format!("({name} = {} OR {name} IS NULL)", self.0.of(column)),
                    _ => format!("{name} = {}", self.0.of(column)),
                }
            })
            .collect();
        found.join(" AND ")
    }
}

fn settable(table: &Table) -> Vec<&CatalogColumn> {
    let columns = table.columns.iter();
    columns.filter(|column| !column.is_generated).collect()
}
