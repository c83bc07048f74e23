//! The *point* workload: one-row reads by primary key, the ranks drawn by Zipf.

use plexidb::{Database, Dialect, Error, Value, params};

use crate::bulk::{Bulk, ColumnType, Target};
use crate::random::Random;
use crate::zipf::Zipf;

#[cfg(test)]
mod tests;

const EXPONENT: f64 = 0.99;
const STREAM_ROWS: u64 = 1;
const STREAM_KEYS: u64 = 2;
const BODY_BYTES: usize = 100;

const TARGET: Target = Target {
    table: "plexidb_points",
    columns: &[("id", ColumnType::Integer), ("body", ColumnType::Text)],
};

/// Makes the table `plexidb_points` with ids from 1 to `rows` and a body of 100 bytes each.
///
/// # Errors
///
/// Those of [`Database::execute`], also where the table exists.
pub async fn generate(database: &Database, rows: u32, seed: u64) -> Result<(), Error> {
    database
        .execute(
            "CREATE TABLE plexidb_points (id BIGINT PRIMARY KEY, body VARCHAR(100) NOT NULL)",
            params![],
        )
        .await?;
    let mut bulk = Bulk::new(database, TARGET);
    for id in 1..=i64::from(rows) {
        let mut random = Random::at(seed, STREAM_ROWS, id as u64);
        let body = (0..BODY_BYTES)
            .map(|_| char::from(b'a' + random.below(26) as u8))
            .collect();
        bulk.push([Value::Int(id), Value::Text(body)]).await?;
    }
    bulk.finish().await?;
    Ok(())
}

/// The read; its parameter is an id.
#[must_use]
pub fn sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "SELECT id, body FROM plexidb_points WHERE id = $1",
        Dialect::Sqlite | Dialect::MySql => "SELECT id, body FROM plexidb_points WHERE id = ?",
    }
}

/// The ids that one worker reads, in their order: an iterator that never ends.
#[derive(Clone, Debug)]
pub struct Keys {
    zipf: Zipf,
    random: Random,
}

impl Keys {
    /// Over `rows` rows.
    #[must_use]
    pub fn new(seed: u64, rows: u32, worker: u32) -> Self {
        Self {
            zipf: Zipf::new(u64::from(rows), EXPONENT),
            random: Random::at(seed, STREAM_KEYS, u64::from(worker)),
        }
    }
}

impl Iterator for Keys {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        Some(self.zipf.sample(&mut self.random) as i64)
    }
}
