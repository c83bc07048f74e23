//! Random writes: inserts, upserts, updates and deletes of all shapes, alone, in batches and in transactions.

use plexidb::{Dialect, Value};

use super::case::{Part, Statement, Step};
use super::random::Random;
use super::reads::Reads;
use super::schema::{Column, Kind, Relation, Schema, literal, odd_literal};

mod changes;
mod definitions;

pub(super) struct Writes<'a> {
    pub(super) random: &'a mut Random,
    pub(super) schema: &'a Schema,
    definitions: usize,
}

impl<'a> Writes<'a> {
    pub(super) fn new(random: &'a mut Random, schema: &'a Schema) -> Self {
        Self {
            random,
            schema,
            definitions: 0,
        }
    }

    pub(super) fn step(&mut self) -> Step {
        match self.random.below(40) {
            0 | 1 => self.batch(),
            2..=9 => {
                let count = 1 + self.random.below(4);
                let parts = (0..count).map(|_| self.part()).collect();
                Step::Transaction {
                    parts,
                    commit: self.random.percent(60),
                }
            }
            10 => {
                self.definitions += 1;
                Step::Alone(Statement::plain(self.definition()))
            }
            _ => Step::Alone(self.write()),
        }
    }

    fn part(&mut self) -> Part {
        if !self.random.percent(30) {
            return Part::Write(self.write());
        }
        let writes = (0..1 + self.random.below(2)).map(|_| self.write()).collect();
        Part::Savepoint {
            writes,
            keep: self.random.percent(50),
        }
    }

    fn write(&mut self) -> Statement {
        let relation = self.writable_relation();
        match self.random.below(20) {
            0..=4 => Statement::plain(self.insert(relation)),
            5 | 6 => Statement::plain(self.upsert(relation)),
            7..=13 => self.update(relation),
            14..=16 => self.delete(relation),
            17 => Statement::plain(self.update_from(relation)),
            18 => Statement::plain(self.delete_with_others(relation)),
            _ => Statement::plain(self.special(relation)),
        }
    }

    pub(super) fn writable_relation(&mut self) -> &'a Relation {
        let schema: &'a Schema = self.schema;
        let relations: Vec<&Relation> = schema
            .relations
            .iter()
            .filter(|relation| {
                relation.is_writable && (relation.is_table || self.schema.dialect != Dialect::Sqlite)
            })
            .collect();
        relations[self.random.below(relations.len())]
    }

    fn batch(&mut self) -> Step {
        let relation = self.writable_relation();
        let columns: Vec<&Column> = relation
            .writable()
            .into_iter()
            .filter(|column| {
                matches!(column.kind, Kind::Int | Kind::Text | Kind::Fold) || !column.may_be_omitted
            })
            .collect();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let marks: Vec<String> = (1..=columns.len())
            .map(|at| match self.schema.dialect {
                Dialect::Postgres => format!("${at}"),
                _ => "?".to_owned(),
            })
            .collect();
        let first = 100 + self.random.below(60) as i64;
        let rows = (0..1 + self.random.below(3))
            .map(|row| {
                columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| match column.kind {
                        Kind::Int if at == 0 => Value::Int(first + row as i64),
                        Kind::Int if column.may_be_omitted && self.random.percent(30) => Value::Null,
                        Kind::Int if column.is_link => Value::Int(self.random.below(5) as i64),
                        Kind::Int => Value::Int(self.random.below(9) as i64),
                        kind => Value::Text(
                            literal(self.random, self.schema.dialect, kind)
                                .trim_matches('\'')
                                .to_owned(),
                        ),
                    })
                    .collect()
            })
            .collect();
        Step::Many {
            sql: format!(
                "INSERT INTO {} ({}) VALUES ({})",
                relation.name,
                names.join(", "),
                marks.join(", ")
            ),
            rows,
        }
    }

    /// A condition over the relation, with the values bound to it.
    fn condition(&mut self, relation: &Relation, alias: &str) -> (String, Vec<Value>) {
        let mut reads = Reads::new(self.random, self.schema);
        let condition = reads.condition(relation, alias);
        (condition, reads.take_params())
    }

    /// A condition without bound values, and most often by the key.
    fn key_condition(&mut self, relation: &Relation, alias: &str) -> String {
        let at = match relation.key.first() {
            Some(at) if self.random.percent(70) => *at,
            _ => self.random.below(relation.columns.len()),
        };
        let column = &relation.columns[at];
        let value = odd_literal(self.random, self.schema.dialect, column.kind);
        format!("{alias}.{} = {value}", column.name)
    }

    /// A new value for a column: a constant, NULL where that may be, an expression, another column.
    fn assigned(&mut self, relation: &Relation, column: &Column, prefix: &str) -> String {
        let same: Vec<&Column> = relation
            .columns
            .iter()
            .filter(|other| other.kind == column.kind)
            .collect();
        match self.random.below(10) {
            0 if column.may_be_omitted => "NULL".to_owned(),
            1 if column.may_be_omitted && self.schema.dialect != Dialect::Sqlite => "DEFAULT".to_owned(),
            2 | 3 if matches!(column.kind, Kind::Int | Kind::Numeric | Kind::Double) => {
                format!("{prefix}{} + 1", column.name)
            }
            4 => format!("{prefix}{}", self.random.pick(&same).name),
            _ => column.value(self.random, self.schema.dialect),
        }
    }

    fn returning(&mut self, relation: &Relation, statement: &str) -> String {
        let is_possible = match self.schema.dialect {
            Dialect::MySql => statement != "UPDATE" && relation.is_table,
            _ => true,
        };
        if !is_possible || !self.random.percent(20) {
            return String::new();
        }
        if self.random.percent(50) {
            " RETURNING *".to_owned()
        } else {
            format!(" RETURNING {}", relation.columns[relation.columns.len() - 1].name)
        }
    }
}
