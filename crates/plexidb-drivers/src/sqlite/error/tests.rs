//! Which error a result code becomes.

use plexidb_core::{DriverError, ErrorKind};
use rusqlite::ffi;

use super::{of_statement, position};

fn failure(code: i32) -> DriverError {
    let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("said so".into()));
    of_statement(error, "SELECT 1", "chat.db")
}

#[test]
fn result_codes_have_kinds() {
    for (code, kind) in [
        (ffi::SQLITE_BUSY, ErrorKind::Locked),
        (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Locked),
        (ffi::SQLITE_LOCKED_SHAREDCACHE, ErrorKind::Locked),
        (ffi::SQLITE_READONLY_DBMOVED, ErrorKind::ReadOnly),
        (ffi::SQLITE_INTERRUPT, ErrorKind::Cancelled),
        (ffi::SQLITE_CORRUPT_INDEX, ErrorKind::File),
        (ffi::SQLITE_NOTADB, ErrorKind::File),
        (ffi::SQLITE_IOERR_READ, ErrorKind::File),
        (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Sql),
    ] {
        assert_eq!(failure(code).kind(), kind, "{code}");
    }
}

#[test]
fn a_full_disk_keeps_its_code_and_says_what_to_do() {
    let error = failure(ffi::SQLITE_FULL);
    let error = error.sql_error().unwrap();
    assert_eq!(error.code, Some(i64::from(ffi::SQLITE_FULL)));
    assert!(error.to_string().contains("free space"), "{error}");
}

#[test]
fn positions_are_characters_from_one() {
    assert_eq!(position("SELECT x", 7), Some(8));
    assert_eq!(position("\n  SELECT 'ä', x", 13), Some(16));
    assert_eq!(position("SELECT x", -1), None);
    assert_eq!(position("SELECT x", 99), None);
}
