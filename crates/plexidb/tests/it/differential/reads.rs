//! Random reads: by keys in all spellings, ranges, joins, subqueries, CTEs, set operations, groups and windows.
//!
//! Invariant: the answer follows from the rows alone. A LIMIT stands only over a total order, and what is grouped or made
//! distinct has one spelling for equal values, so that plans and physical order do not matter.

use plexidb::{Dialect, Value};

use super::case::Statement;
use super::random::Random;
use super::schema::{Column, Kind, Relation, Schema, literal, odd_literal, sought};

mod joins;
mod shapes;

pub(super) struct Reads<'a> {
    pub(super) random: &'a mut Random,
    pub(super) schema: &'a Schema,
    params: Vec<Value>,
    is_ordered: bool,
}

impl<'a> Reads<'a> {
    pub(super) fn new(random: &'a mut Random, schema: &'a Schema) -> Self {
        Self {
            random,
            schema,
            params: Vec::new(),
            is_ordered: false,
        }
    }

    pub(super) fn generate(&mut self) -> Statement {
        self.params.clear();
        self.is_ordered = false;
        let sql = match self.random.below(26) {
            0..=13 => self.lookup(),
            14..=17 => self.join(),
            18 => self.subquery(),
            19 => self.derived(),
            20 => self.with(),
            21 => self.set_operation(),
            22 => self.grouped(),
            23 => self.windowed(),
            24 => self.counted(),
            _ => self.paged(),
        };
        Statement {
            sql,
            params: std::mem::take(&mut self.params),
            ordered: self.is_ordered,
        }
    }

    /// The values bound by what was made since.
    pub(super) fn take_params(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.params)
    }

    fn relation(&mut self) -> &'a Relation {
        let schema: &'a Schema = self.schema;
        self.random.pick(&schema.relations)
    }

    /// One relation by a condition.
    fn lookup(&mut self) -> String {
        let relation = self.relation();
        let alias = match self.random.below(4) {
            0 => self.random.pick(&self.schema.relations).name.clone(),
            _ => "a".to_owned(),
        };
        // An alias that is the name of another table shadows it; quoted and qualified names are left out here.
        let alias = if alias.contains(['"', '`', '.']) {
            "a".to_owned()
        } else {
            alias
        };
        let list = self.list(relation, &alias);
        let condition = self.condition(relation, &alias);
        format!(
            "SELECT {list} FROM {} AS {alias} WHERE {condition}",
            relation.name
        )
    }

    fn list(&mut self, relation: &Relation, alias: &str) -> String {
        match self.random.below(10) {
            0 | 1 => "*".to_owned(),
            2 => format!("{alias}.*"),
            3 => "1".to_owned(),
            4 if self.schema.dialect == Dialect::Postgres => alias.to_owned(),
            4 if self.schema.dialect == Dialect::Sqlite && relation.is_table => {
                format!("{alias}.rowid, {alias}.{}", relation.columns[0].name)
            }
            5 => {
                let column = self.random.pick(&relation.columns);
                format!("count(*), count({alias}.{})", column.name)
            }
            _ => {
                let mut names: Vec<String> = relation
                    .columns
                    .iter()
                    .filter(|_| self.random.percent(45))
                    .map(|column| format!("{alias}.{}", column.name))
                    .collect();
                if names.is_empty() {
                    names.push(format!("{alias}.{}", relation.columns[0].name));
                }
                names.join(", ")
            }
        }
    }

    /// A column by which rows are looked up, most often one with a key or an index.
    fn probed<'r>(&mut self, relation: &'r Relation) -> &'r Column {
        let at = match self.random.below(10) {
            0..=3 if !relation.key.is_empty() => *self.random.pick(&relation.key),
            4 | 5 if !relation.unique.is_empty() => *self.random.pick(&relation.unique),
            6 | 7 if !relation.indexed.is_empty() => *self.random.pick(&relation.indexed),
            _ => self.random.below(relation.columns.len()),
        };
        &relation.columns[at.min(relation.columns.len() - 1)]
    }

    pub(super) fn condition(&mut self, relation: &Relation, alias: &str) -> String {
        if relation.key.len() > 1 && self.random.percent(40) {
            let parts: Vec<String> = relation
                .key
                .iter()
                .map(|at| {
                    let column = &relation.columns[*at];
                    let value = self.value(column.kind);
                    format!("{alias}.{} = {value}", column.name)
                })
                .collect();
            return parts.join(" AND ");
        }
        let first = self.comparison(relation, alias);
        match self.random.below(10) {
            0 | 1 => format!("{first} AND {}", self.comparison(relation, alias)),
            2 => format!("({first} OR {})", self.comparison(relation, alias)),
            3 => format!("NOT ({first})"),
            _ => first,
        }
    }

    fn comparison(&mut self, relation: &Relation, alias: &str) -> String {
        let column = self.probed(relation);
        let name = format!("{alias}.{}", column.name);
        let kind = column.kind;
        match self.random.below(16) {
            0..=6 => format!("{name} = {}", self.value(kind)),
            7 => format!("{} = {name}", self.value(kind)),
            8 => format!("{name} IN ({})", self.values(kind, 3)),
            9 => format!("{name} IN ({})", self.values(kind, 19)),
            10 => format!("({name} = {} OR {name} = {})", self.value(kind), self.value(kind)),
            11 if kind != Kind::Bool => format!("{name} > {}", self.value(kind)),
            12 if kind != Kind::Bool => {
                format!("{name} BETWEEN {} AND {}", self.value(kind), self.value(kind))
            }
            13 => format!("{name} IS NULL"),
            14 => format!("{name} <> {}", self.value(kind)),
            15 => match self.schema.dialect {
                Dialect::MySql => format!("{name} <=> {}", self.value(kind)),
                Dialect::Sqlite => format!("{name} IS {}", self.value(kind)),
                Dialect::Postgres => format!("{name} IS NOT DISTINCT FROM {}", self.value(kind)),
            },
            _ => format!("{name} IS NOT NULL"),
        }
    }

    fn values(&mut self, kind: Kind, count: usize) -> String {
        let values: Vec<String> = (0..count)
            .map(|_| odd_literal(self.random, self.schema.dialect, kind))
            .collect();
        values.join(", ")
    }

    /// A value, as a literal or bound.
    fn value(&mut self, kind: Kind) -> String {
        if self.random.percent(35)
            && let Some(value) = self.bindable(kind)
        {
            self.params.push(value);
            return match self.schema.dialect {
                Dialect::Postgres => format!("${}", self.params.len()),
                _ => "?".to_owned(),
            };
        }
        if self.schema.dialect == Dialect::MySql && matches!(kind, Kind::Int) && self.random.percent(5) {
            return "'7x'".to_owned();
        }
        odd_literal(self.random, self.schema.dialect, kind)
    }

    fn bindable(&mut self, kind: Kind) -> Option<Value> {
        let number = if self.random.percent(60) {
            2
        } else {
            self.random.below(9) as i64
        };
        Some(match kind {
            Kind::Int => match self.random.below(12) {
                3 | 4 if self.schema.dialect != Dialect::Postgres => Value::Double(number as f64),
                0 if self.schema.dialect != Dialect::Postgres => Value::Text(number.to_string()),
                1 if self.schema.dialect != Dialect::Postgres => Value::Double(number as f64),
                2 => Value::Null,
                _ => Value::Int(number),
            },
            Kind::Text | Kind::Fold | Kind::Char => {
                let text = if self.random.percent(60) {
                    sought(self.random, self.schema.dialect, kind)
                } else {
                    literal(self.random, self.schema.dialect, kind)
                };
                Value::Text(text.trim_matches('\'').to_owned())
            }
            Kind::Double => Value::Double(number as f64 + 0.5),
            Kind::Bool => Value::Bool(number % 2 == 0),
            Kind::Numeric | Kind::Date => return None,
        })
    }

    /// An expression of a column that has one spelling for equal values.
    fn stable(column: &Column, alias: &str) -> String {
        let name = format!("{alias}.{}", column.name);
        match column.kind {
            Kind::Int | Kind::Bool | Kind::Date | Kind::Numeric => name,
            Kind::Double => format!("({name} + 0.0)"),
            Kind::Text | Kind::Fold | Kind::Char => format!("length({name})"),
        }
    }
}
