//! Where the shell's history is kept: `plexidb/history` in the user's state folder, for the user's eyes only.

use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reedline::FileBackedHistory;

#[cfg(test)]
mod tests;

/// The most inputs that are kept.
const INPUTS_MAX: usize = 10_000;

/// Opens the history.
///
/// # Errors
///
/// There is no state folder, or it cannot be written.
pub(super) fn open() -> anyhow::Result<Box<FileBackedHistory>> {
    let folder = folder(&|name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    })
    .context("there is neither XDG_STATE_HOME nor HOME")?;
    let path = folder.join("history");
    make_private(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let history = FileBackedHistory::with_file(INPUTS_MAX, path.clone());
    Ok(Box::new(
        history.with_context(|| format!("cannot read {}", path.display()))?,
    ))
}

/// The folder of the program's state.
fn folder(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| variable("LOCALAPPDATA").filter(|_| cfg!(windows)));
    Some(
        state
            .or_else(|| Some(variable("HOME")?.join(".local/state")))?
            .join("plexidb"),
    )
}

/// Makes the file where it is missing, and nobody else's to read: statements may hold secrets.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(0o600);
        let file = options.open(path)?;
        // It may have been there before, with other permissions.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    options.open(path)?;
    Ok(())
}
