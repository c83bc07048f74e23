//! Opens a connection to a file or to the database in memory and sets up its session.
//!
//! Invariant: a file that can only be read opens all the same, without a WAL being forced on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use plexidb_core::{ConnectPhase, DriverError};
use rusqlite::{Connection, DEFAULT_NAME, Error, MAIN_DB, OpenFlags, ffi};
use tokio::runtime::Handle;

use super::commits::Commits;
use super::error::{self, CREATE_FAILED};
use super::settings::{Location, Mode, Settings};
use super::signals::Signals;
use super::write_back::WriteBack;

/// The most bytes of a database in memory: as large as SQLite's own bound on `:memory:`.
const MEMORY_BYTES_MAX: i64 = i64::MAX >> 16;

/// What a path must not hold plainly in SQLite's URI form.
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Opens the database; `memory_name` is that of the connector's database in memory.
pub(super) fn open(
    settings: &Settings,
    memory_name: &str,
    signals: &Arc<Signals>,
    write_back: &Arc<WriteBack>,
    runtime: &Handle,
) -> Result<(Connection, Commits), DriverError> {
    let target = settings.target();
    let mut database = open_file(settings, memory_name).map_err(|error| {
        let error = match error {
            Error::SqliteFailure(error, Some(message)) if settings.mode == Mode::Create => {
                Error::SqliteFailure(error, Some(format!("{CREATE_FAILED}: {message}")))
            }
            other => other,
        };
        error::of_opening(error, target)
    })?;
    let of_setup = |error| error::of_opening(error, target);
    signals
        .install(&mut database, settings.busy_timeout)
        .map_err(of_setup)?;
    // Reads the header: what is no database is told here and not at the first statement.
    database
        .query_row("PRAGMA schema_version", [], |_| Ok(()))
        .map_err(of_setup)?;
    let journal_mode = set_journal_mode(&database, settings)?;
    let has_wal = journal_mode == "wal";
    let synchronous = settings
        .synchronous
        .unwrap_or(if has_wal { "normal" } else { "full" });
    database
        .execute_batch(&format!(
            "PRAGMA synchronous={synchronous}; PRAGMA foreign_keys={}; PRAGMA trusted_schema=0; \
             PRAGMA temp_store=2; PRAGMA cache_size={}; PRAGMA mmap_size={};",
            i32::from(settings.are_foreign_keys_on),
            settings.cache_size,
            settings.mmap_size
        ))
        .map_err(of_setup)?;
    let write_back = has_wal.then(|| Arc::clone(write_back));
    if let Some(write_back) = &write_back {
        write_back.install(&mut database, runtime).map_err(of_setup)?;
    }
    // With a shared cache, locks of tables come on top, for which SQLite does not call the busy handler.
    let is_unflushed = has_wal && matches!(synchronous, "normal" | "off") && !settings.is_cache_shared;
    let commits = Commits::new(settings.is_memory() || is_unflushed, write_back);
    Ok((database, commits))
}

/// Opens the file to write its WAL back; it is not made where it is gone.
pub(super) fn open_to_write_back(settings: &Settings) -> rusqlite::Result<Connection> {
    let settings = Settings {
        mode: Mode::Write,
        ..settings.clone()
    };
    let database = open_file(&settings, "")?;
    // SQLite does not know of the WAL before it has read the header.
    database.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(database)
}

fn open_file(settings: &Settings, memory_name: &str) -> rusqlite::Result<Connection> {
    let path = match &settings.location {
        Location::Memory => return open_memory(memory_name),
        Location::File(path) => path,
    };
    // A connection is used by one thread at a time, so it needs no mutex of its own.
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= match settings.mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Mode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    if settings.is_cache_shared {
        flags |= OpenFlags::SQLITE_OPEN_SHARED_CACHE;
    }
    if settings.is_immutable {
        let uri = format!("file:{}?immutable=1", utf8_percent_encode(path, IN_URI));
        return Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI);
    }
    if path.starts_with("file:") || path.starts_with(':') {
        // Else SQLite would take the name of this file for a URI or for a database in memory.
        return Connection::open_with_flags(format!("./{path}"), flags);
    }
    Connection::open_with_flags(path, flags)
}

/// Opens the database of this name that the connections of one connector share, without SQLite's shared cache.
pub(super) fn open_memory(name: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags_and_vfs(name, flags, c"memdb")?;
    let mut bytes_max = MEMORY_BYTES_MAX;
    database.file_control(DEFAULT_NAME, rusqlite::FileControl::SizeLimit(&mut bytes_max))?;
    Ok(database)
}

/// Sets the journal mode and returns the one that is in force.
fn set_journal_mode(database: &Connection, settings: &Settings) -> Result<String, DriverError> {
    let target = settings.target();
    let ask = |pragma: &str| database.query_row(pragma, [], |row| row.get::<_, String>(0));
    let present = ask("PRAGMA journal_mode").map_err(|error| error::of_opening(error, target))?;
    let is_writable = !database
        .is_readonly(MAIN_DB)
        .map_err(|error| error::of_opening(error, target))?;
    let wanted = match settings.journal_mode {
        Some(wanted) => wanted,
        None if is_writable && !settings.is_memory() && !settings.is_immutable => "wal",
        None => return Ok(present),
    };
    if present == wanted {
        return Ok(present);
    }
    let given = match wait_out_locks(settings.busy_timeout, || {
        ask(&format!("PRAGMA journal_mode={wanted}"))
    }) {
        Ok(given) => given,
        // The default is a wish: where a WAL cannot be, the file is used as it is.
        Err(error) if settings.journal_mode.is_none() && !is_lock(&error) => {
            tracing::debug!(target, %error, "no WAL");
            return Ok(present);
        }
        Err(error) => return Err(error::of_opening(error, target)),
    };
    if given == wanted || settings.journal_mode.is_none() {
        return Ok(given);
    }
    Err(DriverError::Connect {
        target: target.to_owned(),
        phase: ConnectPhase::Setup,
        reason: format!("journal_mode={wanted} was asked for, but this database stays at {given}"),
        source: None,
    })
}

/// Tries again while others hold a lock: two that change the journal mode at once are told so without any wait.
fn wait_out_locks<T>(
    timeout: Duration,
    mut attempt: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let since = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_lock(&error) && since.elapsed() < timeout => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

fn is_lock(error: &Error) -> bool {
    let code = error.sqlite_error().map(|error| error.code);
    matches!(
        code,
        Some(ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked)
    )
}
