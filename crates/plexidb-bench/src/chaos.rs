//! The check of what is promised while servers fail: writers and readers through one manager on a primary and its replicas, behind
//! proxies, with faults that follow from a seed.
//!
//! Invariant: each episode heals what it broke before the next one begins, so that what is still wrong at the end is plexidb's.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::product::Product;

mod arena;
mod call;
mod episode;
mod findings;
mod model;
#[cfg(feature = "planted-faults")]
mod planted;
mod reader;
mod run;
mod settle;
mod sql;
mod tally;
mod trouble;
mod world;
mod writer;

use arena::Arena;

pub use findings::ChaosFindings;
#[cfg(feature = "planted-faults")]
pub use planted::find_planted_in_chaos;

const SECONDS_QUICK: u64 = 60;
const SECONDS_FULL: u64 = 3_600;

/// What to check.
#[derive(Clone, Debug, clap::Args)]
pub struct ChaosOptions {
    /// Only on this database: PostgreSQL or MariaDB.
    #[arg(long, value_enum)]
    pub database: Option<Product>,
    /// What the faults and the operations follow from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long, on each database; without it an hour, or a minute with --quick.
    #[arg(long)]
    pub seconds: Option<u64>,
}

/// Runs the check on each database that has replicas.
///
/// # Errors
///
/// Where a server cannot be started, or does not do what a fault asks of it.
pub async fn chaos(options: ChaosOptions, is_quick: bool) -> Result<Vec<ChaosFindings>> {
    let products = match options.database {
        Some(one) => vec![one],
        None => vec![Product::Postgres, Product::MariaDb],
    };
    let seconds = options
        .seconds
        .unwrap_or(if is_quick { SECONDS_QUICK } else { SECONDS_FULL });
    let mut findings = Vec::new();
    for product in products {
        let arena = tokio::task::block_in_place(|| Arena::start(product))?;
        let plan = run::Plan {
            seed: options.seed,
            length: Duration::from_secs(seconds),
            only: &[],
            quiet_max: settle::QUIET_MAX,
        };
        findings.push(run::run(&Arc::new(arena), plan).await?);
    }
    Ok(findings)
}
