//! Conditions that pin, that seem to, and that do not.
//!
//! Invariant: a condition names only columns of the scope that it is given, and of its own subqueries.

use super::{Reads, Scope};

impl<'c> Reads<'c> {
    /// A condition; `depth` bounds its subqueries.
    pub(super) fn condition(&mut self, scope: &Scope<'c>, depth: usize) -> String {
        let (name, column) = self.any_name(scope);
        let mut value = || self.values.of(column);
        let (one, two) = (value(), value());
        match self.below(34) {
            0 => format!("{name} > {one}"),
            1 => format!("{one} = {name}"),
            2 => format!("({name} = {one} OR {name} = {two})"),
            3 => {
                let (other, _) = self.any_name(scope);
                format!("({name} = {one} OR {other} = {two})")
            }
            4 => format!("NOT {name} = {one}"),
            5 => format!("{name} IS {one}"),
            6 => format!("{name} IS NOT NULL"),
            7 => format!(
                "{name} = {one} COLLATE {}",
                self.pick(&["NOCASE", "BINARY", "RTRIM"])
            ),
            8 => format!("+{name} = {one}"),
            9 => format!("({name}, 1) = ({one}, 1)"),
            10 => format!("{name} LIKE {one}"),
            11 => format!("{name} BETWEEN {one} AND {two}"),
            12 => format!("lower({name}) = {one}"),
            13 | 14 => self.soup(&name, &one, &two),
            15 => {
                let (other, _) = self.any_name(scope);
                format!("{name} = {other}")
            }
            16 | 17 if depth > 0 => self.exists(scope, depth - 1),
            18 if depth > 0 => {
                let (inner, from, filter) = self.inner(scope, depth - 1);
                let negation = self.pick(&["", "NOT "]);
                format!("{name} {negation}IN (SELECT {inner} FROM {from}{filter})")
            }
            19 if depth > 0 => {
                let scalar = self.scalar(scope);
                format!("{name} = {scalar}")
            }
            20..23 => format!("{name} IN ({one}, {two})"),
            23 => format!("{name} NOT IN ({one}, {two})"),
            24 => format!("CASE WHEN {name} = {one} THEN 1 ELSE {name} = {two} END"),
            _ => format!("{name} = {one}"),
        }
    }

    /// Operators of near precedence without parentheses.
    fn soup(&mut self, name: &str, one: &str, two: &str) -> String {
        let operator = self.pick(&[
            "=",
            "<",
            "<>",
            "IS",
            "IS NOT",
            "||",
            "+",
            "-",
            "&",
            "|",
            "<<",
            "OR",
            "LIKE",
            "IN",
            "NOT IN",
            "NOT LIKE",
            "*",
            "%",
            "BETWEEN 0 AND",
            "GLOB",
            "==",
            "IS NOT DISTINCT FROM",
        ]);
        let end = self.pick(&[
            "",
            "",
            "",
            " ISNULL",
            " NOTNULL",
            " IS NULL",
            " = 1",
            " IS TRUE",
            " COLLATE NOCASE",
        ]);
        let two = if operator.ends_with("IN") {
            format!("({two})")
        } else {
            two.to_owned()
        };
        match self.below(3) {
            0 => format!("{name} = {one} {operator} {two}{end}"),
            1 => format!("{one} {operator} {two} = {name}{end}"),
            _ => format!("NOT {name} = {one} {operator} {two}{end}"),
        }
    }

    /// The parts of a subquery: a column, FROM, WHERE, which may name what is around it.
    fn inner(&mut self, scope: &Scope<'c>, depth: usize) -> (String, String, String) {
        let mut own = Vec::new();
        let from = self.relation(&mut own);
        let mut all = own.clone();
        // What is around is hidden where the subquery has the same name.
        all.extend(scope.iter().filter(|outer| outer.alias != own[0].alias).cloned());
        let mut conditions = vec![self.condition(&own, depth)];
        if self.one_in(2) {
            let (one, two) = (self.any_name(&own).0, self.any_name(&all).0);
            conditions.push(format!("{one} = {two}"));
        }
        if self.one_in(4) {
            conditions.push(self.condition(&all, depth));
        }
        let filter = format!(" WHERE {}", conditions.join(" AND "));
        (self.any_name(&own).0, from, filter)
    }

    fn exists(&mut self, scope: &Scope<'c>, depth: usize) -> String {
        let (inner, from, filter) = self.inner(scope, depth);
        let negation = self.pick(&["", "NOT "]);
        let output = self.pick(&["1".to_owned(), "*".to_owned(), inner, "count(*)".to_owned()]);
        format!("{negation}EXISTS (SELECT {output} FROM {from}{filter})")
    }

    /// A subquery of one value.
    pub(super) fn scalar(&mut self, scope: &Scope<'c>) -> String {
        let (inner, from, filter) = self.inner(scope, 0);
        let of = self.pick(&["count", "sum"]);
        format!("(SELECT {of}({inner}) FROM {from}{filter})")
    }
}
