//! The fence of an announced write: the server itself ends a session that stays silent too long, so that a writer which stalls
//! between its last look at the lease and its COMMIT cannot commit late.
//!
//! Invariant: the fence is set before the lease is looked at, and lasts until the statement has reached the server.

use std::time::Duration;

use plexidb_core::Dialect;

/// How long a fenced session may be silent, of a lease of this length. MySQL counts in whole seconds.
pub(super) fn patience(dialect: Dialect, lease: Duration) -> Duration {
    let quarter = lease / 4;
    match dialect {
        Dialect::MySql => Duration::from_secs(quarter.as_secs().max(1)),
        Dialect::Postgres | Dialect::Sqlite => quarter.max(Duration::from_millis(1)),
    }
}

/// The statement that sets the fence; `None` where the database is in this process and has no sessions to end.
pub(super) fn set(dialect: Dialect, is_in_transaction: bool, patience: Duration) -> Option<String> {
    let millis = patience.as_millis();
    match (dialect, is_in_transaction) {
        (Dialect::Postgres, true) => Some(format!(
            "SET LOCAL idle_in_transaction_session_timeout = {millis}"
        )),
        (Dialect::Postgres, false) => Some(format!("SET idle_session_timeout = {millis}")),
        (Dialect::MySql, _) => Some(format!("SET SESSION wait_timeout = {}", patience.as_secs())),
        (Dialect::Sqlite, _) => None,
    }
}

/// The statement that takes the fence away; `None` where the end of the transaction has done so.
pub(super) fn lift(dialect: Dialect, was_in_transaction: bool) -> Option<&'static str> {
    match (dialect, was_in_transaction) {
        (Dialect::Postgres, false) => Some("RESET idle_session_timeout"),
        (Dialect::MySql, _) => Some("SET SESSION wait_timeout = DEFAULT"),
        (Dialect::Postgres, true) | (Dialect::Sqlite, _) => None,
    }
}

/// The statement that takes the fence away while the transaction goes on.
pub(super) fn lift_within(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Postgres => Some("SET LOCAL idle_in_transaction_session_timeout TO DEFAULT"),
        Dialect::MySql => Some("SET SESSION wait_timeout = DEFAULT"),
        Dialect::Sqlite => None,
    }
}
