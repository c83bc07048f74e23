//! What a write costs through the layer, by the bare driver's: p50, one write at a time, in turns.
//!
//! Invariant: all sides write the same rows of one database in the same way; nothing is cached, so that no side's
//! writes have to be seen by another.

use anyhow::Result;
use plexidb::{Config, DatabaseConfig, KeyLearning, Manager, params};

use crate::figure::{Goal, Report};
use crate::product::{Host, Place, Product};

mod compare;
mod side;
mod statement;

use compare::compare;
use side::Side;
use statement::Statement;

/// Through the layer at most so many times the bare driver's p50.
const BY_BARE_MAX: f64 = 1.15;
/// Rows before the first write.
const ROWS: i64 = 20_000;
const ROWS_PER_INSERT: i64 = 1_000;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only on this database.
    #[arg(long, value_enum)]
    database: Option<Product>,
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    calls_per_round: usize,
}

/// Runs the benchmark.
pub(crate) async fn run(options: Options, quick: bool) -> Result<Report> {
    let size = if quick {
        Size {
            rounds: 11,
            calls_per_round: 200,
        }
    } else {
        Size {
            rounds: 41,
            calls_per_round: 500,
        }
    };
    let mut report = Report::default();
    for product in options.database.map_or(Product::ALL.to_vec(), |one| vec![one]) {
        let host = Host::start(product)?;
        let place = host.database("writes.db");
        fill(&place).await?;
        plain(&place, size, &mut report).await?;
        learning(&place, size, &mut report).await?;
    }
    Ok(report)
}

/// Writes whose text tells all keys of their rows.
async fn plain(place: &Place<'_>, size: Size, report: &mut Report) -> Result<()> {
    let product = place.product;
    // The deletions take the rows that the insertions made.
    for statement in [Statement::Update, Statement::Insert, Statement::Delete] {
        let mut sides = vec![
            Side::bare(place).await?,
            Side::layer(open(place, KeyLearning::Auto).await?)?,
        ];
        let costs = compare(&mut sides, statement, size).await?;
        report.add(
            format!("{} on {product}, p50 by the bare driver's", statement.name()),
            costs.by_first(1),
            "×",
            Goal::AtMost(BY_BARE_MAX),
        );
        report.add(
            format!("{} on {product}, p50 of the bare driver", statement.name()),
            costs.median_ns(0) / 1e3,
            "µs",
            Goal::Stated,
        );
        dismiss(sides).await;
    }
    Ok(())
}

/// An update whose text does not tell a key of its row, by how the key is learnt.
async fn learning(place: &Place<'_>, size: Size, report: &mut Report) -> Result<()> {
    let product = place.product;
    let ways = [
        (KeyLearning::Auto, "nothing cached, p50 by the bare driver's"),
        (KeyLearning::Never, "key not learnt, p50 by the bare driver's"),
        (
            KeyLearning::OneTrip,
            "key learnt in one round trip, p50 by the bare driver's",
        ),
        (
            KeyLearning::TwoTrips,
            "key learnt in two round trips, p50 by the bare driver's",
        ),
    ];
    let statement = Statement::Edit;
    let mut sides = vec![Side::bare(place).await?];
    for (way, _) in ways {
        sides.push(Side::layer(open(place, way).await?)?);
    }
    let costs = compare(&mut sides, statement, size).await?;
    for (index, (way, name)) in ways.into_iter().enumerate() {
        let goal = if way == KeyLearning::Auto {
            Goal::AtMost(BY_BARE_MAX)
        } else {
            Goal::Stated
        };
        report.add(
            format!("{} on {product}, {name}", statement.name()),
            costs.by_first(index + 1),
            "×",
            goal,
        );
    }
    dismiss(sides).await;
    Ok(())
}

async fn open(place: &Place<'_>, key_learning: KeyLearning) -> Result<Manager> {
    let database = DatabaseConfig {
        key_learning,
        ..DatabaseConfig::from_url("writes", place.url.as_str())
    };
    Ok(Manager::from_config(Config::builder().database(database).build()?).await?)
}

async fn fill(place: &Place<'_>) -> Result<()> {
    let manager = open(place, KeyLearning::Auto).await?;
    for sql in statement::TABLES {
        manager.execute(sql, params![]).await?;
    }
    for first in (0..ROWS).step_by(ROWS_PER_INSERT as usize) {
        for table in ["items", "notes"] {
            let rows: Vec<String> = (first..first + ROWS_PER_INSERT)
                .map(|id| format!("({id}, {}, 'the text of row {id}')", id % 100))
                .collect();
            let sql = format!("INSERT INTO {table} VALUES {}", rows.join(", "));
            manager.execute(&sql, params![]).await?;
        }
    }
    manager.close().await;
    Ok(())
}

async fn dismiss(sides: Vec<Side>) {
    for side in sides {
        side.close().await;
    }
}
