//! The checks of the servers of a database: what role each has, and what it has replayed.
//!
//! Invariant: each server is asked over a connection of its own, so that neither an exhausted pool nor another server keeps
//! its check waiting. The checks end with the database.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Connection, Connector, DriverError, ReplicationState};
use plexidb_pool::Outcome;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::replica_set::ReplicaSet;

/// How long a check may take, its connection included, before the server counts as out of reach.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How soon a replica is asked again that has not replayed what the primary has shown.
const CATCH_UP_INTERVAL: Duration = Duration::from_millis(10);

/// The least time between two checks of a server.
const CALL_INTERVAL: Duration = Duration::from_millis(2);

/// The watch over one server.
struct Watcher {
    index: usize,
    connector: Arc<dyn Connector>,
    connection: Option<Box<dyn Connection>>,
    interval: Duration,
}

/// Asks each server once, and goes on asking in the background.
pub(super) async fn begin(
    set: &Arc<ReplicaSet>,
    connectors: &[Arc<dyn Connector>],
    interval: Duration,
) -> Vec<AbortHandle> {
    let mut first = JoinSet::new();
    for (index, connector) in connectors.iter().enumerate() {
        let mut watcher = Watcher {
            index,
            connector: Arc::clone(connector),
            connection: None,
            interval,
        };
        let set = Arc::clone(set);
        first.spawn(async move {
            watcher.check(&set).await;
            watcher
        });
    }
    let mut handles = Vec::with_capacity(connectors.len());
    while let Some(watcher) = first.join_next().await {
        // A check does not panic; without its watcher a server keeps the role that was configured.
        let Ok(watcher) = watcher else { continue };
        let set = Arc::clone(set);
        handles.push(tokio::spawn(watcher.watch(set)).abort_handle());
    }
    handles
}

/// Waits until somebody else than this server's own watcher calls.
async fn called(calls: &mut watch::Receiver<Option<usize>>, index: usize) {
    // The set is kept by whoever waits here, so that its channel stays open.
    while calls.changed().await.is_ok() {
        if *calls.borrow_and_update() != Some(index) {
            return;
        }
    }
}

impl Watcher {
    /// Goes on until it is aborted, which the database does at its end.
    async fn watch(mut self, set: Arc<ReplicaSet>) {
        let mut calls = set.calls();
        let mut soon = 0;
        loop {
            // Of many calls in a row one is enough.
            tokio::time::sleep(CALL_INTERVAL).await;
            let catch_ups_max = self.interval.as_millis() / CATCH_UP_INTERVAL.as_millis();
            let pause = if soon > 0 && soon <= catch_ups_max {
                CATCH_UP_INTERVAL.min(self.interval)
            } else {
                soon = 0;
                self.interval
            };
            // Called or not, the server is asked.
            let _ = tokio::time::timeout(pause, called(&mut calls, self.index)).await;
            let is_catching_up = self.check(&set).await;
            soon = if is_catching_up { soon + 1 } else { 0 };
        }
    }

    /// Asks the server once. Returns whether it should be asked again soon.
    async fn check(&mut self, set: &ReplicaSet) -> bool {
        let asked = set.asking();
        let answer = tokio::time::timeout(CHECK_TIMEOUT, self.ask()).await;
        let is_unreachable = match answer {
            Ok(Ok(state)) => return set.observe(self.index, asked, state),
            Ok(Err(error)) => {
                tracing::debug!(server = self.connector.target(), %error, "a check failed");
                set.heed(self.index, &error);
                error.retires_endpoint() || Outcome::of_error(&error, Duration::ZERO) == Some(Outcome::Failed)
            }
            Err(_) => true,
        };
        self.connection = None;
        set.lose(self.index, asked, is_unreachable);
        false
    }

    async fn ask(&mut self) -> Result<ReplicationState, DriverError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.connector.connect().await?),
        };
        connection.replication().await
    }
}
