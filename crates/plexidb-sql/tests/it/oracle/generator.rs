//! Random statements that are nearly always valid: joins, subqueries, common table expressions with the names of tables.
//!
//! Invariant: a seed gives the same statement for ever.

use std::fmt::Write as _;

use plexidb_core::{Catalog, TableKind};

/// What a FROM item offers: its alias and its columns.
type Item = (String, Vec<String>);

pub(super) struct Generator<'c> {
    state: u64,
    catalog: &'c Catalog,
    aliases: usize,
    /// Common table expressions in scope, innermost last; each has the columns c1 and c2.
    ctes: Vec<String>,
    /// FROM items in scope, innermost last.
    items: Vec<Item>,
}

impl<'c> Generator<'c> {
    pub(super) fn new(seed: u64, catalog: &'c Catalog) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9) ^ 0x5eed,
            catalog,
            aliases: 0,
            ctes: Vec::new(),
            items: Vec::new(),
        }
    }

    /// One statement; four of five are reads.
    pub(super) fn statement(&mut self) -> String {
        match self.below(10) {
            0 => {
                let (table, columns) = self.table();
                let verb = self.pick(&[
                    "INSERT INTO",
                    "INSERT OR REPLACE INTO",
                    "REPLACE INTO",
                    "INSERT OR IGNORE INTO",
                ]);
                let columns: Vec<&str> = columns.iter().take(2).map(String::as_str).collect();
                let source = self.query(2);
                format!("{verb} \"{table}\" (\"{}\") {source}", columns.join("\", \""))
            }
            1 => {
                let (table, columns) = self.table();
                let with = self.maybe_with(2);
                let verb = self.pick(&["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"]);
                let column = self
                    .pick(&columns.iter().map(String::as_str).collect::<Vec<_>>())
                    .to_owned();
                self.items.push((table.clone(), columns));
                let (value, condition) = (self.expression(2), self.expression(2));
                format!("{with}{verb} \"{table}\" SET \"{column}\" = {value} WHERE {condition}")
            }
            2 => {
                let (table, columns) = self.table();
                let with = self.maybe_with(2);
                self.items.push((table.clone(), columns));
                let condition = self.expression(3);
                format!("{with}DELETE FROM \"{table}\" WHERE {condition}")
            }
            _ => self.query(4),
        }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or_default()
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len());
        choices.get(index).copied().unwrap_or_default()
    }

    /// A base table and its columns.
    fn table(&mut self) -> (String, Vec<String>) {
        let tables: Vec<_> = self
            .catalog
            .tables()
            .iter()
            .filter(|table| table.name.schema == "main")
            .filter(|table| matches!(table.kind, TableKind::Table | TableKind::Partitioned))
            .filter(|table| !["remote_content", "secrets"].contains(&table.name.name.as_str()))
            .collect();
        let index = self.below(tables.len());
        tables.get(index).map_or_else(Default::default, |table| {
            (
                table.name.name.clone(),
                table.columns.iter().map(|column| column.name.clone()).collect(),
            )
        })
    }

    /// A query with the columns c1 and c2.
    fn query(&mut self, depth: usize) -> String {
        let ctes = self.ctes.len();
        let with = self.maybe_with(depth);
        let mut query = format!("{with}{}", self.select(depth));
        if depth > 1 && self.below(5) == 0 {
            let operator = self.pick(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
            let _ = write!(query, " {operator} {}", self.select(depth - 1));
        }
        if self.below(4) == 0 {
            query.push_str(self.pick(&[
                " ORDER BY 1",
                " ORDER BY c2 DESC, c1",
                " LIMIT 5",
                " ORDER BY 2 LIMIT 3 OFFSET 1",
            ]));
        }
        self.ctes.truncate(ctes);
        query
    }

    /// `WITH …` with one to three expressions, or nothing. The names stay in scope for the caller.
    fn maybe_with(&mut self, depth: usize) -> String {
        if depth < 2 || self.below(3) > 0 {
            return String::new();
        }
        let outer = std::mem::take(&mut self.items);
        let mut with = self.pick(&["WITH ", "WITH RECURSIVE "]).to_owned();
        let mut names: Vec<&str> = Vec::new();
        for _ in 0..=self.below(3) {
            let name = self.pick(&[
                "users",
                "orders",
                "messages",
                "x",
                "Y",
                "active_users",
                "channels",
            ]);
            if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            let hint = self.pick(&["", "", "MATERIALIZED ", "NOT MATERIALIZED "]);
            let query = self.query(depth - 1);
            let comma = if names.is_empty() { "" } else { ", " };
            let _ = write!(with, "{comma}{name} AS {hint}({query})");
            names.push(name);
            self.ctes.push(name.to_owned());
        }
        self.items = outer;
        with.push(' ');
        with
    }

    fn select(&mut self, depth: usize) -> String {
        let items = self.items.len();
        let from = self.from(depth);
        let distinct = self.pick(&["", "", "", "DISTINCT "]);
        let (first, second) = (self.expression(depth), self.expression(depth));
        let mut select = format!("SELECT {distinct}{first} AS c1, {second} AS c2{from}");
        if self.below(2) == 0 {
            let _ = write!(select, " WHERE {}", self.expression(depth));
        }
        if self.below(5) == 0 {
            let _ = write!(
                select,
                " GROUP BY {} HAVING {}",
                self.expression(1),
                self.expression(depth)
            );
        }
        self.items.truncate(items);
        select
    }

    fn from(&mut self, depth: usize) -> String {
        if self.below(12) == 0 {
            return String::new();
        }
        let mut from = format!(" FROM {}", self.item(depth));
        for _ in 0..self.below(3) {
            let join = self.pick(&[
                ", ",
                " JOIN ",
                " LEFT JOIN ",
                " CROSS JOIN ",
                " INNER JOIN ",
                " LEFT OUTER JOIN ",
            ]);
            let item = self.item(depth);
            from.push_str(join);
            from.push_str(&item);
            if join.contains("JOIN") && !join.contains("CROSS") && self.below(4) > 0 {
                let _ = write!(from, " ON {}", self.expression(depth.min(2)));
            }
        }
        from
    }

    fn item(&mut self, depth: usize) -> String {
        self.aliases += 1;
        let alias = format!("a{}", self.aliases);
        let pair = vec!["c1".to_owned(), "c2".to_owned()];
        match self.below(6) {
            0 if depth > 1 => {
                // What stands beside a subquery in FROM is not in its scope.
                let outer = std::mem::take(&mut self.items);
                let query = self.query(depth - 1);
                self.items = outer;
                self.items.push((alias.clone(), pair));
                format!("({query}) AS {alias}")
            }
            1 | 2 if !self.ctes.is_empty() => {
                let index = self.below(self.ctes.len());
                let name = self.ctes.get(index).cloned().unwrap_or_default();
                self.items.push((alias.clone(), pair));
                format!("{name} {alias}")
            }
            3 => {
                let view = self.pick(&["active_users", "channel_list"]);
                if self.ctes.iter().any(|cte| cte == view) {
                    self.items.push((alias.clone(), pair));
                } else {
                    self.items
                        .push((alias.clone(), vec!["id".to_owned(), "name".to_owned()]));
                }
                format!("{view} AS {alias}")
            }
            _ => {
                let (table, columns) = self.table();
                let (quoted, is_hidden) = match self.below(4) {
                    0 => (format!("main.\"{table}\""), false),
                    1 => (format!("[{table}]"), true),
                    2 => (format!("`{table}`"), true),
                    _ => (format!("\"{table}\""), true),
                };
                let is_cte = is_hidden && self.ctes.iter().any(|cte| cte.eq_ignore_ascii_case(&table));
                self.items
                    .push((alias.clone(), if is_cte { pair } else { columns }));
                format!("{quoted} {alias}")
            }
        }
    }

    fn column(&mut self) -> String {
        if self.items.is_empty() {
            return "1".to_owned();
        }
        let index = self.below(self.items.len());
        let (alias, columns) = self.items.get(index).cloned().unwrap_or_default();
        let column = self.below(columns.len().max(1));
        format!(
            "\"{alias}\".\"{}\"",
            columns.get(column).cloned().unwrap_or_default()
        )
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.below(2) == 0 {
                self.column()
            } else {
                self.pick(&["1", "'from users'", "?1", "NULL"]).to_owned()
            };
        }
        let inner = depth - 1;
        match self.below(16) {
            0 => format!("({} + {})", self.expression(inner), self.expression(inner)),
            1 => format!(
                "({} = {} AND {})",
                self.expression(inner),
                self.column(),
                self.expression(inner)
            ),
            2 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.expression(inner),
                self.expression(inner),
                self.column()
            ),
            3 => {
                let function = self.pick(&[
                    "lower", "abs", "length", "hex", "typeof", "date", "total", "random_", "unlikely",
                ]);
                match function {
                    "random_" if self.below(6) > 0 => self.column(),
                    "random_" => self
                        .pick(&[
                            "random()",
                            "current_timestamp",
                            "last_insert_rowid()",
                            "date('now')",
                        ])
                        .to_owned(),
                    "total" => self.column(),
                    _ => format!("{function}({})", self.expression(inner)),
                }
            }
            4 => format!("coalesce({}, {})", self.expression(inner), self.expression(inner)),
            5 | 6 if inner > 0 => format!("(SELECT c1 FROM ({}))", self.query(inner)),
            7 | 8 if inner > 0 => format!("EXISTS ({})", self.query(inner)),
            9 if inner > 0 => format!("({} IN (SELECT c2 FROM ({})))", self.column(), self.query(inner)),
            10 => format!("({} IS {})", self.column(), self.expression(inner)),
            11 => format!("({} NOT NULL)", self.column()),
            12 => format!("({} IN (1, 2, {}))", self.column(), self.expression(inner)),
            13 => format!("({} BETWEEN {} AND 9)", self.column(), self.expression(inner)),
            _ => self.column(),
        }
    }
}
