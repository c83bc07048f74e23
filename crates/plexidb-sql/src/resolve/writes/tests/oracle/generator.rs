//! Writes of all forms over few values, so that keys meet, conflict and move.
//!
//! Invariant: the same seed makes the same statements.

use plexidb_core::{Catalog, CatalogColumn, KeyKind, Table};
use rusqlite::types::Value;

pub(super) struct Generator {
    state: u64,
    params: Vec<Value>,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            params: Vec::new(),
        }
    }

    /// A write to one of the tables, with its parameters.
    pub(super) fn statement(&mut self, catalog: &Catalog) -> (String, Vec<Value>) {
        self.params.clear();
        let table = &catalog.tables()[self.below(catalog.tables().len())];
        let sql = match self.below(10) {
            0..5 => self.insert(table),
            5..8 => self.update(table),
            _ => self.delete(table),
        };
        let returning = ["", "", "", " RETURNING *", " RETURNING 1 AS one, 'two'"];
        let returning = returning[self.below(returning.len())];
        (format!("{sql}{returning}"), std::mem::take(&mut self.params))
    }

    /// A number below this one.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % bound as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn column<'t>(&mut self, table: &'t Table) -> &'t CatalogColumn {
        // A row's number is what the oracle knows it by.
        let usable: Vec<&CatalogColumn> = table
            .columns
            .iter()
            .filter(|column| !column.is_generated && !column.is_auto)
            .collect();
        usable[self.below(usable.len())]
    }

    fn value(&mut self, column: &CatalogColumn) -> String {
        let number = i64::try_from(self.below(6)).unwrap();
        let text = ["a", "b", "A", "a ", "3", "\u{e9}"][self.below(6)];
        let is_text = column.type_name.contains("TEXT");
        let value = match (is_text, self.below(24)) {
            (_, 0) => Value::Null,
            (false, 1) => Value::Text(number.to_string()),
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            (false, 2) => Value::Real(number as f64),
            (false, 3) => Value::Real(1.5),
            (false, 4) => {
                return ["1 + 1", "abs(-2)", "(SELECT max(id) FROM teams)"][self.below(3)].to_owned();
            }
            (false, 5) => Value::Text("2.0".into()),
            (true, 1) => Value::Integer(number),
            (true, 2) => return "lower('B')".to_owned(),
            (false, _) => Value::Integer(number),
            (true, _) => Value::Text(text.into()),
        };
        if self.one_in(2) {
            self.params.push(value);
            return "?".to_owned();
        }
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => format!("'{text}'"),
            Value::Blob(_) => unreachable!("no blobs are made"),
        }
    }

    fn insert(&mut self, table: &Table) -> String {
        let verbs = [
            "INSERT INTO",
            "INSERT INTO",
            "INSERT OR IGNORE INTO",
            "INSERT OR REPLACE INTO",
            "REPLACE INTO",
        ];
        let verb = verbs[self.below(verbs.len())];
        let is_all = self.one_in(4) && !table.columns.iter().any(|column| column.is_generated);
        let mut columns: Vec<&CatalogColumn> = table
            .columns
            .iter()
            .filter(|column| !column.is_generated)
            .collect();
        if !is_all {
            let left_out = self.below(3);
            for _ in 0..left_out.min(columns.len() - 1) {
                let index = self.below(columns.len());
                columns.remove(index);
            }
        }
        let mut rows = Vec::new();
        for _ in 0..=self.below(3) {
            let cells: Vec<String> = columns.iter().map(|column| self.value(column)).collect();
            rows.push(format!("({})", cells.join(", ")));
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let list = if is_all {
            String::new()
        } else {
            format!(" ({})", names.join(", "))
        };
        let source = if self.one_in(8) && rows.len() == 1 {
            format!("SELECT {} WHERE true", rows[0].trim_matches(['(', ')']))
        } else {
            format!("VALUES {}", rows.join(", "))
        };
        let conflict = if verb == "INSERT INTO" {
            self.conflict(table)
        } else {
            String::new()
        };
        format!("{verb} {}{list} {source}{conflict}", table.name.name)
    }

    fn conflict(&mut self, table: &Table) -> String {
        let unique: Vec<&plexidb_core::Key> = table
            .keys
            .iter()
            .filter(|key| key.kind != KeyKind::Index)
            .collect();
        let key = unique[self.below(unique.len())].columns.join(", ");
        match self.below(6) {
            0 => " ON CONFLICT DO NOTHING".to_owned(),
            1 => format!(" ON CONFLICT ({key}) DO NOTHING"),
            2 => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", self.assignments(table)),
            3 => format!(" ON CONFLICT DO UPDATE SET {}", self.assignments(table)),
            4 => format!(
                " ON CONFLICT ({key}) DO NOTHING ON CONFLICT DO UPDATE SET {} WHERE {}",
                self.assignments(table),
                self.conditions(table)
            ),
            _ => String::new(),
        }
    }

    fn assignments(&mut self, table: &Table) -> String {
        let mut found = Vec::new();
        for _ in 0..=self.below(2) {
            let column = self.column(table);
            found.push(match self.below(8) {
                0 => format!("{} = {}", column.name, self.column(table).name),
                1 => format!("{0} = {0} + 1", column.name),
                2 => {
                    let other = self.column(table);
                    let values = (self.value(column), self.value(other));
                    format!("({}, {}) = ({}, {})", column.name, other.name, values.0, values.1)
                }
                _ => format!("{} = {}", column.name, self.value(column)),
            });
        }
        found.join(", ")
    }

    fn condition(&mut self, table: &Table) -> String {
        let column = self.column(table);
        let name = match self.below(6) {
            0 => format!("{}.{}", table.name.name, column.name),
            1 => column.name.to_uppercase(),
            _ => column.name.clone(),
        };
        match self.below(16) {
            0 => format!("{name} > {}", self.value(column)),
            1 => format!("{} = {name}", self.value(column)),
            2 => format!(
                "({name} = {} OR {name} = {})",
                self.value(column),
                self.value(column)
            ),
            3 => format!("({name} = {} OR 1 = {})", self.value(column), self.below(3)),
            4 => format!("NOT ({name} = {})", self.value(column)),
            5 => format!("{name} IS {}", self.value(column)),
            6 => format!("{name} = {} COLLATE NOCASE", self.value(column)),
            7 => format!("+{name} = {}", self.value(column)),
            8 | 9 => format!("{name} IN ({}, {})", self.value(column), self.value(column)),
            10 => format!(
                "{name} IN (SELECT id FROM teams WHERE boss = {})",
                self.value(column)
            ),
            11 => format!("({name}, 1) = ({}, 1)", self.value(column)),
            _ => format!("{name} = {}", self.value(column)),
        }
    }

    fn conditions(&mut self, table: &Table) -> String {
        let count = 1 + self.below(2);
        let found: Vec<String> = (0..count).map(|_| self.condition(table)).collect();
        found.join(" AND ")
    }

    /// The target, perhaps with another name, and what joins it.
    fn target(&mut self, table: &Table) -> (String, &'static str) {
        let name = &table.name.name;
        match self.below(8) {
            0 => (format!("main.{name} AS {name}"), ""),
            1 => (name.clone(), " FROM teams AS other"),
            _ => (name.clone(), ""),
        }
    }

    fn update(&mut self, table: &Table) -> String {
        let verbs = ["UPDATE", "UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE"];
        let verb = verbs[self.below(verbs.len())];
        let (target, joined) = self.target(table);
        if !joined.is_empty() {
            let assignment = self.plain_assignment(table);
            let column = self.column(table);
            let (own, value) = (&column.name, self.value(column));
            // A name without a qualifier may be that of either.
            let conditions = &[
                format!("{0}.{own} = other.id AND other.boss = {value}", table.name.name),
                format!("{0}.{own} = {value} AND other.id = {0}.{own}", table.name.name),
                format!("other.boss = {value} AND other.id = 2"),
            ][self.below(3)];
            return format!("{verb} {target} SET {assignment}{joined} WHERE {conditions}");
        }
        let assignments = self.assignments(table);
        let conditions = self.conditions(table);
        format!("{verb} {target} SET {assignments} WHERE {conditions}")
    }

    fn plain_assignment(&mut self, table: &Table) -> String {
        let column = self.column(table);
        format!("{} = {}", column.name, self.value(column))
    }

    fn delete(&mut self, table: &Table) -> String {
        let conditions = self.conditions(table);
        let alias = if self.one_in(8) {
            format!(" AS {}", table.name.name)
        } else {
            String::new()
        };
        format!("DELETE FROM {}{alias} WHERE {conditions}", table.name.name)
    }
}
