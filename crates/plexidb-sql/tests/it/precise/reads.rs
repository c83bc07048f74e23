//! Reads of all shapes, with the traps of names, joins and precedence that a plan may fall into.
//!
//! Invariant: the database has but one answer to each: what is bounded is ordered by keys of all its rows, and what is
//! compared by a collation is not grouped.

use plexidb_core::{Catalog, CatalogColumn, Table};
use rusqlite::types::Value;

use super::perfect::base_tables;
use super::values::Values;

mod conditions;
mod joins;

/// A read with its parameters.
pub(super) struct Asked {
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
    /// Whether the order of its rows is fixed.
    pub(super) is_ordered: bool,
}

pub(super) struct Reads<'c> {
    values: Values,
    catalog: &'c Catalog,
}

#[derive(Clone)]
struct Relation<'c> {
    alias: String,
    table: &'c Table,
}

/// The relations whose columns may be named.
type Scope<'c> = Vec<Relation<'c>>;

impl<'c> Reads<'c> {
    pub(super) fn new(seed: u64, catalog: &'c Catalog) -> Self {
        Self {
            values: Values::new(seed),
            catalog,
        }
    }

    pub(super) fn next(&mut self) -> Asked {
        let (marked, is_ordered) = match self.below(30) {
            0..6 => self.lookups(),
            6..12 => self.joined(),
            12 | 13 => (self.aggregate(), false),
            14 => (self.distinct(), false),
            15 => (self.compound(), false),
            16 => (self.with(), false),
            17 => (self.recursive(), false),
            18 => (self.derived(), false),
            19 => (self.of_view(), false),
            20 => (self.window(), false),
            21..25 => self.listed(),
            _ => (self.by_key(), false),
        };
        let (sql, params) = self.values.finish(&marked);
        Asked {
            sql,
            params,
            is_ordered,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.values.dice.below(bound)
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        self.values.dice.pick(from)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.values.dice.one_in(chances)
    }

    fn table(&mut self) -> &'c Table {
        let tables: Vec<&'c Table> = base_tables(self.catalog).collect();
        self.pick(&tables)
    }

    fn column(&mut self, relation: &Relation<'c>) -> &'c CatalogColumn {
        // Keys are what plans are made of.
        let keys = relation.table.keys.iter().map(|key| &key.columns[0]);
        let leading: Vec<&String> = keys.collect();
        let all: Vec<&'c CatalogColumn> = relation.table.columns.iter().collect();
        if self.one_in(2) {
            let name = self.pick(&leading);
            return all.into_iter().find(|column| column.name == *name).unwrap();
        }
        self.pick(&all)
    }

    /// A column of one of the relations, as a statement may write it.
    fn name(&mut self, relation: &Relation<'_>, column: &str) -> String {
        let column = match self.below(16) {
            0 => column.to_uppercase(),
            1 => format!("\"{column}\""),
            2 => format!("[{column}]"),
            _ => column.to_owned(),
        };
        match self.below(10) {
            0 => column,
            1 => format!("{}.{column}", relation.alias.to_uppercase()),
            _ => format!("{}.{column}", relation.alias),
        }
    }

    fn any_name(&mut self, scope: &Scope<'c>) -> (String, &'c CatalogColumn) {
        let relation = self.pick(scope);
        let column = self.column(&relation);
        (self.name(&relation, &column.name), column)
    }

    /// A column that equals another only if it is the same.
    fn plain_name(&mut self, scope: &Scope<'c>) -> String {
        loop {
            let (name, column) = self.any_name(scope);
            if column.collation.is_none() {
                return name;
            }
        }
    }

    fn output(&mut self, scope: &Scope<'c>) -> String {
        let (name, _) = self.any_name(scope);
        match self.below(24) {
            0 => "*".to_owned(),
            1 => format!("{}.*", self.pick(scope).alias),
            2 => format!("lower({name})"),
            3 => {
                let (other, _) = self.any_name(scope);
                format!("coalesce({name}, {other})")
            }
            4 => format!("{name} + 1"),
            5 => format!(
                "{name} AS {}",
                self.pick(&["id", "name", "handle", "body", "kind"])
            ),
            6 => format!("CASE WHEN {} THEN {name} END", self.condition(scope, 1)),
            7 => "1".to_owned(),
            8 => format!("{}.rowid", self.pick(scope).alias),
            9 if self.one_in(2) => self.scalar(scope),
            _ => name,
        }
    }

    fn outputs(&mut self, scope: &Scope<'c>) -> String {
        let count = 1 + self.below(4);
        let found: Vec<String> = (0..count).map(|_| self.output(scope)).collect();
        found.join(", ")
    }

    fn plain_outputs(&mut self, scope: &Scope<'c>, count: usize) -> String {
        let found: Vec<String> = (0..count).map(|_| self.plain_name(scope)).collect();
        found.join(", ")
    }

    /// `WHERE`, mostly.
    fn filter(&mut self, scope: &Scope<'c>, more: Vec<String>) -> String {
        let mut all = more;
        for _ in 0..self.pick(&[0, 1, 1, 1, 2]) {
            all.push(self.condition(scope, 2));
        }
        if all.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", all.join(" AND "))
        }
    }

    /// An order, total by the primary keys of these relations, and mostly a bound.
    fn order(&mut self, by: &Scope<'c>, keys: &Scope<'c>) -> String {
        let mut columns = Vec::new();
        for _ in 0..self.below(2) {
            let relation = self.pick(by);
            let column = self.column(&relation);
            let way = self.pick(&["", " DESC"]);
            columns.push(format!("{}.{}{way}", relation.alias, column.name));
        }
        columns.extend(keys_of(keys));
        let bound = match self.below(5) {
            0 => String::new(),
            1 => format!(" LIMIT {} OFFSET {}", 1 + self.below(3), self.below(3)),
            2 => format!(" LIMIT {}, {}", self.below(2), 1 + self.below(3)),
            _ => format!(" LIMIT {}", self.below(5)),
        };
        format!(" ORDER BY {}{bound}", columns.join(", "))
    }

    /// One table by its key, by itself or on either side of a join.
    fn by_key(&mut self) -> String {
        let mut scope = Vec::new();
        let from = self.relation(&mut scope);
        let relation = scope[0].clone();
        let conditions = self.pins(&relation);
        let (from, filter) = match self.below(8) {
            0 | 1 => {
                let other = self.relation(&mut scope);
                let kind = self.pick(&["LEFT JOIN", "JOIN", "FULL JOIN"]);
                (format!("{other} {kind} {from} ON {conditions}"), String::new())
            }
            2 => {
                let other = self.relation(&mut scope);
                (
                    format!("{from} RIGHT JOIN {other} ON {conditions}"),
                    String::new(),
                )
            }
            3 => {
                let other = self.relation(&mut scope);
                (
                    format!("{from} LEFT JOIN {other} ON 1 = 1"),
                    format!(" WHERE {conditions}"),
                )
            }
            _ => (from, format!(" WHERE {conditions}")),
        };
        let keys = keys_of(&scope).join(", ");
        let end = match self.below(8) {
            0 => format!(" ORDER BY {keys} LIMIT 1"),
            1 => format!(" ORDER BY {keys} LIMIT 1 OFFSET 1"),
            _ => String::new(),
        };
        let outputs = match self.below(8) {
            0 => "count(*)".to_owned(),
            1 => format!("max({}), 1", self.plain_name(&scope)),
            2 => format!("group_concat({}) IS NULL", self.any_name(&scope).0),
            _ => self.outputs(&scope),
        };
        format!("SELECT {outputs} FROM {from}{filter}{end}")
    }

    /// A list that shows columns beside a unique key, and is mostly chosen and ordered by others.
    fn listed(&mut self) -> (String, bool) {
        let mut scope = Vec::new();
        let from = self.relation(&mut scope);
        let relation = scope[0].clone();
        let key = self.pick(&relation.table.keys).columns[0].clone();
        let mut outputs = vec![self.name(&relation, &key)];
        for _ in 0..1 + self.below(3) {
            let column = self.pick(&relation.table.columns).name.clone();
            let name = self.name(&relation, &column);
            outputs.push(if self.one_in(8) {
                format!("{name} AS kind")
            } else {
                name
            });
        }
        let filter = if self.one_in(4) {
            self.filter(&scope, Vec::new())
        } else {
            format!(" WHERE {}", self.pins(&relation))
        };
        let end = match self.below(6) {
            0 => " ORDER BY 2, 1".to_owned(),
            1 => " ORDER BY kind, 1, 2".to_owned(),
            2 | 3 => self.order(&scope, &scope),
            _ => String::new(),
        };
        let sql = format!("SELECT {} FROM {from}{filter}{end}", outputs.join(", "));
        (sql, false)
    }

    /// All columns of one of its keys, fixed.
    fn pins(&mut self, relation: &Relation<'c>) -> String {
        let key = self.pick(&relation.table.keys);
        let columns = relation.table.columns.iter();
        let columns: Vec<_> = columns
            .filter(|column| key.columns.contains(&column.name))
            .collect();
        let pin = |column: &&CatalogColumn| {
            let name = self.name(relation, &column.name);
            let (one, other) = (self.values.of(column), self.values.of(column));
            match self.below(6) {
                0 => format!("{name} IN ({one}, {other})"),
                1 => format!("{one} = {name}"),
                _ => format!("{name} = {one}"),
            }
        };
        columns.iter().map(pin).collect::<Vec<_>>().join(" AND ")
    }

    fn joined(&mut self) -> (String, bool) {
        let mut scope = Vec::new();
        let (from, more) = self.source(&mut scope);
        let filter = self.filter(&scope, more);
        let outputs = self.outputs(&scope);
        let is_ordered = self.one_in(3);
        let order = if is_ordered {
            self.order(&scope, &scope)
        } else {
            String::new()
        };
        (format!("SELECT {outputs} FROM {from}{filter}{order}"), is_ordered)
    }

    fn aggregate(&mut self) -> String {
        let mut scope = Vec::new();
        let (from, more) = self.source(&mut scope);
        let filter = self.filter(&scope, more);
        let name = self.plain_name(&scope);
        let of = self.pick(&["count(*)", "sum", "max", "count", "count(DISTINCT", "min"]);
        let aggregate = match of {
            "count(*)" => of.to_owned(),
            "count(DISTINCT" => format!("{of} {name})"),
            _ => format!("{of}({name})"),
        };
        if self.one_in(2) {
            return format!("SELECT {aggregate} FROM {from}{filter}");
        }
        let by = self.plain_name(&scope);
        let having = self.pick(&["", " HAVING count(*) > 1", " HAVING max(2) = 2"]);
        format!("SELECT {by}, {aggregate} FROM {from}{filter} GROUP BY {by}{having}")
    }

    fn distinct(&mut self) -> String {
        let mut scope = Vec::new();
        let (from, more) = self.source(&mut scope);
        let filter = self.filter(&scope, more);
        let outputs = self.plain_outputs(&scope, 2);
        format!("SELECT DISTINCT {outputs} FROM {from}{filter}")
    }

    fn compound(&mut self) -> String {
        let mut branches = Vec::new();
        for _ in 0..2 {
            let mut scope = Vec::new();
            let (from, more) = self.source(&mut scope);
            let filter = self.filter(&scope, more);
            let output = self.plain_outputs(&scope, 1);
            branches.push(format!("SELECT {output} FROM {from}{filter}"));
        }
        let operator = self.pick(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
        let bound = self.pick(&["", " ORDER BY 1 LIMIT 2", " ORDER BY 1 LIMIT 2 OFFSET 1"]);
        format!("{} {operator} {}{bound}", branches[0], branches[1])
    }

    /// A query of a table, with a key and a name among its columns.
    fn block_of(&mut self) -> String {
        let mut scope = Vec::new();
        let (from, more) = self.source(&mut scope);
        let filter = self.filter(&scope, more);
        let first = self.plain_name(&scope);
        let (second, _) = self.any_name(&scope);
        let bound = if self.one_in(4) {
            self.order(&scope, &scope)
        } else {
            String::new()
        };
        format!("SELECT {first} AS x, {second} AS name FROM {from}{filter}{bound}")
    }

    /// A query around one with the columns `x` and `name`.
    fn around(&mut self, called: &str, source: &str) -> String {
        let mut scope = Vec::new();
        let other = self.relation(&mut scope);
        let (key, column) = self.any_name(&scope);
        let (more, value) = (self.outputs(&scope), self.values.of(column));
        match self.below(5) {
            0 => format!("SELECT {called}.name FROM {source} WHERE x = {value}"),
            1 => format!("SELECT count(*), max(x) FROM {source}"),
            2 => format!("SELECT {called}.x, {more} FROM {source} JOIN {other} ON {key} = {called}.x"),
            3 => format!(
                "SELECT {more} FROM {other} LEFT JOIN {source} ON {called}.x = {key} WHERE {key} = {value}"
            ),
            _ => format!("SELECT {more} FROM {other} WHERE {key} IN (SELECT x FROM {source})"),
        }
    }

    fn derived(&mut self) -> String {
        let block = self.block_of();
        let called = self.pick(&["d", "users", "id"]);
        self.around(called, &format!("({block}) AS {called}"))
    }

    fn with(&mut self) -> String {
        let block = self.block_of();
        let called = self.pick(&["c", "recent", "id", "posts"]);
        let query = self.around(called, called);
        let list = self.pick(&["", "", "(x, name)"]);
        format!("WITH {called}{list} AS ({block}) {query}")
    }

    fn recursive(&mut self) -> String {
        let (table, up, key) = self.pick(&[
            ("users", "boss", "id"),
            ("posts", "parent", "id"),
            ("users", "id", "boss"),
        ]);
        let number = self.pick(&["1", "2", "3", "4"]);
        let order = self.pick(&["", " LEFT JOIN users AS t ON t.id = up.x"]);
        let output = if order.is_empty() { "*" } else { "up.x, t.name" };
        format!(
            "WITH RECURSIVE up(x, y) AS (SELECT id, {up} FROM {table} WHERE id = {number} \
             UNION SELECT n.id, n.{up} FROM {table} n JOIN up ON up.y = n.{key}) SELECT {output} FROM up{order}"
        )
    }

    fn of_view(&mut self) -> String {
        let number = self.below(5);
        let queries = [
            format!("SELECT handle, staff FROM chiefs WHERE id = {number}"),
            format!("SELECT body, name FROM first_channel WHERE id = {number}"),
            "SELECT count(*) FROM first_channel".to_owned(),
            format!(
                "SELECT u.name, c.staff FROM users u LEFT JOIN chiefs c ON c.id = u.id WHERE u.id = {number}"
            ),
        ];
        self.pick(&queries)
    }

    fn window(&mut self) -> String {
        let mut scope = Vec::new();
        let (from, more) = self.source(&mut scope);
        let filter = self.filter(&scope, more);
        let keys = keys_of(&scope).join(", ");
        let by = self.plain_name(&scope);
        let windows = [
            format!("row_number() OVER (ORDER BY {keys})"),
            format!("count(*) OVER (PARTITION BY {by})"),
            format!("sum({by}) OVER (ORDER BY {keys})"),
        ];
        let output = self.plain_outputs(&scope, 1);
        format!("SELECT {output}, {} FROM {from}{filter}", self.pick(&windows))
    }
}

/// The columns of the relations' primary keys.
fn keys_of(scope: &Scope<'_>) -> Vec<String> {
    let of = |relation: &Relation<'_>| {
        let columns = relation.table.keys[0].columns.iter();
        let named: Vec<String> = columns.map(|name| format!("{}.{name}", relation.alias)).collect();
        named
    };
    scope.iter().flat_map(of).collect()
}
