//! Where the demo's database is: a file of its own in the cache folder, or what `--db` names.
//!
//! Invariant: a URL may hold a password and is never shown.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure;

#[cfg(test)]
mod tests;

/// The database of the demo.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) url: String,
    /// The demo's own file, which it may delete; none where the user named a database.
    pub(super) own_file: Option<PathBuf>,
}

impl Place {
    /// From `--db`, `--dir` and `--small`.
    pub(super) fn of(db: Option<&str>, folder: Option<&Path>, is_small: bool) -> anyhow::Result<Self> {
        if let Some(db) = db {
            return Ok(Self {
                url: url_of(db),
                own_file: None,
            });
        }
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => cache_folder(|name| env::var_os(name).map(PathBuf::from))
                .ok_or_else(|| failure::usage("this user has no cache folder; name a folder with --dir"))?,
        };
        let file = folder.join(if is_small { "demo-small.db" } else { "demo-full.db" });
        let Some(path) = file.to_str() else {
            return Err(failure::usage(format!(
                "{} is not UTF-8; name another folder with --dir",
                file.display()
            )));
        };
        Ok(Self {
            url: sqlite_url(path),
            own_file: Some(file),
        })
    }
}

/// The folder for what can be made anew, after the XDG base directory specification; Windows has its own.
fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // The specification demands that relative paths are ignored.
    let xdg = variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let base = xdg
        .or_else(|| Some(variable("HOME").filter(|path| path.is_absolute())?.join(".cache")))
        .or_else(|| variable("LOCALAPPDATA"))?;
    Some(base.join("plexidb"))
}

/// `--db` takes a URL, or the path of a SQLite file, which is made where it is missing.
fn url_of(db: &str) -> String {
    let scheme = db.split_once(':').map(|(scheme, _)| scheme);
    // One letter is a drive of Windows.
    let is_url =
        scheme.is_some_and(|scheme| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    if !is_url {
        return sqlite_url(db);
    }
    let is_sqlite = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("sqlite"));
    match db.split_once('?') {
        None if is_sqlite && !db.ends_with(":memory:") => format!("{db}?mode=rwc"),
        _ => db.to_owned(),
    }
}

fn sqlite_url(path: &str) -> String {
    let mut url = String::from("sqlite:");
    for character in path.chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            other => url.push(other),
        }
    }
    url.push_str("?mode=rwc");
    url
}
