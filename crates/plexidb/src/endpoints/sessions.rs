//! The sessions on replicas that are known to be no older than what the checks have seen.
//!
//! Invariant: what a check has seen of a server counts for a session only where the server has not started anew in between: the
//! session was there before the check, or has shown what it needs itself.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::{DriverError, ReplicationRole, SessionId};

use super::checkpoints::{Checkpoints, Needed};
use super::lease::EndpointLease;

/// Sessions of one server that are remembered; beyond them all are asked again.
const SESSIONS_MAX: usize = 16_384;

/// How long a new session may take to tell its server's position.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// The sessions that were asked, by server.
pub(super) struct Sessions(Mutex<Vec<HashSet<SessionId>>>);

impl Sessions {
    pub(super) fn new(endpoints: usize) -> Self {
        Self(Mutex::new(vec![HashSet::new(); endpoints]))
    }

    fn known(&self) -> MutexGuard<'_, Vec<HashSet<SessionId>>> {
        // Nothing that runs under the lock can leave it half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a session shows what its server was seen to have reached. The first time it is asked itself, in one exchange: a
    /// replica that starts anew may begin at an earlier position than it had before, and a session that is older than
    /// the last check does not survive that.
    pub(super) async fn admit(
        &self,
        lease: &mut EndpointLease,
        index: usize,
        needed: Needed,
        checkpoints: &Checkpoints,
    ) -> bool {
        let session = lease.session();
        if self.known()[index].contains(&session) {
            return true;
        }
        let sent = lease.clock();
        let timed_out = DriverError::Timeout {
            phase: "replication",
            after: ASK_TIMEOUT,
        };
        let answer = tokio::time::timeout(ASK_TIMEOUT, lease.replication()).await;
        let answer = answer.unwrap_or(Err(timed_out));
        lease.note(&answer, sent);
        let Ok(state) = answer else { return false };
        let is_covered = state.role == ReplicationRole::Replica
            && state
                .position
                .is_some_and(|position| checkpoints.is_covered(needed, &position));
        if is_covered {
            let known = &mut self.known()[index];
            if known.len() == SESSIONS_MAX {
                known.clear();
            }
            known.insert(session);
        }
        is_covered
    }

    /// Forgets a server's sessions: it may have started anew, and give their numbers to others.
    pub(super) fn forget(&self, index: usize) {
        self.known()[index].clear();
    }
}
