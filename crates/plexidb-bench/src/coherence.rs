//! The checker of the cache's promise: concurrent writers and readers through the layer, on real databases, with faults; each
//! result must have been the truth at some moment while it was read.
//!
//! Invariant: operations follow from the seed alone; only the order in which those of different workers meet differs.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;

use crate::product::Product;

mod clock;
mod counters;
mod dice;
mod edit;
mod fact;
mod history;
mod plan;
#[cfg(feature = "planted-faults")]
mod planted;
mod progress;
mod report;
mod round;
mod run_work;
mod schema;
mod settle;
mod shape;
mod site;
mod tally;
mod trouble;
mod unit;
mod violation;
mod work;
mod worker;
mod world;

pub(crate) use dice::Dice;
pub(crate) use run_work::Abandoned;

use counters::Counters;
use plan::Plan;
use progress::Progress;
use round::Bench;
use shape::Shapes;
use site::Site;
use tally::Tally;
use violation::Violation;
use world::World;

#[cfg(feature = "planted-faults")]
pub(crate) use planted::Healing;
#[cfg(feature = "planted-faults")]
pub use planted::{PlantedFault, find_planted};
pub use report::Findings;

/// Operations on each database, unless the user says otherwise.
const OPERATIONS_QUICK: u64 = 240_000;
const OPERATIONS_FULL: u64 = 3_600_000;
/// Times that a round is repeated in search of a violation.
const REPLAYS_MAX: usize = 40;

/// What to check.
#[derive(Clone, Debug, clap::Args)]
pub struct CoherenceOptions {
    /// Only on this database.
    #[arg(long, value_enum)]
    pub database: Option<Product>,
    /// What all operations follow from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Operations on each database; without it, 3.6 million, or 240,000 with --quick.
    #[arg(long)]
    pub operations: Option<u64>,
    /// Run only the round of this number, again and again until it shows a violation.
    #[arg(long, value_name = "ROUND")]
    pub replay: Option<u64>,
}

/// Runs the checker on each database; stops at the first violation of each.
///
/// # Errors
///
/// Where a server cannot be started or a database does not answer though nothing is wrong with it on purpose.
pub async fn coherence(options: CoherenceOptions, is_quick: bool) -> Result<Vec<Findings>> {
    let products = options.database.map_or(Product::ALL.to_vec(), |one| vec![one]);
    let operations = options.operations.unwrap_or(if is_quick {
        OPERATIONS_QUICK
    } else {
        OPERATIONS_FULL
    });
    let progress = Progress::new(products.len() as u64 * operations);
    let mut findings = Vec::new();
    for product in products {
        progress.say(format!("{product}: starting"));
        let rounds: Box<dyn Iterator<Item = u64> + Send> = match options.replay {
            Some(number) => Box::new(std::iter::repeat_n(number, REPLAYS_MAX)),
            None => Box::new(0..),
        };
        let seed = options.seed;
        let plans = rounds.map(move |number| Plan::new(product, seed, number, operations));
        findings.push(check(product, seed, plans, operations, &progress).await?);
    }
    Ok(findings)
}

/// Runs rounds on a new database until so many operations are made, or one shows a violation.
async fn check(
    product: Product,
    seed: u64,
    plans: impl Iterator<Item = Plan>,
    operations: u64,
    progress: &Progress,
) -> Result<Findings> {
    let started = Instant::now();
    let bench = open(product).await?;
    let mut total = Tally::default();
    let mut violations: Vec<Violation> = Vec::new();
    let mut made = 0;
    for plan in plans {
        if made >= operations {
            break;
        }
        made += plan.operations;
        let operations = plan.operations;
        progress.say(format!("{product}: round {} ({:?})", plan.number, plan.trouble));
        let (tally, found) = round::run(&bench, plan).await?;
        total.add(&tally);
        progress.advance(operations);
        if !found.is_empty() {
            violations = found;
            break;
        }
    }
    Ok(Findings::new(product, seed, total, violations, started.elapsed()))
}

async fn open(product: Product) -> Result<Arc<Bench>> {
    let site = Site::start(product).await?;
    Ok(Arc::new(Bench {
        world: World::new(),
        counters: Counters::default(),
        shapes: Shapes::new(product.dialect()),
        site,
    }))
}
