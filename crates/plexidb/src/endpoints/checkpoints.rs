//! Positions of the primary, each with the writes that it surely has, and how far each replica has come along them.
//!
//! Invariant: a replica that has reached a checkpoint shows all writes which were acknowledged before that was made; strict
//! reads never go back behind a checkpoint that an earlier one is known to have seen.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plexidb_core::Position;
use tokio::time::Instant;

use super::tags::ServerSet;

#[cfg(test)]
mod tests;

/// Checkpoints that are remembered: with the default interval of checks 12 s. A replica that is further behind serves no
/// strict reads.
const KEPT_MAX: usize = 64;

/// The checkpoints of one database.
pub(crate) struct Checkpoints(Mutex<Board>);

struct Board {
    /// That of the group by which they were made: positions from before a takeover count no more.
    epoch: u64,
    /// The number that was given out last; never given twice.
    last: u64,
    kept: VecDeque<Checkpoint>,
    /// Of each endpoint, the last checkpoint that it is known to have reached; 0 for none.
    reached: Vec<u64>,
    /// What a strict read has to show at least, whatever it depends on.
    floor: u64,
}

struct Checkpoint {
    number: u64,
    /// The writes that were acknowledged before the primary was asked.
    acknowledged: u64,
    position: Position,
    asked_at: Instant,
}

/// What the primary was asked, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// That of the group.
    pub(super) epoch: u64,
    /// The writes that were acknowledged by then.
    pub(super) acknowledged: u64,
    pub(super) at: Instant,
}

/// How far a replica has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) number: u64,
    /// When the primary was asked that had come so far: the replica lacks nothing that was there before.
    pub(super) asked_at: Instant,
    pub(super) is_newest: bool,
}

impl Checkpoints {
    pub(super) fn new(endpoints: usize) -> Self {
        Self(Mutex::new(Board {
            epoch: 0,
            last: 0,
            kept: VecDeque::with_capacity(KEPT_MAX),
            reached: vec![0; endpoints],
            floor: 0,
        }))
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // Nothing that runs under the lock can leave it half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another server has taken over: of the positions from before none counts any more.
    pub(super) fn begin_epoch(&self, epoch: u64) {
        self.board().begin_epoch(epoch);
    }

    /// Notes what the primary has shown. Returns whether that is news.
    pub(super) fn add(&self, asked: Asked, position: Position) -> bool {
        let mut board = self.board();
        if asked.epoch < board.epoch {
            return false;
        }
        if asked.epoch > board.epoch {
            board.begin_epoch(asked.epoch);
        }
        if let Some(newest) = board.kept.back_mut()
            && newest.position == position
        {
            // Nothing was written since, so that who has reached it shows the later writes of the count, too.
            newest.acknowledged = newest.acknowledged.max(asked.acknowledged);
            newest.asked_at = newest.asked_at.max(asked.at);
            return false;
        }
        if board.kept.len() == KEPT_MAX {
            board.kept.pop_front();
        }
        board.last += 1;
        let number = board.last;
        board.kept.push_back(Checkpoint {
            number,
            acknowledged: asked.acknowledged,
            position,
            asked_at: asked.at,
        });
        true
    }

    /// Notes what a replica has shown, which was asked in this epoch; `None` where it has reached no checkpoint that is known.
    pub(super) fn reach(&self, endpoint: usize, epoch: u64, position: Option<&Position>) -> Option<Reached> {
        let mut board = self.board();
        let board = &mut *board;
        let found = position.filter(|_| epoch == board.epoch).and_then(|position| {
            let mut kept = board.kept.iter().rev();
            kept.find(|checkpoint| position.covers(&checkpoint.position))
        });
        let reached = found.map(|checkpoint| Reached {
            number: checkpoint.number,
            asked_at: checkpoint.asked_at,
            is_newest: checkpoint.number == board.last,
        });
        board.reached[endpoint] = reached.map_or(0, |reached| reached.number);
        reached
    }

    /// The checkpoint that a replica must have reached to show the writes up to this number; `None` where there is no such yet.
    pub(super) fn needed(&self, acknowledged: u64) -> Option<Needed> {
        let board = self.board();
        let found = board
            .kept
            .iter()
            .find(|checkpoint| checkpoint.acknowledged >= acknowledged)?;
        Some(Needed {
            epoch: board.epoch,
            number: found.number.max(board.floor),
        })
    }

    /// Whether the endpoint has reached it.
    pub(super) fn has_reached(&self, endpoint: usize, needed: Needed) -> bool {
        let board = self.board();
        board.epoch == needed.epoch && board.reached[endpoint] >= needed.number
    }

    /// The endpoints that have reached it.
    pub(super) fn reached_by(&self, needed: Needed) -> ServerSet {
        let board = self.board();
        if board.epoch != needed.epoch {
            return ServerSet::default();
        }
        let reached = board.reached.iter().enumerate();
        let reached = reached.filter(|(_, reached)| **reached >= needed.number);
        ServerSet(reached.fold(0, |set, (index, _)| set | 1 << index))
    }

    /// Whether a server at this position shows what is needed.
    pub(super) fn is_covered(&self, needed: Needed, position: &Position) -> bool {
        let board = self.board();
        let mut kept = board.kept.iter();
        board.epoch == needed.epoch
            && kept
                .any(|checkpoint| checkpoint.number >= needed.number && position.covers(&checkpoint.position))
    }

    /// A strict read goes to the primary: later ones show at least what it is known to have.
    pub(super) fn read_from_primary(&self) {
        let mut board = self.board();
        board.floor = board.floor.max(board.last);
    }

    /// A strict read goes to a replica: later ones show at least what that is known to have.
    pub(super) fn read_from(&self, endpoint: usize) {
        let mut board = self.board();
        board.floor = board.floor.max(board.reached[endpoint]);
    }
}

/// A checkpoint, which counts only in the epoch in which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) epoch: u64,
    pub(super) number: u64,
}

impl Board {
    fn begin_epoch(&mut self, epoch: u64) {
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        self.kept.clear();
        self.reached.fill(0);
        // Only what comes from now on is enough.
        self.floor = self.last;
    }
}
