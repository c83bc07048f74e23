//! A write while it is made up: the statements so far, and the rows as they will be.
//!
//! Invariant: the rows change with each statement as the database will change them.

use plexidb::{Dialect, Value};

use super::dice::Dice;
use super::fact::{Fact, Table, Tuple};
use super::work::{Statement, Step, placeholders};

/// The write of one unit.
pub(crate) struct Edit<'d> {
    /// All rows of the unit, in order.
    facts: Vec<Fact>,
    pub(crate) steps: Vec<Step>,
    /// The version that the write makes.
    pub(crate) number: u64,
    pub(crate) dialect: Dialect,
    pub(crate) dice: &'d mut Dice,
    /// Tells values of one write apart.
    made: i64,
}

impl<'d> Edit<'d> {
    pub(crate) fn new(facts: Vec<Fact>, number: u64, dialect: Dialect, dice: &'d mut Dice) -> Self {
        Self {
            facts,
            steps: Vec::new(),
            number,
            dialect,
            dice,
            made: 0,
        }
    }

    pub(crate) fn finish(mut self) -> (Vec<Fact>, Vec<Step>) {
        self.facts.sort_unstable();
        (self.facts, self.steps)
    }

    /// Makes statements that will be undone, and returns them.
    pub(crate) fn aside(&mut self, make: impl FnOnce(&mut Self)) -> Vec<Step> {
        let facts = self.facts.clone();
        let steps = std::mem::take(&mut self.steps);
        make(self);
        self.facts = facts;
        std::mem::replace(&mut self.steps, steps)
    }

    /// Makes statements within a savepoint that is released.
    pub(crate) fn within_savepoint(&mut self, make: impl FnOnce(&mut Self)) {
        let steps = std::mem::take(&mut self.steps);
        make(self);
        let kept = std::mem::replace(&mut self.steps, steps);
        self.steps.push(Step::Kept(kept));
    }

    /// A number that no earlier write of this unit has used, below 2^31.
    pub(crate) fn fresh(&mut self) -> i64 {
        self.made += 1;
        (self.number as i64 * 16 + self.made % 16) % (1 << 30)
    }

    /// The row of a table whose cell at this position is so, if there is one.
    pub(crate) fn find(&self, table: Table, position: usize, cell: i64) -> Option<Tuple> {
        let mut facts = self.facts.iter();
        let found = facts.find(|fact| fact.table == table && fact.cells[position] == cell);
        found.map(|fact| fact.cells)
    }

    pub(crate) fn insert(&mut self, table: Table, cells: Tuple) {
        self.facts.push(Fact { table, cells });
    }

    pub(crate) fn delete(&mut self, table: Table, gone: impl Fn(&Tuple) -> bool) {
        self.facts
            .retain(|fact| fact.table != table || !gone(&fact.cells));
    }

    pub(crate) fn update(
        &mut self,
        table: Table,
        wanted: impl Fn(&Tuple) -> bool,
        change: impl Fn(&mut Tuple),
    ) {
        for fact in &mut self.facts {
            if fact.table == table && wanted(&fact.cells) {
                change(&mut fact.cells);
            }
        }
    }

    pub(crate) fn run(&mut self, sql: &str, params: Vec<Value>) {
        self.steps
            .push(Step::Run(Statement::new(self.dialect, sql, params)));
    }

    /// Runs a statement for the rows that it returns.
    pub(crate) fn run_returning(&mut self, sql: &str, params: Vec<Value>) {
        let mut statement = Statement::new(self.dialect, sql, params);
        statement.returns = true;
        self.steps.push(Step::Run(statement));
    }

    pub(crate) fn run_many(&mut self, sql: &str, rows: Vec<Vec<Value>>) {
        let sql = placeholders(self.dialect, sql);
        self.steps.push(Step::Batch { sql, rows });
    }

    /// `UPDATE table SET column = value WHERE key = k`, where the key is the column at position 0.
    pub(crate) fn set(&mut self, table: Table, key: i64, column: &str, cell: i64) {
        let position = table.position(column);
        let key_name = table.columns()[0].0;
        let name = table.name();
        self.run(
            &format!("UPDATE {name} SET {column} = ? WHERE {key_name} = ?"),
            vec![table.value(position, cell), key.into()],
        );
        self.update(table, |cells| cells[0] == key, |cells| cells[position] = cell);
    }

    /// `DELETE FROM table WHERE key = k`.
    pub(crate) fn remove(&mut self, table: Table, key: i64) {
        let (name, key_name) = (table.name(), table.columns()[0].0);
        self.run(
            &format!("DELETE FROM {name} WHERE {key_name} = ?"),
            vec![key.into()],
        );
        self.delete(table, |cells| cells[0] == key);
    }

    /// `INSERT INTO table (…) VALUES (…)`.
    pub(crate) fn add(&mut self, table: Table, cells: Tuple) {
        self.run(&insert_sql(table), values(table, &cells));
        self.insert(table, cells);
    }
}

/// An INSERT of one row with all columns.
pub(crate) fn insert_sql(table: Table) -> String {
    let names: Vec<&str> = table.columns().iter().map(|(name, _)| *name).collect();
    let marks = vec!["?"; names.len()];
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        table.name(),
        names.join(", "),
        marks.join(", ")
    )
}

/// The cells of a row as parameters.
pub(crate) fn values(table: Table, cells: &Tuple) -> Vec<Value> {
    (0..table.columns().len())
        .map(|position| table.value(position, cells[position]))
        .collect()
}
