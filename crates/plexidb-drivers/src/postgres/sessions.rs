//! Which sessions this connector has started, and making sure that the server is done with a lost one.
//!
//! Invariant: a session is known by its process number and its start, so that a later process of the same number is not
//! ended in its place. Only a session that another process of ours had started is known by its number alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plexidb_core::DriverError;

use super::exchange::Failure;
use super::startup::Session;
use super::text_query::text_query;
use super::wire::Wire;

/// How often, and how far apart, the server is asked whether a session that was told to end is gone.
const CHECKS: usize = 10;
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// When the processes of the sessions that have not ended in good order were started.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    started_at: Mutex<HashMap<i32, String>>,
}

impl Sessions {
    pub(super) fn remember(&self, session: &Session) {
        let is_timestamp = |text: &&String| text.chars().all(|c| c.is_ascii_digit() || "-: .".contains(c));
        if let Some(started_at) = session.started_at.as_ref().filter(is_timestamp) {
            self.lock().insert(session.key.pid, started_at.clone());
        }
    }

    pub(super) fn forget(&self, pid: i32) {
        self.lock().remove(&pid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i32, String>> {
        self.started_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session from another one and tells whether it is gone. A session leaves the server's list after its
    /// transaction has ended.
    pub(super) async fn terminate(&self, own: &mut Session, pid: i32) -> Result<bool, DriverError> {
        if own.key.pid == pid {
            return Ok(true);
        }
        let started_at = self.lock().get(&pid).cloned();
        let of_session = match started_at {
            Some(at) => format!(
                "FROM pg_catalog.pg_stat_get_activity({pid}) WHERE \
                 pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') = '{at}'"
            ),
            None => format!("FROM pg_catalog.pg_stat_get_activity({pid})"),
        };
        let ended = format!("SELECT pg_catalog.pg_terminate_backend({pid}) {of_session}");
        ask(&mut own.wire, &ended).await?;
        for check in 0..CHECKS {
            if check > 0 {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
            if !ask(&mut own.wire, &format!("SELECT 1 {of_session}")).await? {
                self.forget(pid);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a question has any rows for an answer.
async fn ask(wire: &mut Wire, sql: &str) -> Result<bool, DriverError> {
    let (mut results, ended) = text_query(wire, sql).await?;
    ended.outcome.map_err(Failure::into_error)?;
    Ok(!results.take(0).is_empty())
}
