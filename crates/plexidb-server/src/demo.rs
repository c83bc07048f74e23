//! `plexidb demo`: one workload, first directly and then through the layer, side by side.
//!
//! Invariant: both runs use the same driver, the same seeds and the same time; what is printed was measured.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use plexidb::{Config, Database, Manager};
use plexidb_workloads::chat::{Mix, Scale, Sequence};

use crate::failure;
use crate::terminal::Terminal;

mod check;
mod figures;
mod json;
mod latency;
mod live;
mod load;
mod place;
mod prepare;
mod progress;
mod report;
mod tally;

use check::Verdict;
use live::LiveView;
use load::Load;
use place::Place;
use report::Outcome;

/// What is read before the first measurement, so that both runs find the same warm files and buffers.
const WARM_UP: Duration = Duration::from_secs(1);
/// The check's operations are none of a worker's.
const CHECK_WORKER: u32 = u32::MAX;
const SECONDS_FULL: f64 = 10.0;
const SECONDS_SMALL: f64 = 3.0;

/// See what caching gains: a messenger's workload directly and through plexidb, side by side
///
/// Generates a database of 50,000 users, 1,000 channels and 1,000,000 messages (kept and reused), runs a mix of reads
/// and writes on it, first directly and then through plexidb, and compares. Then every read of a further sequence is
/// made both ways and the rows are compared.
///
/// Without --db the database is a SQLite file in the user's cache folder, and nothing has to be installed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  plexidb demo                                        SQLite, under a minute
  plexidb demo --small                                a smaller database, a quarter of a minute
  plexidb demo --reads 90                             one write in ten operations
  plexidb demo --db postgres://me:secret@localhost/scratch
  plexidb demo --db mariadb://me:secret@localhost/scratch --workers 16
  plexidb demo --json > figures.json")]
pub(crate) struct Args {
    /// Run on this database (PostgreSQL, MariaDB, or a SQLite file's path); the demo makes its tables there
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    db: Option<String>,
    /// Keep the SQLite file in this folder [default: plexidb in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A smaller database (5,000 users, 100 channels, 50,000 messages) and shorter runs
    #[arg(long)]
    small: bool,
    /// Make the database anew, also where one is there
    #[arg(long)]
    fresh: bool,
    /// Seconds of each of the two runs [default: 10, with --small 3]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// Workers that run operations at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=512))]
    workers: u32,
    /// Reads in percent of all operations
    #[arg(long, value_name = "PERCENT", default_value_t = 99, value_parser = clap::value_parser!(u8).range(0..=100))]
    reads: u8,
    /// The seed of data and operations
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Operations of the sequence whose reads are compared
    #[arg(long, value_name = "NUMBER", default_value_t = 5_000)]
    check: u32,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !(0.1..=3_600.0).contains(&seconds) {
        return Err("give 0.1 to 3600 seconds".into());
    }
    Ok(Duration::from_secs_f64(seconds))
}

impl Args {
    fn scale(&self) -> Scale {
        if self.small { Scale::small() } else { Scale::full() }
    }

    fn duration(&self) -> Duration {
        let default = if self.small { SECONDS_SMALL } else { SECONDS_FULL };
        self.seconds.unwrap_or(Duration::from_secs_f64(default))
    }
}

/// Runs the demo until its end or Ctrl-C.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::detect();
    tokio::select! {
        outcome = compare(&args, terminal) => outcome,
        interrupt = tokio::signal::ctrl_c() => {
            interrupt?;
            say("interrupted; a database that was not complete will be made anew by the next run");
            Ok(ExitCode::from(failure::INTERRUPTED))
        }
    }
}

async fn compare(args: &Args, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let mix = Mix::new(args.reads).map_err(|error| failure::usage(error.to_string()))?;
    let place = Place::of(args.db.as_deref(), args.dir.as_deref(), args.small)?;
    let prepared = prepare::prepare(&place, args, terminal).await?;
    let load = Load {
        seed: args.seed,
        mix,
        scale: args.scale(),
        workers: args.workers,
        duration: args.duration(),
    };

    let direct = prepared.direct;
    let layer = open(&place.url, true).await?;
    let (direct_database, layer_database) = (default_database(&direct)?, default_database(&layer)?);
    load::run(
        direct_database,
        &Load {
            duration: WARM_UP,
            ..load
        },
        |_| {},
    )
    .await?;
    let mut view = LiveView::new(terminal, load.duration);
    let direct_side = load::run(direct_database, &load, |moment| view.show_direct(moment)).await?;
    let layer_side = load::run(layer_database, &load, |moment| view.show_layer(moment)).await?;
    let cache = layer.cache_stats();
    drop(view);

    let operations =
        Sequence::for_worker(args.seed, mix, args.scale(), CHECK_WORKER).take(args.check as usize);
    let verdict = check::check(layer_database, direct_database, operations).await?;
    let outcome = Outcome {
        dialect: direct_database.dialect(),
        server_version: direct_database.catalog().server_version,
        load,
        generated_in: prepared.generated_in,
        direct: direct_side,
        layer: layer_side,
        cache,
        verdict,
    };
    let text = if args.json {
        json::render(&outcome)
    } else {
        report::render(&outcome, terminal)
    };
    writeln!(io::stdout(), "{text}")?;
    let is_equal = matches!(outcome.verdict, Verdict::Equal(_));
    direct.close().await;
    layer.close().await;
    Ok(if is_equal {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(failure::DATABASE)
    })
}

/// Opens the database with the cache switched on or off and all else alike.
async fn open(url: &str, is_cached: bool) -> Result<Manager, plexidb::Error> {
    let mut config = Config::for_url(url)?;
    config.enable_query_cache = is_cached;
    Manager::from_config(config).await
}

fn default_database(manager: &Manager) -> anyhow::Result<&Database> {
    manager
        .databases()
        .first()
        .ok_or_else(|| anyhow::anyhow!("no database is configured"))
}

/// Tells the user what is going on, beside the results.
fn say(text: &str) {
    // Where the error stream is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}
