//! `cargo xtask test`: the servers start once, `cargo test` runs against them, and they end with this process, however it ends.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{ChildStdout, ExitCode, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use plexidb_testkit::Suite;

use crate::{cargo, setup};

/// The seed of the generated inputs of proptest in the short form.
const PROPTEST_SEED: &str = "20261124";

/// The crate with the checker of coherence.
const CHECKER: &str = "plexidb-bench";
/// Its feature for the faults that it must find. Nothing changes elsewhere until one is planted.
const PLANTED_FAULTS: &str = "plexidb-bench/planted-faults";

/// What to test.
#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Run the long variants of the tests too (sets PLEXIDB_TEST_FULL=1), with inputs generated anew
    #[arg(long)]
    pub(crate) full: bool,
    /// Only this crate; may be repeated
    #[arg(short, long = "package", value_name = "CRATE")]
    pub(crate) packages: Vec<String>,
    /// Only tests whose name contains this
    pub(crate) filter: Option<String>,
    /// Fail if Cargo.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) tally: Tally,
}

/// Tests passed and failed, summed up over all binaries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Tally {
    /// Adds a line such as `test result: ok. 3 passed; 1 failed; 0 ignored; …`; any other line counts nothing.
    fn add_line(&mut self, line: &str) {
        let Some(at) = line.find("test result:") else {
            return;
        };
        for part in line[at..].split(['.', ';']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

/// The command: tests, a closing line with the total, the exit code of cargo.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let outcome = run_tests(options)?;
    println!("{}", outcome.tally);
    Ok(cargo::exit_code(outcome.status))
}

/// Sets up, starts the servers, and runs the tests with their output passed through.
pub(crate) fn run_tests(options: &Options) -> Result<Outcome> {
    setup::run()?;
    let started = Instant::now();
    let servers = Suite::start()?;
    eprintln!(
        "test: PostgreSQL, MariaDB and Redis are up after {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let words = words(options, std::io::stdout().is_terminal());
    let mut command = cargo::command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    command.envs(servers.environment()).stdout(Stdio::piped());
    if options.full {
        command.env("PLEXIDB_TEST_FULL", "1");
    } else if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        // A verdict on a commit must not depend on luck: only the full form looks for inputs that nobody has tried.
        command.env("PROPTEST_RNG_SEED", PROPTEST_SEED);
    }
    let mut process = command.spawn().context("cannot run cargo test")?;
    let tally = match process.stdout.take() {
        Some(output) => pass_through(output)?,
        None => Tally::default(),
    };
    let status = process.wait().context("cannot wait for cargo test")?;
    Ok(Outcome { status, tally })
}

fn words(options: &Options, colour: bool) -> Vec<String> {
    // All crates are tested even when one fails: a run should say everything that is wrong.
    let mut words = vec!["test".to_string(), "--no-fail-fast".to_string()];
    if options.locked {
        words.push("--locked".to_string());
    }
    if options.packages.is_empty() {
        words.push("--workspace".to_string());
    }
    for package in &options.packages {
        words.extend(["--package".to_string(), package.clone()]);
    }
    if options.packages.is_empty() || options.packages.iter().any(|package| package == CHECKER) {
        words.extend(["--features".to_string(), PLANTED_FAULTS.to_string()]);
    }
    words.extend(options.filter.clone());
    if colour {
        // The tests write into our pipe, and would else think that nobody sees colours.
        words.extend(["--".to_string(), "--color=always".to_string()]);
    }
    words
}

/// Copies by chunks of a line or less, so that a test in progress is seen before its line ends.
fn pass_through(output: ChildStdout) -> Result<Tally> {
    let mut reader = BufReader::new(output);
    let mut out = std::io::stdout();
    let mut tally = Tally::default();
    let mut line = Vec::new();
    loop {
        let chunk = reader
            .fill_buf()
            .context("cannot read the output of cargo test")?;
        if chunk.is_empty() {
            break;
        }
        out.write_all(chunk)
            .and_then(|()| out.flush())
            .context("cannot write the output of cargo test")?;
        for byte in chunk {
            if *byte == b'\n' {
                tally.add_line(&String::from_utf8_lossy(&line));
                line.clear();
            } else {
                line.push(*byte);
            }
        }
        let read = chunk.len();
        reader.consume(read);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests;
