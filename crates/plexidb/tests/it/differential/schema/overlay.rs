//! What lies over the tables: views, nested and joined, and triggers that write other tables or change their own row.

use plexidb::Dialect;

use super::{Kind, Relation, Schema, literal};
use crate::differential::case::Setup;
use crate::differential::random::Random;

impl Schema {
    pub(super) fn add_views(&mut self, random: &mut Random) {
        for number in 0..random.below(4) {
            let over = random.pick(&self.relations).clone();
            let other = random.pick(&self.tables()).to_owned().clone();
            let (body, view) = if random.percent(35) {
                joined_view(&over, &other, number)
            } else {
                self.filtered_view(random, &over, number)
            };
            self.setup
                .push(Setup::Statement(format!("CREATE VIEW {} AS {body}", view.name)));
            self.relations.push(view);
        }
    }

    fn filtered_view(&self, random: &mut Random, over: &Relation, number: usize) -> (String, Relation) {
        let kept: Vec<usize> = (0..over.columns.len())
            .filter(|at| *at == 0 || over.key.contains(at) || random.percent(70))
            .collect();
        let mut view = over.clone();
        view.name = format!("v{number}");
        view.columns = kept.iter().map(|at| over.columns[*at].clone()).collect();
        view.key.clear();
        view.indexed = vec![0];
        view.unique.clear();
        view.is_table = false;
        view.is_writable = self.dialect != Dialect::Sqlite && over.is_writable;
        let names: Vec<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
        let mut body = format!("SELECT {} FROM {}", names.join(", "), over.name);
        if random.percent(50)
            && let Some(column) = over.columns.iter().find(|column| column.kind == Kind::Int)
        {
            body.push_str(&format!(" WHERE {} < {}", column.name, 3 + random.below(6)));
        }
        (body, view)
    }

    pub(super) fn add_triggers(&mut self, random: &mut Random) {
        if !random.percent(50) {
            return;
        }
        let tables: Vec<Relation> = self
            .tables()
            .into_iter()
            .filter(|table| table.is_writable && !table.name.starts_with("part"))
            .cloned()
            .collect();
        for number in 0..1 + random.below(2) {
            let on = random.pick(&tables).clone();
            if self.dialect != Dialect::Sqlite && random.percent(50) {
                self.add_changing_trigger(random, &on, number);
                continue;
            }
            let others: Vec<&Relation> = tables.iter().filter(|table| table.name != on.name).collect();
            if others.is_empty() {
                continue;
            }
            let target = (*random.pick(&others)).clone();
            let body = self.trigger_body(random, &target);
            self.push_trigger(random, &on, number, &body);
        }
    }

    fn trigger_body(&self, random: &mut Random, target: &Relation) -> String {
        let columns = target.writable();
        let column = columns[target.key.len().min(columns.len() - 1)..]
            .iter()
            .find(|column| column.may_be_omitted)
            .unwrap_or(&columns[0]);
        let first = &target.columns[0];
        let value = literal(random, self.dialect, first.kind);
        if random.percent(25) {
            return format!("DELETE FROM {} WHERE {} = {value}", target.name, first.name);
        }
        let new = column.value(random, self.dialect);
        let filter = if random.percent(50) {
            format!(" WHERE {} = {value}", first.name)
        } else {
            String::new()
        };
        format!("UPDATE {} SET {} = {new}{filter}", target.name, column.name)
    }

    fn push_trigger(&mut self, random: &mut Random, on: &Relation, number: usize, body: &str) {
        let event = *random.pick(&["INSERT", "UPDATE", "DELETE"]);
        let name = &on.name;
        let sql = match self.dialect {
            Dialect::Sqlite => format!("CREATE TRIGGER r{number} AFTER {event} ON {name} BEGIN {body}; END"),
            Dialect::MySql => format!("CREATE TRIGGER r{number} AFTER {event} ON {name} FOR EACH ROW {body}"),
            Dialect::Postgres => {
                self.setup.push(Setup::Statement(format!(
                    "CREATE FUNCTION r{number}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$"
                )));
                format!(
                    "CREATE TRIGGER r{number} AFTER {event} ON {name} FOR EACH ROW EXECUTE FUNCTION r{number}()"
                )
            }
        };
        self.setup.push(Setup::Statement(sql));
    }

    /// A trigger that sets a column of the row that is being written.
    fn add_changing_trigger(&mut self, random: &mut Random, on: &Relation, number: usize) {
        let columns: Vec<_> = on
            .writable()
            .into_iter()
            .filter(|column| column.may_be_omitted)
            .collect();
        if columns.len() < 2 {
            return;
        }
        let column = columns[1 + random.below(columns.len() - 1)];
        let value = column.value(random, self.dialect);
        let event = *random.pick(&["INSERT", "UPDATE"]);
        let name = &on.name;
        let sql = if self.dialect == Dialect::MySql {
            format!(
                "CREATE TRIGGER r{number} BEFORE {event} ON {name} FOR EACH ROW SET NEW.{} = {value}",
                column.name
            )
        } else {
            self.setup.push(Setup::Statement(format!(
                "CREATE FUNCTION r{number}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.{} := {value}; RETURN NEW; END $$",
                column.name
            )));
            format!(
                "CREATE TRIGGER r{number} BEFORE {event} ON {name} FOR EACH ROW EXECUTE FUNCTION r{number}()"
            )
        };
        self.setup.push(Setup::Statement(sql));
    }
}

fn joined_view(left: &Relation, right: &Relation, number: usize) -> (String, Relation) {
    let pair = left.columns.iter().find_map(|one| {
        let other = right.columns.iter().find(|other| other.kind == one.kind)?;
        Some((one, other))
    });
    let condition = match pair {
        Some((one, other)) => format!("l.{} = r.{}", one.name, other.name),
        None => "1 = 1".to_owned(),
    };
    let mut columns = Vec::new();
    let mut list = Vec::new();
    for (alias, column) in left
        .columns
        .iter()
        .take(3)
        .map(|column| ("l", column))
        .chain(right.columns.iter().rev().take(2).map(|column| ("r", column)))
    {
        let name = format!("w{}", columns.len());
        list.push(format!("{alias}.{} AS {name}", column.name));
        columns.push(super::Column {
            name,
            kind: column.kind,
            is_writable: false,
            may_be_omitted: true,
            is_link: false,
        });
    }
    let body = format!(
        "SELECT {} FROM {} l LEFT JOIN {} r ON {condition}",
        list.join(", "),
        left.name,
        right.name
    );
    let view = Relation {
        name: format!("v{number}"),
        columns,
        key: Vec::new(),
        indexed: vec![0],
        unique: Vec::new(),
        is_table: false,
        is_writable: false,
    };
    (body, view)
}
