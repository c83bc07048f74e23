//! Joins of two or three relations, in all spellings.

use plexidb::Dialect;

use super::Reads;
use crate::differential::schema::{Column, Kind, Relation};

impl Reads<'_> {
    pub(super) fn join(&mut self) -> String {
        let left = self.relation();
        let right = self.relation();
        if self.random.percent(15)
            && let Some(sql) = self.by_common_name(left, right)
        {
            return sql;
        }
        let Some(on) = self.on(left, "a", right, "b") else {
            return self.lookup();
        };
        let list = format!(
            "{}, {}",
            self.list_of_two(left, "a"),
            self.list_of_two(right, "b")
        );
        let (left_name, right_name) = (&left.name, &right.name);
        let mut sql = match self.random.below(7) {
            0 => format!("SELECT {list} FROM {left_name} a, {right_name} b WHERE {on} AND "),
            1 => format!("SELECT {list} FROM {left_name} a LEFT JOIN {right_name} b ON {on} WHERE "),
            2 => format!("SELECT {list} FROM {left_name} a RIGHT JOIN {right_name} b ON {on} WHERE "),
            3 => {
                let extra = self.condition(right, "b");
                format!(
                    "SELECT {list} FROM {left_name} a LEFT JOIN {right_name} b ON {on} AND {extra} WHERE "
                )
            }
            4 => {
                let third = self.relation();
                match self.on(right, "b", third, "c") {
                    Some(and) => format!(
                        "SELECT {list}, c.{} FROM {left_name} a JOIN {right_name} b ON {on} LEFT JOIN {} c ON {and} WHERE ",
                        third.columns[0].name, third.name
                    ),
                    None => format!("SELECT {list} FROM {left_name} a JOIN {right_name} b ON {on} WHERE "),
                }
            }
            _ => format!("SELECT {list} FROM {left_name} a JOIN {right_name} b ON {on} WHERE "),
        };
        match self.random.below(6) {
            0 => sql.push_str(&self.condition(right, "b")),
            1 => sql.push_str("1 = 1"),
            _ => sql.push_str(&self.condition(left, "a")),
        }
        if !left.key.is_empty() && !right.key.is_empty() && !sql.contains(" c ON ") && self.random.percent(50)
        {
            self.page(&mut sql, &[(left, "a"), (right, "b")]);
        }
        sql
    }

    fn list_of_two(&mut self, relation: &Relation, alias: &str) -> String {
        if self.random.percent(20) {
            return format!("{alias}.*");
        }
        let column = self.random.pick(&relation.columns);
        format!("{alias}.{}, {alias}.{}", relation.columns[0].name, column.name)
    }

    /// An equality of columns of one kind, most often one that leads to a key.
    pub(in crate::differential) fn on(
        &mut self,
        left: &Relation,
        one: &str,
        right: &Relation,
        other: &str,
    ) -> Option<String> {
        let mut pairs: Vec<(&Column, &Column)> = Vec::new();
        for left_column in &left.columns {
            for (at, right_column) in right.columns.iter().enumerate() {
                if left_column.kind == right_column.kind && left_column.kind != Kind::Bool {
                    let is_key = right.key.contains(&at) || right.unique.contains(&at);
                    pairs.extend(std::iter::repeat_n(
                        (left_column, right_column),
                        if is_key { 6 } else { 1 },
                    ));
                }
            }
        }
        if pairs.is_empty() {
            return None;
        }
        let (left_column, right_column) = *self.random.pick(&pairs);
        Some(format!(
            "{one}.{} = {other}.{}",
            left_column.name, right_column.name
        ))
    }

    /// USING and NATURAL, by the columns that both sides have.
    fn by_common_name(&mut self, left: &Relation, right: &Relation) -> Option<String> {
        let common: Vec<&Column> = left
            .columns
            .iter()
            .filter(|column| {
                right
                    .columns
                    .iter()
                    .any(|other| other.name == column.name && other.kind == column.kind)
            })
            .collect();
        let mismatched = left.columns.iter().any(|column| {
            right
                .columns
                .iter()
                .any(|other| other.name == column.name && other.kind != column.kind)
        });
        let column = *common.first()?;
        let rest = right.columns.last()?;
        let kinds = if mismatched && self.schema.dialect != Dialect::Sqlite {
            vec!["JOIN", "LEFT JOIN"]
        } else {
            vec!["NATURAL JOIN", "JOIN", "LEFT JOIN", "NATURAL LEFT JOIN"]
        };
        let kind = *self.random.pick(&kinds);
        let using = if kind.starts_with("NATURAL") {
            String::new()
        } else {
            format!(" USING ({})", column.name)
        };
        let condition = self.condition(left, "a");
        Some(format!(
            "SELECT a.{}, b.{} FROM {} a {kind} {} b{using} WHERE {condition}",
            column.name, rest.name, left.name, right.name
        ))
    }
}
