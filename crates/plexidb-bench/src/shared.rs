//! What sharing results through Redis costs and brings: hits from Redis, hits and writes of the modes, several nodes under load, and the
//! death of Redis.
//!
//! Invariant: what is compared runs in turns in one run, on one PostgreSQL and one Redis, both over TCP.

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use plexidb_testkit::{Private, Redis};

use crate::figure::Report;
use crate::product::{Host, Place, Product};

mod lease;
mod member;
mod messenger;
mod outage;
mod sides;
mod stored;
mod truth;
mod writes;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this part.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// What data and operations follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A hit in Redis.
    Stored,
    /// A hit in memory under a lease.
    Lease,
    /// A write that is announced.
    Writes,
    /// Three nodes under the load of a messenger.
    Messenger,
    /// Redis is killed under load.
    Outage,
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    /// Rounds of hits in memory.
    hit_rounds: usize,
    /// Rounds of calls that go over the network, and calls of a side in each.
    call_rounds: usize,
    calls_per_round: usize,
    messenger: messenger::Size,
    outage: outage::Size,
}

impl Size {
    fn new(is_quick: bool) -> Self {
        if is_quick {
            Self {
                hit_rounds: 301,
                call_rounds: 15,
                calls_per_round: 100,
                messenger: messenger::Size::QUICK,
                outage: outage::Size::QUICK,
            }
        } else {
            Self {
                hit_rounds: 1_501,
                call_rounds: 41,
                calls_per_round: 200,
                messenger: messenger::Size::FULL,
                outage: outage::Size::FULL,
            }
        }
    }
}

/// The servers of a run.
struct Site<'a> {
    host: &'a Host,
    /// What is not written by the messenger.
    place: &'a Place<'a>,
    redis: &'a Private<Redis>,
}

/// Runs the benchmark.
pub(crate) async fn run(options: Options, is_quick: bool, is_json: bool) -> Result<Report> {
    let size = Size::new(is_quick);
    let (host, redis) = tokio::task::block_in_place(|| -> Result<_> {
        Ok((Host::start(Product::Postgres)?, Redis::start_private()?))
    })?;
    let place = host.database("shared");
    let site = Site {
        host: &host,
        place: &place,
        redis: &redis,
    };
    let is_wanted = |part| options.part.is_none_or(|only| only == part);
    let mut report = Report::default();
    if is_wanted(Part::Stored) {
        stored::run(&site, size, &mut report).await?;
    }
    if is_wanted(Part::Lease) {
        lease::run(&site, size.hit_rounds, &mut report).await?;
    }
    if is_wanted(Part::Writes) {
        writes::run(&site, size, &mut report).await?;
    }
    if is_wanted(Part::Messenger) {
        let table = messenger::run(&site, size.messenger, options.seed, &mut report).await?;
        if !is_json {
            println!("{table}");
        }
    }
    if is_wanted(Part::Outage) {
        outage::run(&site, size.outage, &mut report).await?;
    }
    Ok(report)
}

/// How long nodes may take until they serve.
const SERVING_PATIENCE: Duration = Duration::from_secs(20);
