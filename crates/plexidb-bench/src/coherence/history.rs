//! What may have been true when: the versions of one unit of change.
//!
//! Invariant: a version can have been the truth only from when its write began until a later one was acknowledged, or was
//! returned by a read. Versions of a unit follow each other, since its writers take turns.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::{Moment, NEVER};
use super::fact::{Fact, Tuple};
use super::work::Work;

/// Versions that are kept. A read during which more are written cannot be judged.
const VERSIONS_MAX: usize = 64;

/// One state of a unit.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) facts: Arc<[Fact]>,
    /// What made it; none for the first one.
    pub(crate) work: Option<Arc<Work>>,
    pub(crate) begun: Moment,
    /// When a later version was surely visible.
    pub(crate) superseded: Moment,
}

#[derive(Debug)]
struct Versions {
    kept: VecDeque<Version>,
    /// Whether someone writes it now.
    is_busy: bool,
    /// Whether the last write is in doubt: nobody writes until it is known.
    is_in_doubt: bool,
}

/// The history of one unit.
#[derive(Debug)]
pub(crate) struct History(Mutex<Versions>);

/// A version, or several that follow each other and look alike, as a candidate for what a read has seen.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) seen: Vec<Tuple>,
    /// The first of them.
    pub(crate) number: u64,
    pub(crate) begun: Moment,
    pub(crate) superseded: Moment,
}

impl History {
    pub(crate) fn new(facts: Vec<Fact>) -> Self {
        let first = Version {
            number: 0,
            facts: facts.into(),
            work: None,
            begun: 0,
            superseded: NEVER,
        };
        Self(Mutex::new(Versions {
            kept: VecDeque::from([first]),
            is_busy: false,
            is_in_doubt: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Versions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn to write and tells the last version; `None` where it is another's, or in doubt.
    pub(crate) fn take_turn(&self) -> Option<Version> {
        let mut versions = self.lock();
        if versions.is_busy || versions.is_in_doubt {
            return None;
        }
        versions.is_busy = true;
        versions.kept.back().cloned()
    }

    /// Notes that a write is about to be sent.
    pub(crate) fn begin(&self, facts: Arc<[Fact]>, work: Arc<Work>, now: Moment) {
        let mut versions = self.lock();
        let number = versions.kept.back().map_or(0, |last| last.number + 1);
        versions.kept.push_back(Version {
            number,
            facts,
            work: Some(work),
            begun: now,
            superseded: NEVER,
        });
        if versions.kept.len() > VERSIONS_MAX {
            versions.kept.pop_front();
        }
    }

    /// The write was acknowledged.
    pub(crate) fn acknowledge(&self, now: Moment) {
        let mut versions = self.lock();
        let last = versions.kept.len() - 1;
        versions.supersede_before(last, now);
        versions.is_busy = false;
    }

    /// The write is known to have had no effect.
    pub(crate) fn undo(&self) {
        let mut versions = self.lock();
        versions.kept.pop_back();
        versions.is_busy = false;
    }

    /// Gives the turn back without a write.
    pub(crate) fn pass_turn(&self) {
        self.lock().is_busy = false;
    }

    /// Nobody knows whether the write takes effect, nor when.
    pub(crate) fn doubt(&self) {
        let mut versions = self.lock();
        let before = versions.kept.iter().rev().nth(1);
        // A read may have seen its effect before its writer lost sight of it.
        versions.is_in_doubt = before.is_some_and(|before| before.superseded == NEVER);
        versions.is_busy = false;
    }

    /// A read that has ended at this moment has seen this version, or a later one.
    pub(crate) fn observe(&self, number: u64, ended: Moment) {
        let mut versions = self.lock();
        let Some(position) = versions.kept.iter().position(|version| version.number == number) else {
            return;
        };
        versions.supersede_before(position, ended);
        if position + 1 == versions.kept.len() {
            versions.is_in_doubt = false;
        }
    }

    /// The database is quiet and holds this: the last version, or the one before where the last is in doubt. `Err` tells what
    /// was expected.
    pub(crate) fn settle(&self, found: &[Fact], now: Moment) -> Result<(), Vec<Version>> {
        let mut versions = self.lock();
        let candidates = if versions.is_in_doubt { 2 } else { 1 };
        let expected: Vec<Version> = versions.kept.iter().rev().take(candidates).cloned().collect();
        let Some(taken) = expected.iter().position(|version| *version.facts == *found) else {
            return Err(expected);
        };
        // What was in doubt and did not happen never was.
        for _ in 0..taken {
            versions.kept.pop_back();
        }
        let last = versions.kept.len() - 1;
        versions.supersede_before(last, now);
        versions.is_in_doubt = false;
        Ok(())
    }

    /// What a read from `start` to `end` may have seen of this unit, in order; `None` where that is not known any more.
    pub(crate) fn choices(
        &self,
        start: Moment,
        end: Moment,
        keep: &mut dyn FnMut(&[Fact]) -> Vec<Tuple>,
    ) -> Option<Vec<Choice>> {
        let versions = self.lock();
        if versions.kept.front().is_none_or(|oldest| oldest.begun > start) {
            return None;
        }
        let mut choices: Vec<Choice> = Vec::with_capacity(1);
        for version in versions.kept.iter() {
            if version.superseded < start || version.begun > end {
                continue;
            }
            let seen = keep(&version.facts);
            match choices.last_mut() {
                Some(last) if last.seen == seen => last.superseded = version.superseded,
                _ => choices.push(Choice {
                    seen,
                    number: version.number,
                    begun: version.begun,
                    superseded: version.superseded,
                }),
            }
        }
        Some(choices)
    }

    /// The versions from shortly before `start` until `end`, for people.
    pub(crate) fn around(&self, start: Moment, end: Moment) -> Vec<Version> {
        let versions = self.lock();
        let first = versions
            .kept
            .iter()
            .position(|version| version.superseded >= start)
            .unwrap_or(0);
        let around = versions.kept.iter().skip(first.saturating_sub(3));
        around
            .take_while(|version| version.begun <= end)
            .cloned()
            .collect()
    }
}

impl Versions {
    fn supersede_before(&mut self, position: usize, now: Moment) {
        for version in self.kept.iter_mut().take(position) {
            version.superseded = version.superseded.min(now);
        }
    }
}
