//! Benchmarks of plexidb: each compares the layer with a peer or with the direct call, side by side in one run.
//!
//! Invariant: a benchmark reports what it measured; it never fails because a figure is short.

mod bare;
mod chat;
mod failover;
mod figure;
mod hit;
mod overhead;
mod paired;
mod pool;
mod shared;
mod writes;

/// Shared with the tests.
mod product {
    pub(crate) use plexidb_bench::{Host, Place, Product};
}

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use plexidb_bench::{ChaosFindings, ChaosOptions, CoherenceOptions, Findings, NodesFindings, NodesOptions};

use crate::figure::Report;

/// Benchmarks of plexidb against the bare drivers, side by side in one run.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    name: Option<Name>,
    /// Fewer rounds: under three minutes, for a look and not for the record.
    #[arg(long, global = true)]
    quick: bool,
    /// Print the figures as JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// The benchmark; without one, they are listed.
#[derive(Subcommand)]
enum Name {
    /// What a miss, a hit and a reused connection cost, against the bare drivers.
    Overhead,
    /// What a hit costs, against the bare cache crate.
    Hit,
    /// Hit ratio and throughput of a messenger's load under each precision of invalidation, beside direct calls and the oracle.
    Chat(chat::Options),
    /// What a write costs through the layer, against the bare drivers, and what learning a row's keys adds.
    Writes(writes::Options),
    /// What the connection pool costs and does under load, against deadpool, bb8 and sqlx.
    Pool,
    /// How soon writes resume after a failover, and what the death of a replica costs, against a bare driver with a list of hosts.
    Failover(failover::Options),
    /// What sharing results through Redis costs and brings, and what the death of Redis costs, on PostgreSQL.
    Shared(shared::Options),
    /// Checks that no result is ever older than an acknowledged write, with faults, on all databases.
    Coherence(CoherenceOptions),
    /// Checks what is promised while servers die, are replaced, freeze or cannot be reached: an hour of faults, a minute with --quick.
    Chaos(ChaosOptions),
    /// Checks what is promised to several processes while they, Redis and the ways between them fail.
    Nodes(NodesOptions),
    /// One process of that check.
    #[command(hide = true)]
    Node,
}

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    calls_per_round: usize,
}

impl Effort {
    fn new(quick: bool) -> Self {
        if quick {
            Self {
                rounds: 15,
                calls_per_round: 400,
            }
        } else {
            Self {
                rounds: 61,
                calls_per_round: 1_000,
            }
        }
    }

    /// For calls that take milliseconds.
    fn of_slow_calls(self) -> Self {
        Self {
            rounds: self.rounds / 3,
            calls_per_round: self.calls_per_round / 40,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let effort = Effort::new(cli.quick);
    let Some(name) = cli.name else {
        list();
        return Ok(ExitCode::SUCCESS);
    };
    // On a worker of the runtime, where an application's requests run as well.
    let report: Report = match name {
        Name::Overhead => tokio::spawn(overhead::run(effort)).await??,
        Name::Hit => tokio::spawn(hit::run(cli.quick)).await??,
        Name::Chat(options) => tokio::spawn(chat::run(options, cli.quick, cli.json)).await??,
        Name::Writes(options) => tokio::spawn(writes::run(options, cli.quick)).await??,
        Name::Pool => tokio::spawn(pool::run(cli.quick, cli.json)).await??,
        Name::Failover(options) => tokio::spawn(failover::run(options, cli.quick, cli.json)).await??,
        Name::Shared(options) => tokio::spawn(shared::run(options, cli.quick, cli.json)).await??,
        Name::Coherence(options) => return check(options, cli.quick, cli.json).await,
        Name::Chaos(options) => return check_chaos(options, cli.quick, cli.json).await,
        Name::Nodes(options) => return check_nodes(options, cli.quick, cli.json).await,
        Name::Node => {
            plexidb_bench::node().await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    report.print(cli.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Fails where a violation was found: that is no figure.
async fn check(options: CoherenceOptions, is_quick: bool, is_json: bool) -> anyhow::Result<ExitCode> {
    let findings = tokio::spawn(plexidb_bench::coherence(options, is_quick)).await??;
    if is_json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        println!("{}", Findings::text(&findings));
    }
    let is_clean = findings.iter().all(|findings| findings.violations().is_empty());
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// As [`check`].
async fn check_chaos(options: ChaosOptions, is_quick: bool, is_json: bool) -> anyhow::Result<ExitCode> {
    let findings = tokio::spawn(plexidb_bench::chaos(options, is_quick)).await??;
    if is_json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        let texts: Vec<_> = findings.iter().map(ChaosFindings::text).collect();
        println!("{}", texts.join("\n\n"));
    }
    let is_clean = findings.iter().all(|findings| findings.violations().is_empty());
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// As [`check`].
async fn check_nodes(options: NodesOptions, is_quick: bool, is_json: bool) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let checking = move || plexidb_bench::nodes(&options, program, is_quick);
    let findings = tokio::task::spawn_blocking(checking).await??;
    if is_json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        let texts: Vec<_> = findings.iter().map(NodesFindings::text).collect();
        println!("{}", texts.join("\n\n"));
    }
    let is_clean = findings.iter().all(|findings| findings.violations().is_empty());
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn list() {
    let command = Cli::command();
    let shown = command
        .get_subcommands()
        .filter(|benchmark| !benchmark.is_hide_set());
    for benchmark in shown {
        println!(
            "{:<12} {}",
            benchmark.get_name(),
            benchmark.get_about().cloned().unwrap_or_default()
        );
    }
}
