//! Makes the chat database.
//!
//! Invariant: a record says "half made" before the first row and "complete" after the last, so that an interrupted
//! run is recognised; tables that are not the workload's own are never touched.

use std::time::{SystemTime, UNIX_EPOCH};

use plexidb::{Database, Error, params};

use super::population::Population;
use super::record::{self, Made};
use super::scale::Scale;
use super::schema;

mod rows;
#[cfg(test)]
mod tests;

/// Why a database was not generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// There are tables of the workload's names that it did not make.
    #[error(
        "the database has tables of its own named {}; give an empty database, which is then the demo's own",
        tables.join(", ")
    )]
    Foreign {
        /// Their names.
        tables: Vec<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Rows that were inserted.
    pub rows_done: u64,
    /// Rows that will have been inserted in the end.
    pub rows_total: u64,
}

/// The steps of generating a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Inserting rows.
    Rows,
    /// Making indexes and statistics, after all rows.
    Indexes,
}

/// Makes the tables and their rows; what an earlier run left there, complete or not, is dropped first.
///
/// Deterministic but for the time in the record. Where the future is dropped half-way, the database stays recognisable
/// as half made.
///
/// # Errors
///
/// [`GenerateError::Foreign`], and then nothing has changed; [`GenerateError::Database`].
pub async fn generate(
    database: &Database,
    scale: Scale,
    seed: u64,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Made, GenerateError> {
    if find_own_tables(database)? {
        drop_old(database).await?;
    }
    for sql in record::begin(seed, scale) {
        database.execute(&sql, params![]).await?;
    }
    for sql in schema::create_tables(database.dialect()) {
        database.execute(&sql, params![]).await?;
    }
    let population = Population::new(seed, scale);
    let rows_total = rows::total(&population);
    rows::fill(database, &population, &mut |rows_done| {
        progress(Progress {
            step: Step::Rows,
            rows_done,
            rows_total,
        });
    })
    .await?;
    progress(Progress {
        step: Step::Indexes,
        rows_done: rows_total,
        rows_total,
    });
    for sql in schema::complete_tables(database.dialect(), [scale.users, scale.channels, scale.messages]) {
        database.execute(&sql, params![]).await?;
    }
    let made_at_ms = now_ms();
    database.execute(&record::end(made_at_ms), params![]).await?;
    Ok(Made {
        seed,
        scale,
        made_at_ms,
    })
}

/// Whether the workload has made tables here before.
///
/// A table is its own where the record exists and the table has exactly the columns that it makes.
fn find_own_tables(database: &Database) -> Result<bool, GenerateError> {
    let catalog = database.catalog();
    let has_columns = |table: &str, expected: &[&str]| {
        let table = catalog.table(None, table)?;
        Some(
            table
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .eq(expected.iter().copied()),
        )
    };
    let has_record = has_columns(record::TABLE, &record::COLUMNS);
    let mut foreign: Vec<String> = Vec::new();
    if has_record == Some(false) {
        foreign.push(record::TABLE.to_owned());
    }
    for table in schema::TABLES {
        let is_own =
            has_columns(table, schema::columns(table)).map(|is_own| is_own && has_record == Some(true));
        if is_own == Some(false) {
            foreign.push(table.to_owned());
        }
    }
    if foreign.is_empty() {
        Ok(has_record.is_some())
    } else {
        Err(GenerateError::Foreign { tables: foreign })
    }
}

async fn drop_old(database: &Database) -> Result<(), Error> {
    database.execute(record::HALF_MADE, params![]).await?;
    for sql in schema::drop_tables() {
        database.execute(&sql, params![]).await?;
    }
    // The record last: while one table is left, it must be recognised as the workload's own.
    database
        .execute(&format!("DROP TABLE {}", record::TABLE), params![])
        .await?;
    Ok(())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
