//! `cargo xtask`: set-up, tests, checks, benchmarks and documents of the repository, one module a command.
//! Must not know how any crate works inside: it runs cargo and reads manifests, sources and documents.

mod bench;
mod cargo;
mod ci;
mod docs;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Automation of the plexidb repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that PostgreSQL, MariaDB, Redis and PgBouncer are installed, and install them with apt-get on Debian as root
    Setup,
    /// Start the servers once, run all tests against them, stop the servers
    Test(test::Options),
    /// Everything that must hold before a merge: format, lints, documents, tidiness, tests
    Ci,
    /// Build the benchmarks in release and run one; without a name, list them
    Bench(bench::Options),
    /// Write the generated documents and build the API documentation
    Docs(docs::Options),
    /// Check the rules of the repository that no compiler knows
    Tidy,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Setup => setup::run().map(|()| ExitCode::SUCCESS),
        Command::Test(options) => test::run(&options),
        Command::Ci => ci::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Docs(options) => docs::run(options).map(|()| ExitCode::SUCCESS),
        Command::Tidy => tidy::run().map(|()| ExitCode::SUCCESS),
    }
}
