//! Reads of more than one SELECT or with more than a WHERE.

use plexidb::Dialect;

use super::Reads;
use crate::differential::schema::{Kind, Relation, literal};

impl Reads<'_> {
    pub(super) fn subquery(&mut self) -> String {
        let outer = self.relation();
        let other = self.relation();
        let first = &outer.columns[0].name;
        let last = &outer.columns[outer.columns.len() - 1].name;
        let Some(on) = self.on(outer, "a", other, "b") else {
            return self.lookup();
        };
        let condition = self.condition(other, "b");
        let (one, two) = (&outer.name, &other.name);
        match self.random.below(6) {
            0 => format!(
                "SELECT a.{first}, a.{last} FROM {one} a WHERE EXISTS (SELECT 1 FROM {two} b WHERE {on} AND {condition})"
            ),
            1 => format!(
                "SELECT a.{first}, a.{last} FROM {one} a WHERE NOT EXISTS (SELECT * FROM {two} b WHERE {on} AND {condition})"
            ),
            2 => format!(
                "SELECT a.{first}, (SELECT count(*) FROM {two} b WHERE {on} AND {condition}) AS n FROM {one} a"
            ),
            3 => {
                let (left, right) = on.split_once(" = ").unwrap();
                format!(
                    "SELECT a.{first}, a.{last} FROM {one} a WHERE {left} IN (SELECT {right} FROM {two} b WHERE {condition})"
                )
            }
            4 => {
                let (left, right) = on.split_once(" = ").unwrap();
                format!(
                    "SELECT a.{first} FROM {one} a WHERE {left} NOT IN (SELECT {right} FROM {two} b WHERE {right} IS NOT NULL AND {condition})"
                )
            }
            _ => format!("SELECT EXISTS (SELECT 1 FROM {two} b WHERE {condition}) AS found"),
        }
    }

    pub(super) fn derived(&mut self) -> String {
        let inner = self.relation();
        let condition = self.condition(inner, "b");
        let names: Vec<String> = inner
            .columns
            .iter()
            .take(3)
            .map(|column| format!("b.{}", column.name))
            .collect();
        let derived = Relation {
            columns: inner.columns.iter().take(3).cloned().collect(),
            ..inner.clone()
        };
        let outer = self.condition(&derived, "d");
        format!(
            "SELECT * FROM (SELECT {} FROM {} b WHERE {condition}) AS d WHERE {outer}",
            names.join(", "),
            inner.name
        )
    }

    pub(super) fn with(&mut self) -> String {
        let relation = self.relation();
        let links: Vec<&str> = relation
            .columns
            .iter()
            .skip(1)
            .filter(|column| column.kind == Kind::Int)
            .map(|column| column.name.as_str())
            .collect();
        let key = &relation.columns[0];
        if let (Kind::Int, Some(link)) = (key.kind, links.first()) {
            let start = self.random.below(9);
            let (name, key) = (&relation.name, &key.name);
            return format!(
                "WITH RECURSIVE walk (id) AS (SELECT a.{key} FROM {name} a WHERE a.{key} = {start} \
                 UNION SELECT b.{link} FROM {name} b JOIN walk ON b.{key} = walk.id) \
                 SELECT walk.id, c.{link} FROM walk LEFT JOIN {name} c ON c.{key} = walk.id"
            );
        }
        // A CTE that has the name of a table stands before it.
        let shadowed = self.random.pick(&self.schema.relations).name.clone();
        let name = if shadowed.contains('.') || shadowed == relation.name {
            "picked".to_owned()
        } else {
            shadowed
        };
        let condition = self.condition(relation, "a");
        format!(
            "WITH {name} AS (SELECT a.* FROM {} a WHERE {condition}) SELECT count(*) FROM {name}",
            relation.name
        )
    }

    pub(super) fn set_operation(&mut self) -> String {
        let left = self.relation();
        let right = self.relation();
        let kinds = if self.schema.dialect == Dialect::Sqlite {
            ["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]
        } else {
            ["UNION", "UNION ALL", "INTERSECT ALL", "EXCEPT ALL"]
        };
        let operation = *self.random.pick(&kinds);
        let integer = |relation: &Relation, alias: &str| {
            relation
                .columns
                .iter()
                .find(|column| column.kind == Kind::Int)
                .map_or_else(|| "1".to_owned(), |column| format!("{alias}.{}", column.name))
        };
        let (one, two) = (integer(left, "a"), integer(right, "b"));
        let first = self.condition(left, "a");
        let second = self.condition(right, "b");
        format!(
            "SELECT {one} AS n FROM {} a WHERE {first} {operation} SELECT {two} FROM {} b WHERE {second}",
            left.name, right.name
        )
    }

    pub(super) fn grouped(&mut self) -> String {
        let relation = self.relation();
        let group = Self::stable(self.random.pick(&relation.columns), "a");
        let counted = self.random.pick(&relation.columns).name.clone();
        if self.random.percent(35) {
            let condition = self.condition(relation, "a");
            return format!(
                "SELECT DISTINCT {group} AS g FROM {} a WHERE {condition}",
                relation.name
            );
        }
        let filter = if self.random.percent(50) {
            format!(" WHERE {}", self.condition(relation, "a"))
        } else {
            String::new()
        };
        let having = *self
            .random
            .pick(&["", " HAVING count(*) > 1", " HAVING count(*) = 1"]);
        format!(
            "SELECT {group} AS g, count(*) AS n, count(DISTINCT a.{counted}) AS d FROM {} a{filter} GROUP BY {group}{having}",
            relation.name
        )
    }

    pub(super) fn windowed(&mut self) -> String {
        let relation = self.relation();
        if relation.key.is_empty() {
            return self.counted();
        }
        let order = order_of(relation, "a").join(", ");
        let group = Self::stable(self.random.pick(&relation.columns), "a");
        let filter = self.condition(relation, "a");
        format!(
            "SELECT a.{}, row_number() OVER (PARTITION BY {group} ORDER BY {order}) AS n, \
             count(*) OVER (PARTITION BY {group}) AS c FROM {} a WHERE {filter}",
            relation.columns[0].name, relation.name
        )
    }

    pub(super) fn counted(&mut self) -> String {
        let relation = self.relation();
        let column = self.random.pick(&relation.columns).clone();
        let name = &relation.name;
        match self.random.below(5) {
            0 => format!("SELECT count(*) AS n FROM {name}"),
            1 => format!("SELECT count({}) AS n FROM {name}", column.name),
            2 => format!("SELECT EXISTS (SELECT 1 FROM {name}) AS any_row"),
            3 if matches!(column.kind, Kind::Int | Kind::Numeric | Kind::Date) => format!(
                "SELECT min({}) AS lo, max({}) AS hi FROM {name}",
                column.name, column.name
            ),
            _ => {
                let value = literal(self.random, self.schema.dialect, column.kind);
                format!("SELECT count(*) AS n FROM {name} WHERE {} = {value}", column.name)
            }
        }
    }

    /// A page of a relation in a total order.
    pub(super) fn paged(&mut self) -> String {
        let tables: Vec<&Relation> = self
            .schema
            .relations
            .iter()
            .filter(|relation| !relation.key.is_empty())
            .collect();
        let relation = *self.random.pick(&tables);
        let list = self.list(relation, "a");
        if list.starts_with("count(") {
            return self.counted();
        }
        let condition = self.condition(relation, "a");
        let mut sql = format!("SELECT {list} FROM {} a WHERE {condition}", relation.name);
        self.page(&mut sql, &[(relation, "a")]);
        sql
    }

    /// ORDER BY all keys, with a column before them, and LIMIT.
    pub(super) fn page(&mut self, sql: &mut String, relations: &[(&Relation, &str)]) {
        // The keys of an heir or its parent do not tell rows apart.
        if self.has_heirs(relations) {
            return;
        }
        let (first, alias) = *self.random.pick(relations);
        let mut order = Vec::new();
        if self.random.percent(60) {
            let column = self.random.pick(&first.columns);
            let direction = *self.random.pick(&["", " DESC"]);
            order.push(format!("{alias}.{}{direction}", column.name));
        }
        for (relation, alias) in relations {
            order.extend(order_of(relation, alias));
        }
        sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
        self.is_ordered = true;
        if self.random.percent(75) {
            sql.push_str(&format!(" LIMIT {}", 1 + self.random.below(4)));
            if self.random.percent(25) {
                sql.push_str(&format!(" OFFSET {}", self.random.below(3)));
            }
        }
    }

    fn has_heirs(&self, relations: &[(&Relation, &str)]) -> bool {
        relations.iter().any(|(relation, _)| {
            let number = relation.name.trim_end_matches('"').chars().last();
            self.schema
                .relations
                .iter()
                .any(|other| other.name.starts_with("heir") && other.name.chars().last() == number)
        })
    }
}

fn order_of(relation: &Relation, alias: &str) -> Vec<String> {
    relation
        .key
        .iter()
        .map(|at| format!("{alias}.{}", relation.columns[*at].name))
        .collect()
}
