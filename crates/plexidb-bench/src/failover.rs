//! How long a failover takes as an application sees it, and what it costs: through plexidb, and through a bare driver with a list of
//! hosts, on the same servers at the same time.
//!
//! Invariant: all clients meet the same events; a client that does not recover is told as such, not left out.

use std::time::Duration;

use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use plexidb_bench::Product;

use crate::figure::{Goal, Report};

mod bare;
mod client;
mod load;
mod probe;
mod replica_death;
mod takeover;

use takeover::Departure;

/// Seconds until writes resume.
const RESUMED_S_MAX: f64 = 2.0;
/// What stands for a client that did not resume while it was watched.
const NEVER_S: f64 = 15.0;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Only on this database.
    #[arg(long, value_enum)]
    database: Option<Product>,
}

/// What happens, and how often.
struct Effort {
    /// Seconds from the death of a primary to the promotion of its replica, a takeover each.
    outages_s: &'static [f64],
    switchovers: usize,
    replica_deaths: usize,
}

const QUICK: Effort = Effort {
    outages_s: &[0.2, 2.0],
    switchovers: 1,
    replica_deaths: 1,
};
const FULL: Effort = Effort {
    outages_s: &[0.0, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0],
    switchovers: 5,
    replica_deaths: 5,
};

/// Runs the benchmark.
pub(crate) async fn run(options: Options, is_quick: bool, is_json: bool) -> Result<Report> {
    let effort = if is_quick { QUICK } else { FULL };
    let products = options
        .database
        .map_or(vec![Product::Postgres, Product::MariaDb], |one| vec![one]);
    let mut report = Report::default();
    for product in products {
        let replicas = if product == Product::Postgres { 2 } else { 1 };
        let mut takeovers = Vec::new();
        for &outage_s in effort.outages_s {
            let outage = Duration::from_secs_f64(outage_s);
            takeovers.push(takeover::run(product, replicas, Departure::Killed(outage)).await?);
        }
        let mut switchovers = Vec::new();
        for _ in 0..effort.switchovers {
            switchovers.push(takeover::run(product, replicas, Departure::SwitchedOver).await?);
        }
        let mut deaths = Vec::new();
        for _ in 0..effort.replica_deaths {
            deaths.push(replica_death::run(product, replicas).await?);
        }
        if !is_json {
            println!("{}", events(product, &takeovers, &switchovers, &deaths));
        }
        let killed = format!("{product}: primary killed");
        add_takeovers(&mut report, &killed, &takeovers);
        add_takeovers(&mut report, &format!("{product}: switchover"), &switchovers);
        add_deaths(&mut report, product, &deaths);
    }
    Ok(report)
}

/// The longest time of a client, in seconds.
fn longest_s<T>(rounds: &[Vec<T>], client: usize, time: impl Fn(&T) -> Option<Duration>) -> f64 {
    let times = rounds
        .iter()
        .map(|clients| time(&clients[client]).map_or(NEVER_S, |time| time.as_secs_f64()));
    times.fold(0.0, f64::max)
}

fn sum<T>(rounds: &[Vec<T>], client: usize, count: impl Fn(&T) -> usize) -> f64 {
    rounds
        .iter()
        .map(|clients| count(&clients[client]))
        .sum::<usize>() as f64
}

fn add_takeovers(report: &mut Report, event: &str, rounds: &[Vec<takeover::Seen>]) {
    let Some(clients) = rounds.first() else { return };
    for (client, seen) in clients.iter().enumerate() {
        let is_own = client == 0;
        let goal = |goal| if is_own { goal } else { Goal::Stated };
        let place = format!("{event}, {}", seen.name);
        let resumed_s = longest_s(rounds, client, |seen| seen.resumed_after);
        report.add(
            format!("{place}: promotion to first write, longest"),
            resumed_s,
            "s",
            goal(Goal::AtMost(RESUMED_S_MAX)),
        );
        let lost = sum(rounds, client, |seen| seen.lost);
        report.add(
            format!("{place}: acknowledged writes lost"),
            lost,
            "",
            goal(Goal::AtMost(0.0)),
        );
        let failed = sum(rounds, client, |seen| seen.failed_writes);
        report.add(format!("{place}: writes failed"), failed, "", Goal::Stated);
        let failed = sum(rounds, client, |seen| seen.failed_reads);
        report.add(format!("{place}: reads failed"), failed, "", Goal::Stated);
        if is_own {
            let unseen = sum(rounds, client, |seen| seen.unseen as usize);
            report.add(
                format!("{place}: own writes not seen"),
                unseen,
                "",
                Goal::AtMost(0.0),
            );
            let stuck = sum(rounds, client, |seen| seen.stuck);
            report.add(format!("{place}: calls stuck"), stuck, "", Goal::AtMost(0.0));
        }
    }
}

fn add_deaths(report: &mut Report, product: Product, rounds: &[Vec<replica_death::Seen>]) {
    let Some(clients) = rounds.first() else { return };
    for (client, seen) in clients.iter().enumerate() {
        let is_own = client == 0;
        let goal = |goal| if is_own { goal } else { Goal::Stated };
        let place = format!("{product}: replica killed, {}", seen.name);
        let failed = sum(rounds, client, |seen| seen.failed);
        report.add(
            format!("{place}: reads failed"),
            failed,
            "",
            goal(Goal::AtMost(0.0)),
        );
        let stall_s = longest_s(rounds, client, |seen| Some(seen.stall));
        report.add(
            format!("{place}: longest read"),
            stall_s * 1e3,
            "ms",
            Goal::Stated,
        );
        if is_own {
            let serves_s = longest_s(rounds, client, |seen| seen.serves_after);
            report.add(
                format!("{place}: back to serving again, longest"),
                serves_s,
                "s",
                Goal::Stated,
            );
            let unseen = sum(rounds, client, |seen| seen.unseen as usize);
            report.add(
                format!("{place}: own writes not seen"),
                unseen,
                "",
                Goal::AtMost(0.0),
            );
            let stuck = sum(rounds, client, |seen| seen.stuck);
            report.add(format!("{place}: calls stuck"), stuck, "", Goal::AtMost(0.0));
        }
    }
}

/// One line an event and client, and what failures said.
fn events(
    product: Product,
    takeovers: &[Vec<takeover::Seen>],
    switchovers: &[Vec<takeover::Seen>],
    deaths: &[Vec<replica_death::Seen>],
) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        &product.to_string(),
        "client",
        "writes or reads again, s",
        "acknowledged, read",
        "writes failed",
        "reads failed",
        "lost",
    ]);
    let mut failures = Vec::new();
    let all = takeovers.iter().map(|clients| ("killed", clients));
    for (event, clients) in all.chain(switchovers.iter().map(|clients| ("switchover", clients))) {
        for seen in clients {
            table.add_row([
                event.to_owned(),
                seen.name.to_owned(),
                in_seconds(seen.resumed_after),
                seen.acknowledged.to_string(),
                seen.failed_writes.to_string(),
                seen.failed_reads.to_string(),
                seen.lost.to_string(),
            ]);
            failures.extend(
                seen.failures
                    .iter()
                    .map(|text| format!("{event}, {}: {text}", seen.name)),
            );
        }
    }
    for seen in deaths.iter().flatten() {
        table.add_row([
            "replica killed".to_owned(),
            seen.name.to_owned(),
            in_seconds(seen.serves_after),
            seen.reads.to_string(),
            String::new(),
            seen.failed.to_string(),
            String::new(),
        ]);
        failures.extend(
            seen.failures
                .iter()
                .map(|text| format!("replica killed, {}: {text}", seen.name)),
        );
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    failures.sort();
    failures.dedup();
    format!("{table}\n{}", failures.join("\n"))
}

fn in_seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| format!("{:.3}", time.as_secs_f64()))
}
