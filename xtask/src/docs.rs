//! `cargo xtask docs`: documents that the program writes from its own code, and the API documentation without warnings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo;

/// What to do about generated documents.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Fail if a generated document is not up to date, and write nothing
    #[arg(long)]
    check: bool,
}

/// Writes or checks the generated documents, then builds the API documentation.
pub(crate) fn run(options: Options) -> Result<()> {
    if options.check {
        check_generated()?;
    } else {
        generate(&cargo::root().join("docs"))?;
    }
    api()
}

/// Fails if the program would write a document that differs from the one in `docs/`.
pub(crate) fn check_generated() -> Result<()> {
    let fresh = tempfile::tempdir().context("cannot create a temporary folder")?;
    generate(fresh.path())?;
    let stale = differing(fresh.path(), &cargo::root().join("docs"))?;
    if !stale.is_empty() {
        bail!(
            "not up to date in docs/: {}; run `cargo xtask docs`",
            stale.join(", ")
        );
    }
    Ok(())
}

/// Builds the API documentation of all crates; a warning is an error.
pub(crate) fn api() -> Result<()> {
    // The program shares its name with the library, so only libraries are documented.
    let status = cargo::command(&["doc", "--no-deps", "--workspace", "--lib"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("`cargo doc` failed ({status})");
    }
    Ok(())
}

fn generate(folder: &Path) -> Result<()> {
    let status = cargo::command(&[
        "run",
        "--quiet",
        "--package",
        "plexidb-server",
        "--",
        "docs",
        "--out",
    ])
    .arg(folder)
    .status()
    .context("cannot run cargo")?;
    if !status.success() {
        bail!("`plexidb docs` failed ({status})");
    }
    Ok(())
}

/// Names of files in `fresh` that are missing or different in `kept`.
fn differing(fresh: &Path, kept: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(fresh).context("cannot list the generated documents")? {
        let path: PathBuf = entry.context("cannot list the generated documents")?.path();
        let Some(name) = path.file_name() else { continue };
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if fs::read(kept.join(name)).ok() != Some(text) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
