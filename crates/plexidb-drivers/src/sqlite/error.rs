//! SQLite's result codes as the drivers' errors.
//!
//! Invariant: the database's own message and extended code are kept wherever the kind has room for them.

use std::path::Path;

use plexidb_core::{ConnectPhase, DriverError, SqlError};
use rusqlite::Error;
use rusqlite::ffi::{self, ErrorCode};

/// Why a statement failed. `sql` is the text as the caller gave it.
pub(super) fn of_statement(error: Error, sql: &str, target: &str) -> DriverError {
    match error {
        Error::SqlInputError {
            error, msg, offset, ..
        } => DriverError::from(Box::new(SqlError {
            position: position(sql, offset),
            ..sql_error(msg, Some(error))
        })),
        Error::SqliteFailure(error, message) => of_code(error, message, target),
        Error::Empty => rejected("the statement is empty"),
        Error::MultipleStatement => several_statements(),
        other => rejected(other.to_string()),
    }
}

/// The error for a string with more than one statement.
pub(super) fn several_statements() -> DriverError {
    rejected("the string holds several statements; send them one at a time")
}

/// A statement that SQLite would not have refused by itself.
pub(super) fn rejected(message: impl Into<String>) -> DriverError {
    DriverError::from(Box::new(sql_error(message.into(), None)))
}

fn sql_error(message: String, error: Option<ffi::Error>) -> SqlError {
    SqlError {
        message,
        code: error.map(|error| i64::from(error.extended_code)),
        ..SqlError::default()
    }
}

/// The position in characters from 1 of a byte offset that rusqlite counts from behind the leading blanks.
fn position(sql: &str, offset: i32) -> Option<u32> {
    let blanks = sql.len() - sql.trim_start().len();
    let before = sql.get(..blanks + usize::try_from(offset).ok()?)?;
    u32::try_from(before.chars().count() + 1).ok()
}

/// The error of a result code.
fn of_code(error: ffi::Error, message: Option<String>, target: &str) -> DriverError {
    let message = message.unwrap_or_else(|| error.to_string());
    let file = |reason: String, is_corrupt: bool| DriverError::File {
        path: target.to_owned(),
        reason,
        is_corrupt,
    };
    match error.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DriverError::Locked { message },
        ErrorCode::ReadOnly => DriverError::ReadOnly {
            message,
            is_of_server: false,
        },
        ErrorCode::OperationInterrupted => DriverError::Cancelled { message },
        ErrorCode::DatabaseCorrupt => file(
            format!(
                "the file is damaged ({message}); restore it from a backup, or salvage what is left with .recover \
                 of the sqlite3 shell"
            ),
            true,
        ),
        ErrorCode::NotADatabase => file(
            format!(
                "this is no SQLite database, or it is encrypted or damaged at its start ({message}); check the \
                 path, or restore it from a backup"
            ),
            true,
        ),
        ErrorCode::CannotOpen => file(why_not_open(target, &message), false),
        // A folder opens like a file for reading and fails at its first page.
        ErrorCode::SystemIoFailure if Path::new(target).is_dir() => file(IS_FOLDER.into(), false),
        ErrorCode::SystemIoFailure => file(
            format!(
                "reading or writing failed (code {}: {message}); check the disk and the system's log",
                error.extended_code
            ),
            false,
        ),
        ErrorCode::DiskFull => DriverError::from(Box::new(SqlError {
            hint: Some("free space on the disk, or raise PRAGMA max_page_count".into()),
            ..sql_error(message, Some(error))
        })),
        _ => DriverError::from(Box::new(sql_error(message, Some(error)))),
    }
}

/// Why the file could not be opened or set up.
pub(super) fn of_opening(error: Error, target: &str) -> DriverError {
    match error {
        Error::SqliteFailure(error, message) => match of_code(error, message, target) {
            DriverError::Sql(error) => DriverError::Connect {
                target: target.to_owned(),
                phase: ConnectPhase::Setup,
                reason: error.to_string(),
                source: Some(error),
            },
            other => other,
        },
        other => DriverError::Connect {
            target: target.to_owned(),
            phase: ConnectPhase::Dial,
            reason: other.to_string(),
            source: Some(Box::new(other)),
        },
    }
}

/// What the file system says of a path that SQLite cannot open.
fn why_not_open(target: &str, message: &str) -> String {
    use std::io::ErrorKind;
    let path = Path::new(target);
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => IS_FOLDER.into(),
        Ok(_) => match std::fs::File::open(path) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                "permission denied; let this user read the file".into()
            }
            _ => format!(
                "{message}; check the permissions of the file and its folder. A database with a WAL in a folder \
                 that cannot be written needs ?immutable=1, if nobody changes it"
            ),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                format!("there is no folder {}; create it first", folder.display())
            }
            _ if path.is_symlink() => "this is a link to a file that does not exist".into(),
            _ if message.contains(CREATE_FAILED) => {
                "the file cannot be created; check the permissions of its folder".into()
            }
            _ => "no such file; check the path, or create the database with ?mode=rwc".into(),
        },
        Err(error) => format!("{error}; check the path and its permissions"),
    }
}

const IS_FOLDER: &str = "this is a folder; name a database file in it";

/// Marks that the file was to be created.
pub(super) const CREATE_FAILED: &str = "cannot create";

#[cfg(test)]
mod tests;
