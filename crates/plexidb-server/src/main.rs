//! The program `plexidb`.
//!
//! Exit codes: 0 done, 1 the database failed or results differ, 2 wrong usage, 3 no connection, 130 interrupted.

mod cli;
mod completions;
mod demo;
mod docs;
mod explain;
mod failure;
mod man;
mod sql;
mod target;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return failure::report(&anyhow::Error::new(error).context("cannot start the async runtime"));
        }
    };
    runtime
        .block_on(cli.run())
        .unwrap_or_else(|error| failure::report(&error))
}
