//! The check of what is promised to several processes: three of them on one Redis and one database, which read, write, die, stand
//! still and are cut off as it follows from a seed; one history of all of them, judged by the machine's one clock.
//!
//! Invariant: each episode heals what it broke before the next one begins, so that what is still wrong at the end is plexidb's.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::product::Product;

mod call;
mod clock;
mod episode;
mod event;
mod findings;
mod history;
mod node;
mod number;
mod process;
mod reader;
mod register;
mod run;
mod settle;
mod site;
mod sql;
mod trouble;
mod writer;

use run::Plan;

pub use findings::NodesFindings;
pub use node::node;

/// Processes.
const NODES: usize = 3;
/// The database's name.
const DATABASE: &str = "nodes";
/// The namespace in Redis.
const NAMESPACE: &str = "check";
/// How long a process may serve cached results without hearing from Redis, in strict mode.
const LEASE: Duration = Duration::from_secs(2);
/// How old a result may be in bounded mode.
const MAX_STALENESS: Duration = Duration::from_millis(800);
/// How long Redis may take to answer: who joins reads some megabytes, through a proxy, in a build that need not be optimised.
const REDIS_TIMEOUT: Duration = Duration::from_millis(400);
/// How long it may take until nothing is held when all is quiet.
const QUIET_MAX: Duration = Duration::from_secs(30);

const SECONDS_QUICK: u64 = 40;
const SECONDS_FULL: u64 = 1_800;

/// How fresh results are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NodesCoherence {
    /// Linearizable.
    Strict,
    /// At most so old.
    Bounded,
}

/// What to check.
#[derive(Clone, Debug, clap::Args)]
pub struct NodesOptions {
    /// Only on this database: PostgreSQL or MariaDB.
    #[arg(long, value_enum)]
    pub database: Option<Product>,
    /// What the faults and the operations follow from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long, in each mode on each database; without it half an hour, or 40 s with --quick.
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Only in this mode.
    #[arg(long, value_enum)]
    pub coherence: Option<NodesCoherence>,
}

/// Runs the check in each mode on each database. `program` is that of a node: it runs [`node`] when it is given `node` as its
/// one argument. Blocks the thread.
///
/// # Errors
///
/// Where a server or a process cannot be started, or does not do what a fault asks of it.
pub fn nodes(options: &NodesOptions, program: PathBuf, is_quick: bool) -> Result<Vec<NodesFindings>> {
    let products = match options.database {
        Some(one) => vec![one],
        None => vec![Product::Postgres, Product::MariaDb],
    };
    let modes = match options.coherence {
        Some(one) => vec![one],
        None => vec![NodesCoherence::Strict, NodesCoherence::Bounded],
    };
    let seconds = options
        .seconds
        .unwrap_or(if is_quick { SECONDS_QUICK } else { SECONDS_FULL });
    let mut findings = Vec::new();
    for product in products {
        for mode in &modes {
            findings.push(run::run(Plan {
                product,
                is_strict: *mode == NodesCoherence::Strict,
                seed: options.seed,
                length: Duration::from_secs(seconds),
                program: program.clone(),
                only: &[],
                quiet_max: QUIET_MAX,
            })?);
        }
    }
    Ok(findings)
}
