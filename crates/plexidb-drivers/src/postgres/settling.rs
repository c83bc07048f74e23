//! Sessions behind a pooler that are given up half-way: they are brought to an end over their own connection.
//!
//! Invariant: one counts as settled only once the server has answered it outside a transaction. Nothing else tells: the pooler
//! makes up the process number, and may hold back what it was sent until it has a session for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plexidb_core::{Canceller, DriverError};
use postgres_protocol::message::frontend;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::cancel::PostgresCanceller;
use super::message::tag;
use super::wire::Wire;

/// How long the server is waited for, before the session stays in doubt.
const PATIENCE: Duration = Duration::from_secs(600);
/// The most settled sessions that are remembered: those that ended longest ago go first, and stay in doubt for who asks late.
const SETTLED_MAX: usize = 4096;
const IDLE: u8 = b'I';

/// Sessions behind a pooler that this connector has started and that are not known to have ended in good order.
#[derive(Debug, Default)]
pub(super) struct Settling {
    sessions: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    is_settled: HashMap<i32, bool>,
    settled: VecDeque<i32>,
}

impl Settling {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session begins.
    pub(super) fn remember(&self, login_pid: i32) {
        self.lock().is_settled.insert(login_pid, false);
    }

    /// A session has ended in good order.
    pub(super) fn forget(&self, login_pid: i32) {
        self.lock().is_settled.remove(&login_pid);
    }

    /// Whether a session is settled. `None` for one that is not known here.
    pub(super) fn is_settled(&self, login_pid: i32) -> Option<bool> {
        self.lock().is_settled.get(&login_pid).copied()
    }

    fn settle(&self, login_pid: i32) {
        let mut known = self.lock();
        known.is_settled.insert(login_pid, true);
        known.settled.push_back(login_pid);
        if known.settled.len() > SETTLED_MAX
            && let Some(oldest) = known.settled.pop_front()
        {
            known.is_settled.remove(&oldest);
        }
    }

    /// Cancels what a session runs, waits for its end and rolls back, in the background.
    pub(super) fn give_up(self: &Arc<Self>, mut wire: Wire, canceller: PostgresCanceller) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let settling = Arc::clone(self);
        runtime.spawn(async move {
            let ended = timeout(PATIENCE, end(&mut wire, &canceller)).await;
            match ended {
                Ok(Ok(())) => settling.settle(canceller.key.pid),
                Ok(Err(error)) => tracing::warn!(%error, "a session behind a pooler was lost half-way"),
                Err(_) => tracing::warn!("a session behind a pooler does not end"),
            }
        });
    }
}

async fn end(wire: &mut Wire, canceller: &PostgresCanceller) -> Result<(), DriverError> {
    // A statement that cannot be cancelled ends by itself.
    let _ = canceller.cancel().await;
    let mark = format!("settled {}", canceller.key.pid.cast_unsigned());
    // An exchange that was left before its end has no Sync yet; one too many only brings another answer. The cancellation
    // may hit one of ours, so that they go twice.
    frontend::sync(&mut wire.outbound);
    let question = format!("SELECT '{mark}'");
    for statement in ["ROLLBACK", &question, "ROLLBACK", &question] {
        frontend::query(statement, &mut wire.outbound)
            .map_err(|error| wire.protocol_error(error.to_string()))?;
    }
    wire.flush().await?;
    // Answers come in the order of what was sent: the mark comes after the end of what was under way.
    let mut is_marked = false;
    loop {
        let frame = wire.next().await?;
        match frame.tag {
            tag::DATA_ROW => is_marked |= frame.body.ends_with(mark.as_bytes()),
            tag::READY if is_marked && frame.body == [IDLE] => return Ok(()),
            _ => {}
        }
    }
}
