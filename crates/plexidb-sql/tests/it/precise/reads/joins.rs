//! What stands after FROM: joins of all kinds, along keys and across them.
//!
//! Invariant: each relation has a name of its own, at times one that something else has too.

use super::{Reads, Relation, Scope};

/// Columns that lead to another table's key.
const LINKS: &[(&str, &str, &str, &str)] = &[
    ("posts", "author", "users", "id"),
    ("posts", "channel", "channels", "id"),
    ("posts", "tag", "users", "handle"),
    ("posts", "parent", "posts", "id"),
    ("members", "member", "users", "id"),
    ("members", "channel", "channels", "id"),
    ("channels", "owner", "users", "id"),
    ("users", "boss", "users", "id"),
    ("channels", "kind", "users", "score"),
    ("posts", "channel", "members", "channel"),
    // Of different collations.
    ("users", "name", "users", "handle"),
    ("members", "role", "posts", "tag"),
];
/// Aliases, some of which are names of columns and of other tables.
const ALIASES: &[&str] = &["a", "b", "c", "u", "x", "id", "name", "posts", "users", "t"];

impl<'c> Reads<'c> {
    /// A table under some name.
    pub(super) fn relation(&mut self, scope: &mut Scope<'c>) -> String {
        let table = self.table();
        self.relation_of(&table.name.name, scope)
    }

    fn relation_of(&mut self, name: &str, scope: &mut Scope<'c>) -> String {
        let table = self.catalog.table(None, name).unwrap();
        let is_free = |alias: &str, scope: &Scope<'c>| scope.iter().all(|relation| relation.alias != alias);
        if self.one_in(4) && is_free(name, scope) {
            let alias = name.to_owned();
            scope.push(Relation { alias, table });
            return self.pick(&[name.to_owned(), format!("main.{name}")]);
        }
        loop {
            let alias = self.pick(ALIASES);
            if is_free(alias, scope) {
                let alias = alias.to_owned();
                scope.push(Relation {
                    alias: alias.clone(),
                    table,
                });
                return format!("{name}{}{alias}", self.pick(&[" ", " AS "]));
            }
        }
    }

    /// An equality between a relation of the one scope and one of the other.
    fn link(&mut self, left: &Scope<'c>, right: &Scope<'c>) -> String {
        let (left, right) = (self.pick(left), self.pick(right));
        let is_of = |relation: &Relation<'_>, name: &str| relation.table.name.name == name;
        let mut natural: Vec<(&str, &str)> = Vec::new();
        for (from, column, to, key) in LINKS {
            if is_of(&left, from) && is_of(&right, to) {
                natural.push((column, key));
            }
            if is_of(&left, to) && is_of(&right, from) {
                natural.push((key, column));
            }
        }
        let (one, other) = if natural.is_empty() || self.one_in(8) {
            (&*self.column(&left).name, &*self.column(&right).name)
        } else {
            self.pick(&natural)
        };
        let (one, other) = (self.name(&left, one), self.name(&right, other));
        if self.one_in(2) {
            format!("{one} = {other}")
        } else {
            format!("{other} = {one}")
        }
    }

    /// Joins of up to three tables; and conditions that belong into WHERE.
    pub(super) fn source(&mut self, scope: &mut Scope<'c>) -> (String, Vec<String>) {
        let mut text = self.relation(scope);
        let mut more = Vec::new();
        for _ in 1..self.pick(&[1, 1, 2, 2, 2, 3, 3]) {
            let mut right = Vec::new();
            let joined = self.right_side(scope, &mut right);
            let kind = self.pick(&[
                "JOIN",
                "JOIN",
                "INNER JOIN",
                "LEFT JOIN",
                "LEFT JOIN",
                "LEFT OUTER JOIN",
                "RIGHT JOIN",
                "FULL JOIN",
                "CROSS JOIN",
                ",",
            ]);
            let mut on = self.link(scope, &right);
            scope.extend(right);
            if kind == "," || self.one_in(10) {
                more.push(std::mem::replace(&mut on, "1 = 1".to_owned()));
            }
            if kind == "," {
                text = format!("{text}, {joined}");
                continue;
            }
            if self.one_in(4) {
                on = format!("{on} AND {}", self.condition(scope, 1));
            }
            text = format!("{text} {kind} {joined} ON {on}");
        }
        (text, more)
    }

    /// A table, or a join in parentheses.
    fn right_side(&mut self, left: &Scope<'c>, right: &mut Scope<'c>) -> String {
        let mut all = left.clone();
        let first = self.relation(&mut all);
        if !self.one_in(6) {
            right.extend(all.drain(left.len()..));
            return first;
        }
        let one: Scope<'c> = all[left.len()..].to_vec();
        let second = self.relation(&mut all);
        let other: Scope<'c> = all[left.len() + 1..].to_vec();
        let on = self.link(&one, &other);
        right.extend(all.drain(left.len()..));
        let kind = self.pick(&["JOIN", "LEFT JOIN", "RIGHT JOIN"]);
        format!("({first} {kind} {second} ON {on})")
    }

    /// Rows of one table with those that their columns lead to: at most one each.
    pub(super) fn lookups(&mut self) -> (String, bool) {
        let mut scope = Vec::new();
        let mut outputs = Vec::new();
        let main = self.pick(&["posts", "posts", "members", "channels", "users"]);
        let mut text = self.relation_of(main, &mut scope);
        let main = scope.clone();
        for _ in 0..self.pick(&[1, 1, 2]) {
            let from = if self.one_in(4) {
                self.pick(&scope)
            } else {
                main[0].clone()
            };
            let leading: Vec<_> = LINKS[..8]
                .iter()
                .filter(|(table, ..)| *table == from.table.name.name)
                .collect();
            let (_, column, table, key) = *self.pick(&leading);
            let before = scope.len();
            let joined = self.relation_of(table, &mut scope);
            let to = scope[before].clone();
            let (reference, key) = (self.name(&from, column), self.name(&to, key));
            match self.below(4) {
                0 => {}
                1 => outputs.push(key.clone()),
                _ => outputs.push(reference.clone()),
            }
            let mut on = if self.one_in(2) {
                format!("{reference} = {key}")
            } else {
                format!("{key} = {reference}")
            };
            if self.one_in(8) {
                on = format!("{on} AND {}", self.condition(&scope, 1));
            }
            text = match self.below(10) {
                0 if before == 1 => format!("{joined} RIGHT JOIN {text} ON {on}"),
                0..4 => format!("{text} LEFT JOIN {joined} ON {on}"),
                _ => format!("{text} JOIN {joined} ON {on}"),
            };
        }
        for _ in 0..=self.below(3) {
            outputs.push(self.output(&scope));
        }
        if self.one_in(12) {
            outputs.push(format!("sum({}) OVER ()", self.any_name(&scope).0));
        }
        if self.one_in(6) {
            let first = self.below(outputs.len());
            outputs.swap(0, first);
        }
        let filtered = if self.one_in(4) { &scope } else { &main };
        let filter = self.filter(filtered, Vec::new());
        let is_ordered = self.one_in(2);
        let order = if is_ordered {
            self.order(&main, &main)
        } else {
            String::new()
        };
        let outputs = outputs.join(", ");
        (format!("SELECT {outputs} FROM {text}{filter}{order}"), is_ordered)
    }
}
