//! Finds the servers' programs, also where distributions keep them away from `PATH`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders outside `PATH` in which packages of Debian, Fedora, Arch and Homebrew put servers.
const FOLDERS: &[&str] = &[
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
];

/// Pairs of a folder and what follows the version in it: `/usr/lib/postgresql/<version>/bin` and its like.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// The first program of `names` that exists: newest PostgreSQL folder first, then `PATH`, then the usual places.
///
/// The versioned folders come first because `psql` in Debian's `PATH` is a Perl script that costs 60 ms a call.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = versioned_folders()
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(FOLDERS.iter().map(PathBuf::from))
        .collect();
    names.iter().find_map(|name| {
        folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

fn versioned_folders() -> Vec<PathBuf> {
    VERSIONED
        .iter()
        .flat_map(|(parent, prefix, suffix)| newest_first(Path::new(parent), prefix, suffix))
        .collect()
}

fn newest_first(parent: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(suffix)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests;
