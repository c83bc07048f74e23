//! Many rows into one table: several hundred a statement, several ten thousand a transaction.

use plexidb::{Array, Database, Dialect, Error, Params, Transaction, Value, ValueRef};

/// Fewer round trips than single rows by three orders, and far below every database's bound on parameters
/// (32,766 in SQLite).
const STATEMENT_ROWS: usize = 500;

/// A column that is filled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ColumnType {
    Integer,
    Text,
}

/// The table to fill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [(&'static str, ColumnType)],
}

/// Fills one table. What was pushed is there after [`finish`](Self::finish), and may be there before.
pub(crate) struct Bulk<'a> {
    database: &'a Database,
    target: Target,
    /// The statement for [`STATEMENT_ROWS`] rows.
    sql: String,
    transaction: Option<Transaction>,
    transaction_rows: usize,
    values: Vec<Value>,
}

impl<'a> Bulk<'a> {
    pub(crate) fn new(database: &'a Database, target: Target) -> Self {
        Self {
            database,
            target,
            sql: insert_sql(database.dialect(), target, STATEMENT_ROWS),
            transaction: None,
            transaction_rows: 0,
            values: Vec::with_capacity(STATEMENT_ROWS * target.columns.len()),
        }
    }

    /// Adds a row, which has a value for each column; tells how many rows were sent, mostly none.
    pub(crate) async fn push<const N: usize>(&mut self, row: [Value; N]) -> Result<usize, Error> {
        debug_assert_eq!(N, self.target.columns.len());
        self.values.extend(row);
        if self.values.len() < STATEMENT_ROWS * N {
            Ok(0)
        } else {
            self.send().await
        }
    }

    /// Sends the last rows and commits; tells how many rows were sent.
    pub(crate) async fn finish(mut self) -> Result<usize, Error> {
        let rows = if self.values.is_empty() {
            0
        } else {
            self.send().await?
        };
        self.commit().await?;
        Ok(rows)
    }

    async fn send(&mut self) -> Result<usize, Error> {
        let rows = self.values.len() / self.target.columns.len();
        let dialect = self.database.dialect();
        let partial;
        let sql = if rows == STATEMENT_ROWS {
            &self.sql
        } else {
            partial = insert_sql(dialect, self.target, rows);
            &partial
        };
        if self.transaction.is_none() {
            self.transaction = Some(begin(self.database).await?);
        }
        let Some(transaction) = self.transaction.as_mut() else {
            return Ok(0);
        };
        if dialect == Dialect::Postgres {
            let arrays = columns(std::mem::take(&mut self.values), self.target.columns.len());
            let values: Vec<ValueRef<'_>> = arrays
                .iter()
                .map(|array| ValueRef::Array(array.as_ref()))
                .collect();
            transaction.execute(sql, Params::Positional(&values)).await?;
        } else {
            let values: Vec<ValueRef<'_>> = self.values.iter().map(Value::as_ref).collect();
            transaction.execute(sql, Params::Positional(&values)).await?;
        }
        self.values.clear();
        self.transaction_rows += rows;
        if self.transaction_rows >= transaction_rows_max(dialect) {
            self.commit().await?;
        }
        Ok(rows)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.transaction_rows = 0;
        match self.transaction.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }
}

/// SQLite's log grows until a commit, and PostgreSQL gains nothing from longer transactions; InnoDB builds the
/// indexes of an empty table in one go, but only for its first transaction.
fn transaction_rows_max(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => 100_000,
        Dialect::MySql => usize::MAX,
    }
}

async fn begin(database: &Database) -> Result<Transaction, Error> {
    let mut transaction = database.begin().await?;
    if database.dialect() == Dialect::MySql {
        // Of this session alone, which ends with the transaction: generated rows hold to the constraints by construction.
        transaction
            .execute("SET SESSION foreign_key_checks = 0", Params::Positional(&[]))
            .await?;
        transaction
            .execute("SET SESSION unique_checks = 0", Params::Positional(&[]))
            .await?;
    }
    Ok(transaction)
}

fn insert_sql(dialect: Dialect, Target { table, columns }: Target, rows: usize) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    if dialect == Dialect::Postgres {
        // One array a column: a statement of thousands of parameters costs PostgreSQL several times as much.
        let arrays: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(index, (_, column))| match column {
                ColumnType::Integer => format!("${}::bigint[]", index + 1),
                ColumnType::Text => format!("${}::text[]", index + 1),
            })
            .collect();
        return format!(
            "INSERT INTO {table} ({names}) SELECT * FROM unnest({})",
            arrays.join(", ")
        );
    }
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    format!(
        "INSERT INTO {table} ({names}) VALUES {}",
        vec![row; rows].join(", ")
    )
}

/// Row by row into column by column.
fn columns(values: Vec<Value>, width: usize) -> Vec<Array> {
    let mut columns: Vec<Vec<Value>> = vec![Vec::with_capacity(values.len() / width); width];
    for (index, value) in values.into_iter().enumerate() {
        columns[index % width].push(value);
    }
    columns.into_iter().map(Array::from_values).collect()
}
