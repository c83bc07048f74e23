//! One call of plexidb by a node: that it ends, and whether a fault explains how it failed.

use std::time::Duration;

use plexidb::{DriverError, Error, ErrorKind};

use super::clock::{self, Moment};
use super::event::Event;
use super::node::tell;

/// How long a call of plexidb may wait for a connection, a login or a statement.
pub(super) const POOL_TIMEOUT: Duration = Duration::from_secs(3);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(3);

/// By then every call has ended, frozen time not counted: a write may be announced anew for 15 s, then wait for a connection to open
/// the marker, for a lease, and for a connection, its statements and their cancellation.
pub(super) const CALL_MAX: Duration = Duration::from_secs(40);

/// Waits for the call, which must end in time. `None` where it does not.
pub(super) async fn bounded<T>(what: &str, start: Moment, call: impl Future<Output = T>) -> Option<T> {
    match tokio::time::timeout(CALL_MAX, call).await {
        Ok(answer) => Some(answer),
        Err(_) => {
            tell(&Event::Stuck {
                what: what.to_owned(),
                start,
                end: clock::now(),
            });
            None
        }
    }
}

/// Tells of a call that failed.
pub(super) fn tell_failure(is_write: bool, start: Moment, error: &Error) {
    if is_explained(error) {
        tell(&Event::Failed {
            is_write,
            start,
            end: clock::now(),
        });
    } else {
        let what = if is_write { "a write" } else { "a read" };
        tell(&Event::Wrong(format!(
            "{what} failed as no fault explains: {error:?}"
        )));
    }
}

fn is_explained(error: &Error) -> bool {
    match error {
        Error::Pool(_) | Error::TransactionFailed | Error::TransactionEnded | Error::Shared(_) => true,
        Error::Driver(DriverError::Sql(sql)) => {
            let state = sql.sqlstate.as_deref().unwrap_or_default();
            // Conflicts, exhaustion, shutdown, and sessions that were ended.
            let is_of_server = ["08", "25P03", "40", "53", "55P03", "57"]
                .iter()
                .any(|class| state.starts_with(class));
            is_of_server || matches!(sql.code, Some(1053 | 1205 | 1213 | 1317 | 1927 | 1969 | 4031))
        }
        Error::Driver(error) => !matches!(
            error.kind(),
            ErrorKind::Protocol | ErrorKind::Encoding | ErrorKind::Parameters | ErrorKind::Unsupported
        ),
        _ => false,
    }
}
