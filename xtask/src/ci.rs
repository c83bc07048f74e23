//! `cargo xtask ci`: every check runs even when an earlier one failed; the last line is the tests' total.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::test::{self, Tally};
use crate::{cargo, docs, tidy};

/// One check, as the table at the end shows it.
struct Step {
    name: &'static str,
    result: Result<()>,
    duration: Duration,
}

/// Runs all checks.
pub(crate) fn run() -> Result<ExitCode> {
    let mut steps = vec![
        step("format", || cargo::run(&["fmt", "--all", "--check"])),
        step("lints", || {
            cargo::run(&[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
        }),
        step("tidy", tidy::run),
        step("API documentation", docs::api),
        step("generated documents", docs::check_generated),
    ];
    let mut tally = Tally::default();
    steps.push(step("tests", || {
        let outcome = test::run_tests(&test::Options {
            locked: true,
            ..test::Options::default()
        })?;
        tally = outcome.tally;
        if !outcome.status.success() {
            bail!("`cargo test` failed ({})", outcome.status);
        }
        Ok(())
    }));
    println!("\n{}", table(&steps));
    println!("{tally}");
    let passed = steps.iter().all(|step| step.result.is_ok());
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn step(name: &'static str, check: impl FnOnce() -> Result<()>) -> Step {
    eprintln!("ci: {name} …");
    let started = Instant::now();
    let result = check();
    let duration = started.elapsed();
    match &result {
        Ok(()) => eprintln!("ci: {name}: ok after {:.1} s", duration.as_secs_f64()),
        Err(error) => eprintln!(
            "ci: {name}: FAILED after {:.1} s: {error:#}",
            duration.as_secs_f64()
        ),
    }
    Step {
        name,
        result,
        duration,
    }
}

fn table(steps: &[Step]) -> String {
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let lines = steps.iter().map(|step| {
        let verdict = match &step.result {
            Ok(()) => "ok".to_string(),
            // The first line is enough here: the whole message stands where the step ended.
            Err(error) => format!(
                "FAILED: {}",
                format!("{error:#}").lines().next().unwrap_or_default()
            ),
        };
        format!(
            "{:width$}  {:>7.1} s  {verdict}\n",
            step.name,
            step.duration.as_secs_f64()
        )
    });
    lines.collect()
}

#[cfg(test)]
mod tests;
