//! Which errors say that their server should be left, the one place that knows the databases' codes for it.
//!
//! Invariant: an error of one statement or one session alone never counts.

use super::{DriverError, SqlError};

/// PostgreSQL's `admin_shutdown`, `crash_shutdown`, `cannot_connect_now`.
const ENDING: [&str; 3] = ["57P01", "57P02", "57P03"];

/// `protocol_violation`: of this session, and what PgBouncer says of every refusal, a wrong password's included.
const VIOLATION: &str = "08P01";

/// `ER_SERVER_SHUTDOWN`, MariaDB's `ER_CONNECTION_KILLED` (both are last words at a shutdown), and what proxies send for a server
/// behind them that is gone (`CR_SERVER_GONE_ERROR`, `CR_SERVER_LOST`).
const ENDING_CODES: [i64; 4] = [1053, 1927, 2006, 2013];

impl DriverError {
    /// Whether the server itself says that it is no place to stay: it shuts down, restarts, is not up yet, or takes no
    /// writes. Connections that were made to it before this are not worth keeping.
    ///
    /// - A refused write counts (SQLSTATE 25006; MySQL's 1290, 1792 and 1836). Whoever began a read-only transaction by itself
    ///   must expect that refusal and not ask.
    /// - 57P01 to 57P03, class 08 (but 08P01) and MySQL's kin count where they ended a session or refused a login. Within a session that
    ///   goes on, class 08 is about another server (a foreign data wrapper's).
    /// - A connection that breaks without a word does not count: a network's trouble, or this session's alone. The others
    ///   are under suspicion then, and should show that they live.
    #[must_use]
    pub fn retires_endpoint(&self) -> bool {
        match self {
            Self::ReadOnly { is_of_server, .. } => *is_of_server,
            Self::ConnectionLost {
                last_words: Some(error),
                ..
            } => is_of_an_end(error),
            Self::Connect {
                source: Some(source), ..
            } => source.downcast_ref().is_some_and(is_of_an_end),
            _ => false,
        }
    }
}

/// MySQL's errors have both, and a class 08 of its own for what ends one session: its number decides.
fn is_of_an_end(error: &SqlError) -> bool {
    match (error.code, &error.sqlstate) {
        (Some(code), _) => ENDING_CODES.contains(&code),
        (None, Some(state)) => {
            ENDING.contains(&state.as_str()) || state.starts_with("08") && state != VIOLATION
        }
        (None, None) => false,
    }
}
