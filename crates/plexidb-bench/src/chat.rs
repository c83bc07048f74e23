//! The *chat* workload under each precision of invalidation, beside direct calls, the bare driver and the oracle.
//!
//! Invariant: all modes make the same operations in turns, each on a database of its own that was generated alike, so that
//! the machine's drift meets all and no mode's writes pass another's cache.

use std::time::Duration;

use anyhow::{Context as _, Result};
use plexidb::{CacheStats, StatementStats, params};
use plexidb_workloads::chat::{self, Mix, Scale};

use crate::figure::Report;
use crate::product::{Host, Place, Product};

mod crew;
mod mode;
mod oracle;
mod progress;
mod ratio;
mod tables;
mod tally;

use crew::{Crew, Work};
use mode::{Learning, Mode};
use progress::Progress;
use ratio::Ratio;
use tally::Tally;

/// Workers side by side, where nothing else is said.
const WORKERS: u32 = 8;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only on this database.
    #[arg(long, value_enum)]
    database: Option<Product>,
    /// Only this ratio of reads to writes, such as 90:10.
    #[arg(long)]
    ratio: Option<Ratio>,
    /// Also show what each kind of operation hits under row-precise invalidation.
    #[arg(long)]
    by_operation: bool,
    /// How writes learn the keys of their rows.
    #[arg(long, value_enum, default_value_t)]
    learning: Learning,
    /// Workers side by side.
    #[arg(long, default_value_t = WORKERS, value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,
    /// What data and operations follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    scale: Scale,
    /// Slices that fill the caches and are not counted.
    rounds_warm: usize,
    rounds: usize,
    operations_per_slice: usize,
}

impl Size {
    fn new(quick: bool) -> Self {
        if quick {
            Self {
                scale: Scale {
                    users: 2_000,
                    channels: 50,
                    messages: 20_000,
                },
                rounds_warm: 2,
                rounds: 5,
                operations_per_slice: 2_000,
            }
        } else {
            Self {
                scale: Scale::small(),
                rounds_warm: 3,
                rounds: 9,
                operations_per_slice: 8_000,
            }
        }
    }

    fn slices_per_mix(self) -> usize {
        (self.rounds_warm + self.rounds) * Mode::ALL.len()
    }
}

/// What one mode came to on one database at one ratio.
struct Side {
    mode: Mode,
    tally: Tally,
    /// Operations per second of each slice.
    rates: Vec<f64>,
    /// The cache's own counters, warming up included.
    cache: Option<CacheStats>,
    /// What the layer has counted of each kind of operation, in the order of `Kind::ALL`.
    statements: Vec<Option<StatementStats>>,
}

/// All modes on one database at one ratio.
struct Outcome {
    mix: Mix,
    /// In the order of [`Mode::ALL`].
    sides: Vec<Side>,
}

/// What was measured on one database.
struct Measured {
    product: Product,
    version: String,
    outcomes: Vec<Outcome>,
}

/// Runs the benchmark.
pub(crate) async fn run(options: Options, quick: bool, is_json: bool) -> Result<Report> {
    let size = Size::new(quick);
    let products: Vec<Product> = options.database.map_or(Product::ALL.to_vec(), |one| vec![one]);
    let mixes: Vec<Mix> = options
        .ratio
        .map_or(Mix::STANDARD.to_vec(), |one| vec![one.mix()]);
    let steps = products.len() * (Mode::ALL.len() + mixes.len() * size.slices_per_mix());
    let progress = Progress::new(steps);
    let mut report = Report::default();
    for product in products {
        let measured = measure_product(product, &mixes, &options, size, &progress).await?;
        tables::goals(&measured, &mut report);
        if is_json {
            tables::state(&measured, &mut report);
        } else {
            progress.print(&tables::overview(&measured, size, options.workers));
            if options.by_operation {
                progress.print(&tables::by_operation(&measured));
            }
        }
    }
    Ok(report)
}

async fn measure_product(
    product: Product,
    mixes: &[Mix],
    options: &Options,
    size: Size,
    progress: &Progress,
) -> Result<Measured> {
    progress.say(format!("{product}: starting"));
    let host = Host::start(product)?;
    let mut places = Vec::new();
    let mut version = String::new();
    for mode in Mode::ALL {
        progress.say(format!("{product}: generating"));
        let place = host.database(&format!("{}.db", places.len()));
        version = generate(mode, &place, options.seed, size.scale).await?;
        places.push(place);
        progress.step();
    }
    let mut outcomes = Vec::new();
    for (index, mix) in mixes.iter().enumerate() {
        progress.say(format!("{product}, {}", Ratio::of(*mix)));
        let work = Work {
            seed: options.seed,
            scale: size.scale,
            mix: *mix,
            learning: options.learning,
            first_worker: index as u32 * options.workers,
            workers: options.workers,
        };
        outcomes.push(measure(&places, work, size, progress).await?);
    }
    Ok(Measured {
        product,
        version,
        outcomes,
    })
}

/// Fills a database and returns its version.
async fn generate(mode: Mode, place: &Place<'_>, seed: u64, scale: Scale) -> Result<String> {
    // The bare driver's database is generated through the layer as well.
    let manager = mode.open(place, Learning::default()).await?;
    let database = crew::default_database(&manager)?;
    chat::generate(database, scale, seed, |_| {}).await?;
    let rows = database.query(place.product.version_sql(), params![]).await?;
    let row = rows.rows().first().context("no version")?;
    let version = row.get::<String>(0)?;
    manager.close().await;
    Ok(version)
}

async fn measure(places: &[Place<'_>], work: Work, size: Size, progress: &Progress) -> Result<Outcome> {
    let mut crews = Vec::new();
    let mut sides = Vec::new();
    for (mode, place) in Mode::ALL.into_iter().zip(places) {
        crews.push(Crew::hire(mode, place, work).await?);
        sides.push(Side {
            mode,
            tally: Tally::default(),
            rates: Vec::new(),
            cache: None,
            statements: Vec::new(),
        });
    }
    for round in 0..size.rounds_warm + size.rounds {
        for index in turns(round) {
            let (tally, took) = crews[index].slice(size.operations_per_slice).await?;
            progress.step();
            if round >= size.rounds_warm {
                sides[index].tally.add(&tally);
                sides[index].rates.push(rate(size, took));
            }
        }
    }
    for (crew, side) in crews.into_iter().zip(&mut sides) {
        side.cache = crew.cache_stats();
        side.statements = crew.statement_stats()?;
        crew.dismiss().await;
    }
    Ok(Outcome { mix: work.mix, sides })
}

/// The order of the modes in a round: another one begins each time, and each follows another one every second round.
fn turns(round: usize) -> Vec<usize> {
    let modes = Mode::ALL.len();
    let mut turns: Vec<usize> = (0..modes).map(|turn| (turn + round) % modes).collect();
    if round % 2 == 1 {
        turns.reverse();
    }
    turns
}

fn rate(size: Size, took: Duration) -> f64 {
    size.operations_per_slice as f64 / took.as_secs_f64()
}
