//! What the connection pool costs and does under load, against deadpool, bb8 and sqlx on the same PostgreSQL server.
//!
//! Invariant: each pool has as many connections, its peers' defaults are turned to what plexidb does (no ping at each checkout), and
//! all run in one process, in turns.

use std::time::{Duration, Instant};

use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use plexidb_testkit::Postgres;

use crate::figure::{Goal, Report};
use crate::paired::median;

mod load;
mod peers;

use load::Load;
use peers::{Bb8, Deadpool, Peer, Plexidb, Sqlx};

const CHECKOUT_NS_MAX: f64 = 250.0;
/// Connections of each pool.
const CONNECTIONS: usize = 10;
/// Tasks that compete for them.
const TASKS: usize = 64;
/// Clients that keep all connections busy with a statement of 2 ms, and ten times as many.
const SATURATING: usize = 20;
const OVERLOADING: usize = 10 * SATURATING;
const PEAK_SHARE_MIN: f64 = 95.0;
const TAIL_MAX: f64 = 1.5;
/// Requests at once to a pool without connections.
const BURST: usize = 200;

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    checkouts: usize,
    load: Duration,
}

/// What one pool did, a value a round.
#[derive(Default)]
struct Measured {
    name: &'static str,
    checkout_ns: Vec<f64>,
    contended: Vec<Load>,
    peak: Vec<Load>,
    overload: Vec<Load>,
    burst_ms: Vec<f64>,
}

/// Runs the benchmark.
pub(crate) async fn run(is_quick: bool, is_json: bool) -> Result<Report> {
    let effort = if is_quick {
        Effort {
            rounds: 5,
            checkouts: 2_000,
            load: Duration::from_millis(800),
        }
    } else {
        Effort {
            rounds: 15,
            checkouts: 10_000,
            load: Duration::from_secs(2),
        }
    };
    let server = tokio::task::spawn_blocking(Postgres::start_private).await??;
    // Without TLS, on all sides.
    let url = format!("{}?sslmode=disable", server.url());
    let mut all: [Measured; 4] = Default::default();
    for _ in 0..effort.rounds {
        let [plexidb, deadpool, bb8, sqlx] = &mut all;
        measure::<Plexidb>(&url, effort, plexidb).await?;
        measure::<Deadpool>(&url, effort, deadpool).await?;
        measure::<Bb8>(&url, effort, bb8).await?;
        measure::<Sqlx>(&url, effort, sqlx).await?;
    }
    if !is_json {
        println!("{}", table(&all));
    }
    Ok(report(&all))
}

/// One round of one pool.
async fn measure<P: Peer>(url: &str, effort: Effort, measured: &mut Measured) -> Result<()> {
    measured.name = P::NAME;
    let empty = P::open(url, CONNECTIONS)?;
    let started = Instant::now();
    load::at_once(&empty, BURST).await?;
    measured.burst_ms.push(started.elapsed().as_secs_f64() * 1e3);

    let pool = empty;
    let started = Instant::now();
    for _ in 0..effort.checkouts {
        pool.checkout().await?;
    }
    let checkouts = effort.checkouts as f64;
    measured
        .checkout_ns
        .push(started.elapsed().as_nanos() as f64 / checkouts);

    let contended = load::run(&pool, TASKS, effort.load, P::quick).await?;
    measured.contended.push(contended);
    measured
        .peak
        .push(load::run(&pool, SATURATING, effort.load, P::slow).await?);
    measured
        .overload
        .push(load::run(&pool, OVERLOADING, effort.load, P::slow).await?);
    pool.close().await;
    Ok(())
}

impl Measured {
    fn checkout_ns(&self) -> f64 {
        median(self.checkout_ns.iter().copied())
    }

    fn burst_ms(&self) -> f64 {
        median(self.burst_ms.iter().copied())
    }

    /// Throughput under overload by that of saturating clients, in percent.
    fn of_peak(&self) -> f64 {
        let shares = self.overload.iter().zip(&self.peak);
        median(shares.map(|(overload, peak)| 100.0 * overload.rate / peak.rate))
    }
}

fn rate(loads: &[Load]) -> f64 {
    median(loads.iter().map(|load| load.rate))
}

fn tail(loads: &[Load]) -> f64 {
    median(loads.iter().map(Load::tail))
}

fn report(all: &[Measured; 4]) -> Report {
    let [own, peers @ ..] = all;
    let best = |value: fn(&Measured) -> f64| peers.iter().map(value).fold(f64::INFINITY, f64::min);
    let mut report = Report::default();
    report.add(
        "checkout and checkin, uncontended",
        own.checkout_ns(),
        "ns",
        Goal::AtMost(CHECKOUT_NS_MAX),
    );
    report.add(
        "checkout and checkin, by the best of the others",
        own.checkout_ns() / best(Measured::checkout_ns),
        "×",
        Goal::AtMost(1.0),
    );
    for peer in peers {
        report.add(
            format!("checkout and checkin of {}", peer.name),
            peer.checkout_ns(),
            "ns",
            Goal::Stated,
        );
    }
    for peer in peers {
        let place = format!("{TASKS} tasks over {CONNECTIONS} connections");
        let ratio = rate(&own.contended) / rate(&peer.contended);
        report.add(
            format!("{place}: throughput by {}", peer.name),
            ratio,
            "×",
            Goal::Stated,
        );
        report.add(
            format!("{place}: p99/p50 of {}", peer.name),
            tail(&peer.contended),
            "",
            Goal::Stated,
        );
    }
    report.add(
        format!("{TASKS} tasks over {CONNECTIONS} connections: p99/p50"),
        tail(&own.contended),
        "",
        Goal::Stated,
    );
    for measured in all {
        let is_own = measured.name == own.name;
        let goal = |goal| if is_own { goal } else { Goal::Stated };
        let place = format!("overload of {OVERLOADING} clients, {}", measured.name);
        let (share, tail) = (measured.of_peak(), tail(&measured.overload));
        report.add(
            format!("{place}: throughput, of the peak"),
            share,
            "%",
            goal(Goal::AtLeast(PEAK_SHARE_MIN)),
        );
        report.add(
            format!("{place}: p99/p50"),
            tail,
            "",
            goal(Goal::AtMost(TAIL_MAX)),
        );
    }
    report.add(
        format!("{BURST} requests to an empty pool"),
        own.burst_ms(),
        "ms",
        Goal::Stated,
    );
    for peer in peers {
        report.add(
            format!("{BURST} requests to an empty pool, by {}", peer.name),
            own.burst_ms() / peer.burst_ms(),
            "×",
            Goal::Stated,
        );
    }
    report
}

/// One line a pool.
fn table(all: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "pool",
        "checkout, ns",
        &format!("{TASKS} tasks, 1/s"),
        "p99/p50",
        "peak, 1/s",
        "overload, 1/s",
        "p99/p50",
        "burst, ms",
    ]);
    for measured in all {
        table.add_row([
            measured.name.to_owned(),
            format!("{:.0}", measured.checkout_ns()),
            format!("{:.0}", rate(&measured.contended)),
            format!("{:.2}", tail(&measured.contended)),
            format!("{:.0}", rate(&measured.peak)),
            format!("{:.0}", rate(&measured.overload)),
            format!("{:.2}", tail(&measured.overload)),
            format!("{:.1}", measured.burst_ms()),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
