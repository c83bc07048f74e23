//! One pair as a register whose number only grows: what may be read when.
//!
//! Invariant: with numbers that only grow, operations have an order that explains them exactly if none shows less than what had been
//! acknowledged or read before it began, nor what was not begun when it ended, nor what had no effect. This knows nothing of time but order.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::event::Fate;

#[cfg(test)]
mod tests;

/// So far back reads are judged: twice the longest call, and a frozen process.
const KEPT: Moment = 120_000_000_000;

/// A number that is being written or was.
#[derive(Clone, Copy, Debug)]
struct Written {
    begun: Moment,
    fate: Fate,
}

/// That a number was surely there by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    /// When the operation had ended that shows it.
    pub(super) at: Moment,
    pub(super) number: i64,
}

/// One register.
#[derive(Default)]
pub(super) struct Register {
    writes: BTreeMap<i64, Written>,
    floors: Vec<Floor>,
    /// Floors from here on are not in order yet.
    sorted: usize,
}

/// Why a read cannot have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// This was acknowledged, or had been read, before it began.
    Stale(Floor),
    /// Its write began later, or never.
    FromNowhere,
    /// Its write has had no effect.
    Failed,
}

impl Register {
    pub(super) fn begin(&mut self, number: i64, at: Moment) {
        let written = Written {
            begun: at,
            fate: Fate::Unknown,
        };
        self.writes.insert(number, written);
    }

    pub(super) fn end(&mut self, number: i64, fate: Fate) {
        if let Some(written) = self.writes.get_mut(&number) {
            written.fate = fate;
        }
    }

    /// Notes that a number was there at that time.
    pub(super) fn raise(&mut self, at: Moment, number: i64) {
        self.floors.push(Floor { at, number });
    }

    /// Puts in order what was noted; to be called before reads are judged.
    pub(super) fn sort(&mut self) {
        if self.sorted == self.floors.len() {
            return;
        }
        self.floors.sort_by_key(|floor| floor.at);
        let mut highest: Option<Floor> = None;
        self.floors.retain(|floor| {
            let is_higher = highest.is_none_or(|highest| floor.number > highest.number);
            if is_higher {
                highest = Some(*floor);
            }
            is_higher
        });
        self.sorted = self.floors.len();
    }

    /// Judges a read by its age alone.
    pub(super) fn judge_floor(&self, number: i64, since: Moment) -> Result<(), Wrong> {
        match self.floor(since) {
            Some(floor) if number < floor.number => Err(Wrong::Stale(floor)),
            _ => Ok(()),
        }
    }

    /// Judges a read: `since` is when it began, or earlier by as much as it may be old.
    pub(super) fn judge(&self, number: i64, since: Moment, end: Moment) -> Result<(), Wrong> {
        self.judge_floor(number, since)?;
        if number == 0 {
            return Ok(());
        }
        match self.writes.get(&number) {
            Some(written) if written.begun > end => Err(Wrong::FromNowhere),
            Some(written) if written.fate == Fate::Void => Err(Wrong::Failed),
            Some(_) => Ok(()),
            None => Err(Wrong::FromNowhere),
        }
    }

    /// The highest number that was surely there before that time.
    fn floor(&self, before: Moment) -> Option<Floor> {
        let behind = self.floors[..self.sorted].partition_point(|floor| floor.at < before);
        behind.checked_sub(1).map(|last| self.floors[last])
    }

    /// Forgets what no read can ask for any more.
    pub(super) fn forget(&mut self, now: Moment) {
        let Some(floor) = self.floor(now.saturating_sub(KEPT)) else {
            return;
        };
        self.writes = self.writes.split_off(&floor.number);
        let keep = self.floors.partition_point(|known| known.number < floor.number);
        self.floors.drain(..keep);
        self.sorted = self.floors.len();
    }
}
