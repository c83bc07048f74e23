//! What a `sqlite:` URL says: the file, how it is opened, and the pragmas of every connection to it.
//!
//! Invariant: every value that reaches a PRAGMA's text is a word of this file or a number.

use std::time::Duration;

use plexidb_core::DriverError;

use crate::url::{DatabaseUrl, invalid, parse_bool, parse_choice, parse_number};

#[cfg(test)]
mod tests;

const OPTIONS: [&str; 9] = [
    "mode",
    "cache",
    "immutable",
    "busy_timeout",
    "journal_mode",
    "synchronous",
    "foreign_keys",
    "cache_size",
    "mmap_size",
];

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// In memory, one database a connector.
    Memory,
    /// In a file; a relative path is relative to the process's folder.
    File(String),
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// `ro`: for reading.
    Read,
    /// `rw`, the default: for reading and writing; it must exist.
    Write,
    /// `rwc`: made where it does not exist.
    Create,
}

/// The settings of one database; the defaults are in [`from_url`](Self::from_url).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) location: Location,
    pub(super) mode: Mode,
    /// `immutable`: nobody changes the file, so it is read without locks. Default off.
    pub(super) is_immutable: bool,
    /// `cache=shared`: connections to the file share one page cache. Default off, as SQLite advises.
    pub(super) is_cache_shared: bool,
    /// `busy_timeout` in milliseconds: the longest wait for a lock. Default 5 s.
    pub(super) busy_timeout: Duration,
    /// `journal_mode`. Default WAL where the file can be written.
    pub(super) journal_mode: Option<&'static str>,
    /// `synchronous`. Default NORMAL with a WAL and FULL without, where NORMAL could lose the file.
    pub(super) synchronous: Option<&'static str>,
    /// `foreign_keys`. Default on, unlike SQLite's own.
    pub(super) are_foreign_keys_on: bool,
    /// `cache_size` of a connection, in SQLite's own measure: pages, or KiB where negative. Default -8192 (8 MiB).
    pub(super) cache_size: i32,
    /// `mmap_size` in bytes. Default 0: with a mapped file an IO error ends the process.
    pub(super) mmap_size: u64,
}

impl Settings {
    /// Reads the URL.
    pub(super) fn from_url(url: &DatabaseUrl) -> Result<Self, DriverError> {
        url.check_options(&OPTIONS)?;
        let mode = url.option("mode").unwrap_or("rw");
        let mode = parse_choice(
            "mode",
            mode,
            &[
                ("ro", Some(Mode::Read)),
                ("rw", Some(Mode::Write)),
                ("rwc", Some(Mode::Create)),
                ("memory", None),
            ],
        )?;
        let switch = |name: &str, default: bool| {
            url.option(name)
                .map_or(Ok(default), |value| parse_bool(name, value))
        };
        let word = |name: &str, words: &[(&str, &'static str)]| {
            url.option(name)
                .map(|value| parse_choice(name, value, words))
                .transpose()
        };
        Ok(Self {
            location: location(url, mode.is_none())?,
            mode: mode.unwrap_or(Mode::Create),
            is_immutable: switch("immutable", false)?,
            is_cache_shared: word("cache", &[("shared", "shared"), ("private", "private")])?
                == Some("shared"),
            busy_timeout: match url.option("busy_timeout") {
                Some(value) => {
                    Duration::from_millis(parse_number::<u32>("busy_timeout", value, "milliseconds")?.into())
                }
                None => Duration::from_secs(5),
            },
            journal_mode: word("journal_mode", &JOURNAL_MODES)?,
            synchronous: word("synchronous", &SYNCHRONOUS)?,
            are_foreign_keys_on: switch("foreign_keys", true)?,
            cache_size: match url.option("cache_size") {
                Some(value) => parse_number("cache_size", value, "pages (KiB where negative)")?,
                None => -8192,
            },
            mmap_size: match url.option("mmap_size") {
                Some(value) => parse_number("mmap_size", value, "bytes")?,
                None => 0,
            },
        })
    }

    /// The file's path, or `:memory:`.
    pub(super) fn target(&self) -> &str {
        match &self.location {
            Location::Memory => ":memory:",
            Location::File(path) => path,
        }
    }

    pub(super) fn is_memory(&self) -> bool {
        self.location == Location::Memory
    }
}

const JOURNAL_MODES: [(&str, &str); 6] = [
    ("wal", "wal"),
    ("delete", "delete"),
    ("truncate", "truncate"),
    ("persist", "persist"),
    ("memory", "memory"),
    ("off", "off"),
];

const SYNCHRONOUS: [(&str, &str); 8] = [
    ("off", "off"),
    ("normal", "normal"),
    ("full", "full"),
    ("extra", "extra"),
    ("0", "off"),
    ("1", "normal"),
    ("2", "full"),
    ("3", "extra"),
];

fn location(url: &DatabaseUrl, is_memory: bool) -> Result<Location, DriverError> {
    let Some(path) = url.database() else {
        return if is_memory {
            Ok(Location::Memory)
        } else {
            Err(invalid(
                "it names no file; write sqlite:PATH, or sqlite::memory: for a database in memory",
            ))
        };
    };
    if is_memory || path == ":memory:" {
        return Ok(Location::Memory);
    }
    // `sqlite:file:PATH` is SQLite's own URI form behind our scheme.
    let path = path.strip_prefix("file:").unwrap_or(path);
    let path = path
        .strip_prefix("//")
        .filter(|path| path.starts_with('/'))
        .unwrap_or(path);
    match path {
        ":memory:" => Ok(Location::Memory),
        "" => Err(invalid("it names no file; write sqlite:PATH")),
        path => Ok(Location::File(path.to_owned())),
    }
}
