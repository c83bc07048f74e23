//! Runs cargo in the root of the workspace, with its output passed through.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, bail};

/// Beginnings of the names of variables by which cargo describes a crate to its own program.
const OF_THIS_CRATE: &[&str] = &[
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_",
];

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // Invariant: this crate lies in the folder `xtask` below the root.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A cargo command with these words, to be run in the root.
pub(crate) fn command(words: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).current_dir(root());
    // `cargo run` has set variables about this very crate. Build scripts that watch them, as ring's does, would see a change
    // and build half of the workspace again whenever cargo is run by hand and by us in turn.
    for (name, _) in std::env::vars_os() {
        let ours = name
            .to_str()
            .is_some_and(|name| OF_THIS_CRATE.iter().any(|prefix| name.starts_with(prefix)));
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs cargo and fails where it fails.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let status = command(words).status().context("cannot run cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed ({status})", words.join(" "));
    }
    Ok(())
}

/// The exit code to pass on; an end by signal counts as a failure.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    ExitCode::from(code)
}
