//! Ending a statement or a session from outside, over a connection of its own.
//!
//! Invariant: only the statement or session with the given connection id is touched.

use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use plexidb_core::{BoxFuture, Canceller, ConnectProgress, DriverError};

use super::dial::Dialer;
use super::failure;

/// How often, and how far apart, a session that was killed is looked for.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Cancels the statement of one session.
pub(super) struct MySqlCanceller {
    pub(super) dialer: Arc<Dialer>,
    pub(super) session: u64,
}

impl Canceller for MySqlCanceller {
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>> {
        let dialer = Arc::clone(&self.dialer);
        let session = self.session;
        Box::pin(async move { kill_query(&dialer, session).await })
    }
}

/// Ends the statement that a session runs; harmless where it runs none.
pub(super) async fn kill_query(dialer: &Dialer, session: u64) -> Result<(), DriverError> {
    kill(dialer, "QUERY", session).await.map(drop)
}

/// Ends a session; whether it is gone.
pub(super) async fn kill_session(dialer: &Dialer, session: u64) -> Result<bool, DriverError> {
    let mut conn = kill(dialer, "CONNECTION", session).await?;
    let target = &dialer.settings().target;
    let question = format!("SELECT id FROM information_schema.processlist WHERE id = {session}");
    let mut is_gone = false;
    for _ in 0..LOOKS {
        let found: Option<u64> = conn
            .query_first(&question)
            .await
            .map_err(|error| failure::of_statement(error, target, true))?;
        is_gone = found.is_none();
        if is_gone {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    // The server notices that the connection is gone also without a farewell.
    let _ = conn.disconnect().await;
    Ok(is_gone)
}

async fn kill(dialer: &Dialer, what: &str, session: u64) -> Result<mysql_async::Conn, DriverError> {
    let (mut conn, _) = dialer.connect(&ConnectProgress::new()).await?;
    match conn.query_drop(format!("KILL {what} {session}")).await {
        Err(error) if !failure::is_no_such_session(&error) => {
            Err(failure::of_statement(error, &dialer.settings().target, true))
        }
        _ => Ok(conn),
    }
}
