//! Compares: every read of a sequence is made through the layer and directly, and the rows have to be equal.
//!
//! Invariant: writes go through the layer, one operation ends before the next begins, so that both reads of a pair
//! see the same data; a difference is a fault of the layer, or a write that went past it.

use std::fmt;

use plexidb::{Database, Params, Rows, Source};
use plexidb_workloads::chat::Operation;

#[cfg(test)]
mod tests;

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) reads: u64,
    /// Reads of these that the cache answered.
    pub(super) from_cache: u64,
    pub(super) writes: u64,
}

/// The first read whose rows differ.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// The position in the sequence, from 1.
    pub(super) operation: u64,
    pub(super) sql: String,
    pub(super) params: String,
    /// Where the layer's rows came from.
    pub(super) source: Source,
    pub(super) layer: String,
    pub(super) direct: String,
}

/// How the comparison ended.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Equal(Compared),
    Differs(Box<Difference>),
}

/// Runs the operations one after the other and stops at the first difference.
pub(super) async fn check(
    layer: &Database,
    direct: &Database,
    operations: impl Iterator<Item = Operation>,
) -> Result<Verdict, plexidb::Error> {
    let mut compared = Compared::default();
    for (number, operation) in (1..).zip(operations) {
        let Some(rows) = operation.run(layer).await? else {
            compared.writes += 1;
            continue;
        };
        let sql = operation.sql(direct.dialect());
        let expected = direct.query(sql, Params::Positional(&operation.params())).await?;
        if *rows != *expected {
            return Ok(Verdict::Differs(Box::new(difference(
                number, &operation, sql, &rows, &expected,
            ))));
        }
        compared.reads += 1;
        compared.from_cache += u64::from(rows.source() == Source::L1);
    }
    Ok(Verdict::Equal(compared))
}

fn difference(number: u64, operation: &Operation, sql: &str, layer: &Rows, direct: &Rows) -> Difference {
    let row = |rows: &Rows, index: usize| {
        rows.rows()
            .get(index)
            .map_or("no row".to_owned(), |row| format!("{row:?}"))
    };
    let count = layer.len().max(direct.len());
    // Where all rows are alike the columns differ, which every row shows, or which no row can show.
    let first = (0..count).find(|index| row(layer, *index) != row(direct, *index));
    let show = |rows: &Rows| match first {
        Some(index) => format!("row {} of {}: {}", index + 1, rows.len(), row(rows, index)),
        None => format!("{} rows of {:?}", rows.len(), rows.columns()),
    };
    Difference {
        operation: number,
        sql: sql.to_owned(),
        params: format!("{:?}", &*operation.params()),
        source: layer.source(),
        layer: show(layer),
        direct: show(direct),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "operation {} returned other rows through plexidb than directly",
            self.operation
        )?;
        writeln!(f, "  statement   {}", self.sql)?;
        writeln!(f, "  parameters  {}", self.params)?;
        writeln!(f, "  plexidb     {} (from {})", self.layer, self.source)?;
        write!(f, "  direct      {}", self.direct)
    }
}
