//! Equal reads that miss at the same time: one goes to the database, the others wait for its answer.
//!
//! Invariant: nobody waits for ever, or beyond its own timeout; whoever gets no answer runs its own query.

use std::time::Duration;

use plexidb_cache::{Boarded, Boarding, Landing, Leader};
use plexidb_core::{DriverError, RowSet};

use super::Inner;
use crate::error::Error;
use crate::flight::Deadline;

/// How long an answer is waited for before the next in line asks the database too. The one who leads may be a future that is
/// neither polled nor dropped, as in a task that itself waits for the answer: it would else never come.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a read waits for others before it runs alone.
const WAITS_MAX: usize = 4;

/// What becomes of a read that is ready to be sent.
pub(super) enum Turn<'a> {
    /// It is to be sent.
    Send {
        /// Through whom others wait for its answer.
        leader: Option<Leader<'a>>,
        /// The end of its time, where it has waited.
        deadline: Option<Deadline>,
    },
    /// An equal read has got its answer.
    Answered(RowSet),
}

impl Inner {
    /// Waits for an equal read that is under way, where there is one that no write has overtaken.
    ///
    /// # Errors
    ///
    /// [`DriverError::Cancelled`] where it waits longer than `timeout`.
    pub(super) async fn take_turn(
        &self,
        boarding: Option<Boarding>,
        timeout: Option<Duration>,
    ) -> Result<Turn<'_>, DriverError> {
        let Some(boarding) = boarding else {
            return Ok(Turn::send(None, None));
        };
        // Whoever joins counts on being told what other processes have written meanwhile, as a hit does.
        let lease = self.tier().map(|tier| (tier, tier.grant()));
        let mut follower = match self.flights.board(boarding, &self.slots) {
            Boarded::Leads(leader) => return Ok(Turn::send(Some(leader), None)),
            Boarded::Follows(_) if lease.is_some_and(|(tier, grant)| !tier.counts(grant)) => {
                return Ok(Turn::send(None, None));
            }
            Boarded::Follows(follower) => follower,
        };
        let deadline = timeout.map(Deadline::after);
        for _ in 0..WAITS_MAX {
            let patience = deadline.map_or(PATIENCE, |deadline| deadline.left().min(PATIENCE));
            let boarding = match tokio::time::timeout(patience, follower.wait()).await {
                Ok(Landing::Rows(set)) => return Ok(Turn::Answered(set)),
                // Its own query may fail just so, but then the error is its own.
                Ok(Landing::Failed) => break,
                Ok(Landing::Abandoned) => follower.into_boarding(),
                Err(_) => match deadline {
                    Some(deadline) if deadline.left().is_zero() => return Err(timed_out(deadline)),
                    _ => follower.give_up(),
                },
            };
            let lease = self.tier().map(|tier| (tier, tier.grant()));
            follower = match self.flights.board(boarding, &self.slots) {
                Boarded::Leads(leader) => return Ok(Turn::send(Some(leader), deadline)),
                Boarded::Follows(_) if lease.is_some_and(|(tier, grant)| !tier.counts(grant)) => break,
                Boarded::Follows(follower) => follower,
            };
        }
        Ok(Turn::send(None, deadline))
    }
}

impl<'a> Turn<'a> {
    fn send(leader: Option<Leader<'a>>, deadline: Option<Deadline>) -> Self {
        Self::Send { leader, deadline }
    }
}

/// Tells those who wait how the query ended.
pub(super) fn tell<'a>(leader: Option<Leader<'a>>, result: &Result<RowSet, Error>) -> Option<Leader<'a>> {
    let leader = leader?;
    match result {
        Ok(set) => {
            leader.publish(set);
            return Some(leader);
        }
        // Its time was over, not theirs: the next one leads.
        Err(Error::Driver(DriverError::Cancelled { .. } | DriverError::Timeout { .. })) => drop(leader),
        Err(_) => leader.fail(),
    }
    None
}

fn timed_out(deadline: Deadline) -> DriverError {
    let timeout = deadline.timeout;
    DriverError::Cancelled {
        message: format!("it took longer than {timeout:?}, waiting for an equal query under way"),
    }
}
