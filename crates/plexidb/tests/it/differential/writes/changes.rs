//! INSERT, upsert, UPDATE, DELETE, MERGE and writes in CTEs.

use plexidb::Dialect;

use super::Writes;
use crate::differential::case::Statement;
use crate::differential::schema::{Column, Kind, Relation};

impl Writes<'_> {
    pub(super) fn insert(&mut self, relation: &Relation) -> String {
        if self.random.percent(12) {
            return self.insert_select(relation);
        }
        let (columns, rows) = self.rows(relation);
        let verb = match (self.schema.dialect, self.random.below(8)) {
            (Dialect::Sqlite, 0) => "INSERT OR IGNORE",
            (Dialect::MySql, 0) => "INSERT IGNORE",
            _ => "INSERT",
        };
        let returning = self.returning(relation, "INSERT");
        format!("{verb} INTO {} {columns} VALUES {rows}{returning}", relation.name)
    }

    fn rows(&mut self, relation: &Relation) -> (String, String) {
        let columns: Vec<&Column> = relation
            .writable()
            .into_iter()
            .filter(|column| !column.may_be_omitted || self.random.percent(75))
            .collect();
        let columns = if columns.is_empty() {
            vec![&relation.columns[0]]
        } else {
            columns
        };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let rows: Vec<String> = (0..1 + self.random.below(5) / 3)
            .map(|_| {
                let values: Vec<String> = columns
                    .iter()
                    .map(|column| self.inserted(relation, column))
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        (format!("({})", names.join(", ")), rows.join(", "))
    }

    fn inserted(&mut self, relation: &Relation, column: &Column) -> String {
        let is_key = relation.columns[0].name == column.name;
        if is_key && column.kind == Kind::Int && self.random.percent(70) {
            return (9 + self.random.below(60)).to_string();
        }
        if is_key && self.random.percent(60) && matches!(column.kind, Kind::Text | Kind::Fold) {
            return format!("'k{}'", self.random.below(60));
        }
        if column.may_be_omitted && !is_key && self.random.percent(12) {
            return "NULL".to_owned();
        }
        if self.random.percent(8) && column.may_be_omitted && self.schema.dialect != Dialect::Sqlite {
            return "DEFAULT".to_owned();
        }
        column.value(self.random, self.schema.dialect)
    }

    fn insert_select(&mut self, relation: &Relation) -> String {
        let columns = relation.writable();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let shift = 10 + self.random.below(50);
        let values: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| match (at, column.kind) {
                (0, Kind::Int) => format!("a.{} + {shift}", column.name),
                (0, Kind::Text | Kind::Fold) => format!("'k{shift}'"),
                _ => format!("a.{}", column.name),
            })
            .collect();
        let condition = self.key_condition(relation, "a");
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} a WHERE {condition}",
            relation.name,
            names.join(", "),
            values.join(", "),
            relation.name
        )
    }

    pub(super) fn upsert(&mut self, relation: &Relation) -> String {
        let columns = relation.writable();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| column.value(self.random, self.schema.dialect))
            .collect();
        let column = columns[self.random.below(columns.len())];
        let value = column.value(self.random, self.schema.dialect);
        let name = &relation.name;
        let insert = format!(
            "INTO {name} ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        );
        let set = if self.random.percent(50) {
            value
        } else if self.schema.dialect == Dialect::MySql {
            format!("VALUES({})", column.name)
        } else {
            format!("excluded.{}", column.name)
        };
        let key: Vec<&str> = if !relation.unique.is_empty() && self.random.percent(30) {
            vec![relation.columns[relation.unique[0]].name.as_str()]
        } else {
            relation
                .key
                .iter()
                .map(|at| relation.columns[*at].name.as_str())
                .collect()
        };
        let column = &column.name;
        match (self.schema.dialect, self.random.below(5)) {
            (Dialect::MySql, 0) => format!("REPLACE {insert}"),
            (Dialect::MySql, 1) => format!("INSERT IGNORE {insert}"),
            (Dialect::MySql, _) => format!("INSERT {insert} ON DUPLICATE KEY UPDATE {column} = {set}"),
            (Dialect::Sqlite, 0) => format!("REPLACE {insert}"),
            (Dialect::Sqlite, 1) => format!("INSERT OR REPLACE {insert}"),
            (_, 2) => format!("INSERT {insert} ON CONFLICT DO NOTHING"),
            _ if key.is_empty() || relation.name.starts_with("heir") => {
                format!("INSERT {insert} ON CONFLICT DO NOTHING")
            }
            _ => {
                let returning = self.returning(relation, "INSERT");
                format!(
                    "INSERT {insert} ON CONFLICT ({}) DO UPDATE SET {column} = {set}{returning}",
                    key.join(", ")
                )
            }
        }
    }

    pub(super) fn update(&mut self, relation: &Relation) -> Statement {
        let columns = relation.writable();
        let key_columns = relation.key.len();
        let mut assignments: Vec<String> = Vec::new();
        let changed = if self.random.percent(30) {
            0
        } else {
            key_columns.min(columns.len() - 1)
        };
        for column in &columns[changed..] {
            if assignments.is_empty() || self.random.percent(15) {
                let value = self.assigned(relation, column, "");
                assignments.push(format!("{} = {value}", column.name));
            }
            if self.random.percent(40) {
                assignments.truncate(assignments.len().max(1));
            }
        }
        if self.random.percent(60) {
            let column = columns[changed + self.random.below(columns.len() - changed)];
            let value = self.assigned(relation, column, "");
            assignments = vec![format!("{} = {value}", column.name)];
        }
        let (condition, params) = self.condition(relation, &relation.name);
        let filter = if self.random.percent(5) {
            String::new()
        } else {
            format!(" WHERE {condition}")
        };
        let params = if filter.is_empty() { Vec::new() } else { params };
        let returning = self.returning(relation, "UPDATE");
        Statement {
            sql: format!(
                "UPDATE {} SET {}{filter}{returning}",
                relation.name,
                assignments.join(", ")
            ),
            params,
            ordered: false,
        }
    }

    pub(super) fn delete(&mut self, relation: &Relation) -> Statement {
        let (condition, params) = self.condition(relation, &relation.name);
        let returning = self.returning(relation, "DELETE");
        Statement {
            sql: format!("DELETE FROM {} WHERE {condition}{returning}", relation.name),
            params,
            ordered: false,
        }
    }

    pub(super) fn update_from(&mut self, relation: &Relation) -> String {
        let other = self.writable_relation();
        let columns = relation.writable();
        let column = columns[columns.len() - 1];
        let value = column.value(self.random, self.schema.dialect);
        let source = other
            .columns
            .iter()
            .find(|candidate| candidate.kind == column.kind)
            .map_or_else(|| value.clone(), |candidate| format!("max(b.{})", candidate.name));
        let Some(on) = super::Reads::new(self.random, self.schema).on(relation, &relation.name, other, "b")
        else {
            return self.insert(relation);
        };
        let condition = self.key_condition(other, "b");
        let (name, column) = (&relation.name, &column.name);
        if self.random.percent(30) && !source.contains("max(") || relation.name == other.name {
            return format!(
                "UPDATE {name} SET {column} = {value} WHERE EXISTS (SELECT 1 FROM {} b WHERE {on})",
                other.name
            );
        }
        match self.schema.dialect {
            Dialect::MySql => {
                let own = format!("{name}.{column}");
                format!(
                    "UPDATE {name} JOIN {} b ON {on} SET {own} = {value} WHERE {condition}",
                    other.name
                )
            }
            _ => format!(
                "UPDATE {name} SET {column} = {value} FROM {} b WHERE {on} AND {condition}",
                other.name
            ),
        }
    }

    pub(super) fn delete_with_others(&mut self, relation: &Relation) -> String {
        let other = self.writable_relation();
        let Some(on) = super::Reads::new(self.random, self.schema).on(relation, &relation.name, other, "b")
        else {
            return self.insert(relation);
        };
        let condition = self.key_condition(other, "b");
        let name = &relation.name;
        match self.schema.dialect {
            Dialect::Sqlite => format!(
                "DELETE FROM {name} WHERE EXISTS (SELECT 1 FROM {} b WHERE {on} AND {condition})",
                other.name
            ),
            Dialect::Postgres => format!(
                "DELETE FROM {name} USING {} b WHERE {on} AND {condition}",
                other.name
            ),
            Dialect::MySql if relation.is_table && other.name != relation.name => {
                format!(
                    "DELETE {name} FROM {name} JOIN {} b ON {on} WHERE {condition}",
                    other.name
                )
            }
            Dialect::MySql => format!("DELETE FROM {name} WHERE {}", self.key_condition(relation, name)),
        }
    }

    /// What only one database has, and swaps of keys.
    pub(super) fn special(&mut self, relation: &Relation) -> String {
        let name = &relation.name;
        let columns = relation.writable();
        let column = columns[columns.len() - 1];
        let value = column.value(self.random, self.schema.dialect);
        let condition = self.key_condition(relation, name);
        let key = &relation.columns[0].name;
        match (self.schema.dialect, self.random.below(6)) {
            (Dialect::Postgres, 0) => {
                let other = self.writable_relation();
                let other_condition = self.key_condition(other, &other.name);
                format!(
                    "WITH gone AS (DELETE FROM {} WHERE {other_condition} RETURNING 1) \
                     UPDATE {name} SET {} = {value} WHERE {condition}",
                    other.name, column.name
                )
            }
            (Dialect::Postgres, 1 | 2) if relation.is_table => {
                let by = self.key_condition(relation, "src");
                let action = *self.random.pick(&["DELETE", "UPDATE"]);
                let action = if action == "UPDATE" {
                    format!("UPDATE SET {} = {value}", column.name)
                } else {
                    action.to_owned()
                };
                format!(
                    "MERGE INTO {name} AS dst USING {name} AS src ON dst.{key} = src.{key} AND {by} WHEN MATCHED THEN {action}"
                )
            }
            (Dialect::Postgres, 3) if relation.is_table && self.random.percent(40) => {
                format!("TRUNCATE {name} CASCADE")
            }
            (Dialect::MySql, 3) if relation.is_table && self.random.percent(20) => {
                format!("TRUNCATE TABLE {name}")
            }
            (Dialect::MySql, 0) if relation.is_table => {
                format!(
                    "UPDATE {name} SET {} = {value} WHERE {condition} ORDER BY {key} LIMIT 1",
                    column.name
                )
            }
            (Dialect::MySql, 1) if relation.is_table => {
                format!("DELETE FROM {name} ORDER BY {key} DESC LIMIT 1")
            }
            _ if relation.key == [0] && relation.columns[0].kind == Kind::Int => {
                let (one, two) = (self.random.below(9), 9 + self.random.below(60));
                format!(
                    "UPDATE {name} SET {key} = CASE {key} WHEN {one} THEN {two} ELSE {one} END WHERE {key} IN ({one}, {two})"
                )
            }
            _ => format!("UPDATE {name} SET {} = {value} WHERE {condition}", column.name),
        }
    }
}
