//! Which failures an application answers by making the operation again.

use plexidb::{DriverError, Error, ErrorKind};

#[cfg(test)]
mod tests;

/// Serialization failure and deadlock, of the standard and of PostgreSQL.
const SQLSTATES: [&str; 2] = ["40001", "40P01"];

/// Whether the statement was rolled back only because of what others did at the same time: a deadlock, a lock's timeout, a
/// serialization failure.
#[must_use]
pub fn is_worth_a_retry(error: &Error) -> bool {
    error.driver().is_some_and(|error| {
        let sqlstate = error.sql_error().and_then(|error| error.sqlstate.as_deref());
        DriverError::kind(error) == ErrorKind::Locked
            || sqlstate.is_some_and(|state| SQLSTATES.contains(&state))
    })
}
