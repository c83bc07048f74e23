//! `cargo xtask bench`: builds the benchmarks in release and runs them. Each starts the servers that it needs by itself.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::{cargo, setup};

/// Words for the benchmark program: a name, then options such as `--quick` and `--json`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Name of the benchmark and its options (`--quick`, `--json`, …); without a name, the list of names
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "NAME [OPTIONS]"
    )]
    words: Vec<String>,
}

/// Runs the benchmark and passes on its output and exit code.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if !options.words.is_empty() {
        setup::run()?;
    }
    let mut command = cargo::command(&["run", "--release", "--quiet", "--package", "plexidb-bench", "--"]);
    let status = command
        .args(&options.words)
        .status()
        .context("cannot run cargo")?;
    Ok(cargo::exit_code(status))
}
