//! Runs a case: every read through the layer must equal the same read past it, before and after every write.
//!
//! Must not know how cases are made.

use std::collections::HashMap;

use plexidb::{Error, Executed, Manager, Params, Row, RowSet, Source, Transaction, Value, ValueRef};

use super::case::{Case, Part, Statement, Step};

/// Through what a case reads.
pub(super) enum Layer {
    Product,
    /// A cache that no DELETE invalidates, to show that the suite finds such a fault.
    ForgetsDeletes(HashMap<String, RowSet>),
}

/// What one or several runs came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) reads: usize,
    pub(super) hits_after_writes: usize,
    pub(super) statements: usize,
    pub(super) refused: usize,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.reads += other.reads;
        self.hits_after_writes += other.hits_after_writes;
        self.statements += other.statements;
        self.refused += other.refused;
    }

    fn tell<T, E: std::fmt::Display>(&mut self, sql: &str, outcome: &Result<T, E>) {
        self.statements += 1;
        if let Err(error) = outcome {
            self.refused += 1;
            if std::env::var_os("PLEXIDB_TEST_SHOW_REFUSED").is_some() {
                println!("refused: {sql}\n    {error}");
            }
        }
    }
}

/// A read that the layer answered otherwise than the database.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) read: String,
    pub(super) after: String,
    pub(super) layer: String,
    pub(super) direct: String,
}

pub(super) struct Run<'a> {
    pub(super) db: &'a Manager,
    pub(super) layer: Layer,
    pub(super) counts: Counts,
}

impl Run<'_> {
    pub(super) async fn case(&mut self, case: &Case) -> Result<(), Difference> {
        for setup in &case.setup {
            let sql = setup.sql();
            let outcome = self.db.execute(&sql, Params::Positional(&[])).await;
            self.counts.tell(&sql, &outcome);
        }
        for read in &case.reads {
            let outcome = self.layer_read(read).await;
            self.counts.tell(&read.sql, &outcome);
            self.compare(read, "the schema was made").await?;
        }
        for step in &case.steps {
            self.step(case, step).await?;
            for read in &case.reads {
                self.compare(read, &format!("{step:?}")).await?;
            }
        }
        Ok(())
    }

    async fn step(&mut self, case: &Case, step: &Step) -> Result<(), Difference> {
        match step {
            Step::Alone(write) => {
                let outcome = self
                    .db
                    .execute(&write.sql, bound(&write.params).as_params())
                    .await;
                self.wrote(&write.sql, &outcome);
            }
            Step::Many { sql, rows } => {
                let outcome = self.db.execute_many(sql, rows).await;
                self.wrote(sql, &outcome);
            }
            Step::Transaction { parts, commit } => {
                let Ok(mut transaction) = self.db.begin().await else {
                    return Ok(());
                };
                for part in parts {
                    self.part(&mut transaction, part).await;
                    self.read_beside(case, &mut transaction).await?;
                }
                let outcome = if *commit {
                    transaction.commit().await
                } else {
                    transaction.rollback().await
                };
                self.counts.tell("end of a transaction", &outcome);
                if let Layer::ForgetsDeletes(entries) = &mut self.layer {
                    entries.clear();
                }
            }
        }
        Ok(())
    }

    /// Reads that run in the open transaction must not reach the cache; those beside it must not see it.
    async fn read_beside(&mut self, case: &Case, transaction: &mut Transaction) -> Result<(), Difference> {
        for read in case.reads.iter().take(4) {
            // An error here spoils the transaction, which is as good a case as any other.
            let _ = transaction
                .query(&read.sql, bound(&read.params).as_params())
                .await;
            self.compare(read, "a write in an open transaction").await?;
        }
        Ok(())
    }

    async fn part(&mut self, transaction: &mut Transaction, part: &Part) {
        match part {
            Part::Write(write) => {
                let outcome = transaction
                    .execute(&write.sql, bound(&write.params).as_params())
                    .await;
                self.wrote(&write.sql, &outcome);
            }
            Part::Savepoint { writes, keep } => {
                let Ok(mut savepoint) = transaction.savepoint().await else {
                    return;
                };
                for write in writes {
                    let outcome = savepoint
                        .execute(&write.sql, bound(&write.params).as_params())
                        .await;
                    self.wrote(&write.sql, &outcome);
                }
                let outcome = if *keep {
                    savepoint.release().await
                } else {
                    savepoint.rollback().await
                };
                self.counts.tell("end of a savepoint", &outcome);
            }
        }
    }

    fn wrote(&mut self, sql: &str, outcome: &Result<Executed, Error>) {
        self.counts.tell(sql, outcome);
        if let Layer::ForgetsDeletes(entries) = &mut self.layer
            && !sql.starts_with("DELETE")
        {
            entries.clear();
        }
    }

    async fn compare(&mut self, read: &Statement, after: &str) -> Result<(), Difference> {
        let layer = self.layer_read(read).await;
        let mut direct = self.db.select(&read.sql).no_cache();
        for value in &read.params {
            direct = direct.bind(value.clone());
        }
        let direct = direct.fetch().await;
        self.counts.reads += 1;
        let same = match (&layer, &direct) {
            (Ok((layer, _)), Ok(direct)) => equal(layer, direct, read.ordered),
            (Err(layer), Err(direct)) => layer.to_string() == direct.to_string(),
            _ => false,
        };
        if same {
            if let Ok((_, Source::L1)) = layer {
                self.counts.hits_after_writes += 1;
            }
            return Ok(());
        }
        Err(Difference {
            read: format!("{} {:?}", read.sql, read.params),
            after: after.to_owned(),
            layer: format!("{:#?}", layer.map(|(rows, source)| (source, shown(&rows)))),
            direct: format!("{:#?}", direct.map(|rows| shown(&rows))),
        })
    }

    async fn layer_read(&mut self, read: &Statement) -> Result<(RowSet, Source), Error> {
        let key = format!("{} {:?}", read.sql, read.params);
        if let Layer::ForgetsDeletes(entries) = &self.layer
            && let Some(rows) = entries.get(&key)
        {
            return Ok((rows.clone(), Source::L1));
        }
        let rows = self.db.query(&read.sql, bound(&read.params).as_params()).await?;
        let source = rows.source();
        let rows = rows.into_set();
        if let Layer::ForgetsDeletes(entries) = &mut self.layer {
            entries.insert(key, rows.clone());
        }
        Ok((rows, source))
    }
}

fn equal(left: &RowSet, right: &RowSet, ordered: bool) -> bool {
    if ordered || left == right {
        return left == right;
    }
    if left.columns() != right.columns() || left.len() != right.len() {
        return false;
    }
    let sorted = |rows: &RowSet| {
        let mut rows: Vec<String> = rows.into_iter().map(shown_row).collect();
        rows.sort();
        rows
    };
    sorted(left) == sorted(right)
}

fn shown(rows: &RowSet) -> Vec<String> {
    let columns = rows
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.name, column.type_name))
        .collect::<Vec<_>>()
        .join(", ");
    std::iter::once(columns)
        .chain(rows.into_iter().map(shown_row))
        .collect()
}

fn shown_row(row: &Row) -> String {
    row.values()
        .map(|value| format!("{value:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The values of a statement, borrowed as the layer takes them.
struct Bound<'a>(Vec<ValueRef<'a>>);

impl Bound<'_> {
    fn as_params(&self) -> Params<'_> {
        Params::Positional(&self.0)
    }
}

fn bound(values: &[Value]) -> Bound<'_> {
    Bound(values.iter().map(Value::as_ref).collect())
}
