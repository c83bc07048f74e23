//! One call of plexidb: that it ends, how it may fail, and what its failure says of a write.

use std::time::Duration;

use plexidb::{DriverError, Error, ErrorKind};

use super::arena::{CONNECT_TIMEOUT, POOL_TIMEOUT, STATEMENT_TIMEOUT};
use super::model::{Fate, Model};

/// By then every call has ended: a read may be sent twice, and each time wait for a connection, for its statement, and for
/// the statement's end where it is cancelled.
pub(super) const CALL_MAX: Duration = Duration::from_secs(
    2 * (POOL_TIMEOUT.as_secs() + CONNECT_TIMEOUT.as_secs() + 2 * STATEMENT_TIMEOUT.as_secs()) + 10,
);

/// Waits for the call, which must end in time. `None` where it does not.
pub(super) async fn bounded<T>(model: &Model, what: &str, call: impl Future<Output = T>) -> Option<T> {
    match tokio::time::timeout(CALL_MAX, call).await {
        Ok(answer) => Some(answer),
        Err(_) => {
            model.violated(format!("stuck: {what} has not ended after {CALL_MAX:?}"));
            None
        }
    }
}

/// What the failure of a write says of it.
pub(super) fn fate(error: &Error) -> Fate {
    match error.driver() {
        Some(error) if error.outcome_is_unknown() => Fate::Unknown,
        _ => Fate::Failed,
    }
}

/// Notes a failure that no fault explains: rows that cannot be read, a protocol that was broken.
pub(super) fn judge_failure(model: &Model, what: &str, error: &Error) {
    let is_explained = match error {
        Error::Pool(_) | Error::Servers(_) | Error::TransactionFailed | Error::TransactionEnded => true,
        Error::Driver(DriverError::Sql(sql)) => {
            let state = sql.sqlstate.as_deref().unwrap_or_default();
            is_of_server(state) || matches!(sql.code, Some(1053 | 1205 | 1213 | 1317 | 1927 | 1969))
        }
        Error::Driver(error) => !matches!(
            error.kind(),
            ErrorKind::Protocol | ErrorKind::Encoding | ErrorKind::Parameters | ErrorKind::Unsupported
        ),
        _ => false,
    };
    if !is_explained {
        model.violated(format!("{what} failed as no fault explains: {error:?}"));
    }
}

/// Conflicts, exhaustion, shutdown, and connections that are no more.
fn is_of_server(sqlstate: &str) -> bool {
    ["08", "25006", "40", "53", "55P03", "57"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}
