//! What a group knows of its endpoints, and the choices that follow from it.
//!
//! Invariant: whoever is chosen is counted as in flight until it leaves; nobody is chosen who is not fit at that moment. It knows no
//! connections and no clock: the time is given.

use tokio::time::Instant;

use super::arbitration::{NoWriter, writer};
use super::balance::{Candidate, choose};
use super::breaker::{Admission, Pass};
use super::chance::Chance;
use super::config::GroupConfig;
use super::endpoint::ENDPOINTS_MAX;
use super::fitness::{Unfit, of_replica};
use super::member::{Member, Traits};
use super::need::{Intent, Need};
use super::outcome::Outcome;
use super::role::Observation;

#[cfg(test)]
mod tests;

/// Endpoints that were tried for one request and gave no connection; one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried(u64);

const _: () = assert!(ENDPOINTS_MAX <= 64, "a bit for each endpoint");

impl Tried {
    pub(crate) fn with(self, index: usize) -> Self {
        Self(self.0 | 1 << index)
    }

    fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }
}

/// Somebody who uses an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) index: usize,
    intent: Intent,
    pass: Pass,
    /// That of the endpoint's role.
    epoch: u64,
}

/// Why nobody was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoWriter(NoWriter),
    /// The primary, which would serve it, fails or was tried.
    WriterUnfit(usize, Unfit),
}

pub(crate) struct Board {
    pub(crate) members: Vec<Member>,
    config: GroupConfig,
    turns: Vec<f64>,
    candidates: Vec<Candidate>,
    chance: Chance,
    /// The newest timeline that was seen.
    pub(crate) newest: Option<u64>,
    pub(crate) writer: Result<usize, NoWriter>,
    /// Who took the writes last, and on which timeline.
    writer_last: Option<(usize, Option<u64>)>,
    /// Raised whenever another takes the writes.
    pub(crate) epoch: u64,
    pub(crate) reads_on_primary: u64,
    pub(crate) refused: u64,
}

impl Board {
    pub(crate) fn new(traits: Vec<Traits>, config: GroupConfig) -> Self {
        let members: Vec<_> = traits
            .into_iter()
            .map(|traits| Member::new(traits, config.breaker, config.latency_decay))
            .collect();
        let mut board = Self {
            turns: vec![0.0; members.len()],
            candidates: Vec::with_capacity(members.len()),
            members,
            config,
            chance: config.seed.map_or_else(Chance::unseeded, Chance::seeded),
            newest: None,
            writer: Err(NoWriter::Nobody),
            writer_last: None,
            epoch: 0,
            reads_on_primary: 0,
            refused: 0,
        };
        board.arbitrate();
        board
    }

    /// Chooses an endpoint and counts the caller in there.
    pub(crate) fn enter(&mut self, need: &Need, tried: Tried, now: Instant) -> Result<Ticket, Refusal> {
        let replica = match need.intent {
            Intent::Read => self.choose_replica(need, tried, now),
            Intent::Write => None,
        };
        let index = match replica {
            Some(index) => index,
            None => self.usable_writer(tried, now)?,
        };
        if replica.is_none() && need.intent == Intent::Read && self.members.len() > 1 {
            self.reads_on_primary += 1;
        }
        let member = &mut self.members[index];
        member.in_flight += 1;
        member.chosen += 1;
        Ok(Ticket {
            index,
            intent: need.intent,
            pass: member.breaker.pass(now),
            epoch: member.epoch,
        })
    }

    /// A replica that is due for a probe, else the one that the policy chooses among those that work.
    fn choose_replica(&mut self, need: &Need, tried: Tried, now: Instant) -> Option<usize> {
        self.candidates.clear();
        for (index, member) in self.members.iter().enumerate() {
            if tried.has(index) || of_replica(member, need, self.newest, now).is_err() {
                continue;
            }
            match member.breaker.admission(now) {
                Admission::Refused => {}
                // Nothing else would ever go there, as its figures are as bad as they can be.
                Admission::Probe => return Some(index),
                Admission::Free => self.candidates.push(self.config.candidate(index, member, now)),
            }
        }
        if self.candidates.is_empty() {
            return None;
        }
        let place = choose(
            self.config.balance,
            &self.candidates,
            &mut self.turns,
            &mut self.chance,
        );
        Some(self.candidates[place].index)
    }

    fn usable_writer(&self, tried: Tried, now: Instant) -> Result<usize, Refusal> {
        let index = self.writer.clone().map_err(Refusal::NoWriter)?;
        if tried.has(index) {
            return Err(Refusal::WriterUnfit(index, Unfit::Tried));
        }
        match self.members[index].breaker.admission(now) {
            Admission::Refused => Err(Refusal::WriterUnfit(index, Unfit::Broken)),
            Admission::Free | Admission::Probe => Ok(index),
        }
    }

    /// Whether the endpoint that was chosen would still do.
    pub(crate) fn is_fit(&self, ticket: Ticket, need: &Need, now: Instant) -> bool {
        self.is_current(ticket) && {
            let member = &self.members[ticket.index];
            let is_writer = self.writer == Ok(ticket.index);
            match need.intent {
                Intent::Write => is_writer,
                Intent::Read => is_writer || of_replica(member, need, self.newest, now).is_ok(),
            }
        }
    }

    /// Whether the role for which the endpoint was chosen is still its own.
    pub(crate) fn is_current(&self, ticket: Ticket) -> bool {
        self.members[ticket.index].epoch == ticket.epoch
            && (ticket.intent == Intent::Read || self.writer == Ok(ticket.index))
    }

    /// Whether somebody else would serve it, too.
    pub(crate) fn has_another(&self, need: &Need, tried: Tried, now: Instant) -> bool {
        let works = |member: &Member| member.breaker.admission(now) != Admission::Refused;
        need.intent == Intent::Read
            && (self.usable_writer(tried, now).is_ok()
                || self.members.iter().enumerate().any(|(index, member)| {
                    !tried.has(index) && works(member) && of_replica(member, need, self.newest, now).is_ok()
                }))
    }

    /// Whether others have found that the endpoint does not work.
    pub(crate) fn is_broken(&self, ticket: Ticket, now: Instant) -> bool {
        !ticket.pass.is_probe && self.members[ticket.index].breaker.admission(now) != Admission::Free
    }

    /// Whoever was chosen goes. The time is asked for only where it matters.
    pub(crate) fn leave(&mut self, ticket: Ticket, now: impl FnOnce() -> Instant) {
        let member = &mut self.members[ticket.index];
        member.in_flight = member.in_flight.saturating_sub(1);
        if ticket.pass.is_probe {
            member.breaker.probe_left(ticket.pass, now());
        }
    }

    /// Notes what came of the use. Returns whether the endpoint has another role now.
    pub(crate) fn note(&mut self, ticket: Ticket, outcome: Outcome, now: Instant) -> bool {
        let failure_latency = self.config.failure_latency;
        let member = &mut self.members[ticket.index];
        match outcome {
            Outcome::Answered(latency) => {
                if member.breaker.answered(ticket.pass) {
                    member.standing.forget();
                }
                member.standing.answered(latency, now);
            }
            Outcome::Failed => {
                member.failures += 1;
                member.standing.failed(failure_latency, now);
                member.breaker.failed(ticket.pass, now, &mut self.chance);
            }
            Outcome::Refused => {
                member.refusals += 1;
                member.standing.failed(failure_latency, now);
                member.breaker.refused(ticket.pass, now, &mut self.chance);
            }
            Outcome::ReadOnly => {
                member.breaker.answered(ticket.pass);
                // Whoever came to read, or when it had another role, says nothing of what it is now.
                if self.is_current(ticket) && ticket.intent == Intent::Write {
                    self.members[ticket.index].refused_write(now);
                    self.arbitrate();
                    return true;
                }
            }
        }
        false
    }

    /// Notes what a check has seen. Returns whether the endpoint has another role now.
    pub(crate) fn observe(&mut self, index: usize, observation: Observation) -> bool {
        let member = &mut self.members[index];
        let (epoch, asked_at) = (member.epoch, observation.asked_at);
        if !member.observe(observation) {
            return false;
        }
        if member.breaker.seen_alive(asked_at) {
            member.standing.forget();
        }
        self.newest = self.newest.max(member.timeline());
        let has_changed = member.epoch != epoch;
        self.arbitrate();
        has_changed
    }

    /// Notes that a check did not reach the endpoint.
    pub(crate) fn lose(&mut self, index: usize, asked_at: Instant, now: Instant) {
        let member = &mut self.members[index];
        if member.lose(asked_at) {
            member.failures += 1;
            member.breaker.seen_dead(now, &mut self.chance);
            self.arbitrate();
        }
    }

    /// Forgets what was seen, timelines included.
    pub(crate) fn forget_observations(&mut self) {
        self.newest = None;
        self.members.iter_mut().for_each(Member::forget_observations);
        self.arbitrate();
    }

    fn arbitrate(&mut self) {
        self.writer = writer(&self.members, self.newest);
        let Ok(index) = self.writer else { return };
        let now = (index, self.members[index].timeline());
        let Some(last) = self.writer_last.replace(now) else {
            return;
        };
        let is_promoted = matches!((last.1, now.1), (Some(last), Some(now)) if last != now);
        if last.0 == index && !is_promoted {
            // What was seen without a timeline does not hide the one that is known.
            self.writer_last = Some((index, now.1.or(last.1)));
            return;
        }
        self.epoch += 1;
        self.members.iter_mut().for_each(Member::forget_position);
        self.members[index].is_deposed = false;
        // One that was merely configured, and never seen, may have been the right one all the time.
        if now.1.is_none() && self.members[last.0].observed().is_some() {
            self.members[last.0].is_deposed = true;
        }
    }

    /// The name of the one that took the writes last.
    pub(crate) fn writer_last(&self) -> String {
        self.writer_last
            .map(|(index, _)| self.name(index))
            .unwrap_or_default()
    }

    /// Why each endpoint does not serve the read as a replica.
    pub(crate) fn unfit_for(&self, need: &Need, tried: Tried, now: Instant) -> Vec<(String, Unfit)> {
        let reasons = self.members.iter().enumerate().filter_map(|(index, member)| {
            let reason = if tried.has(index) {
                Some(Unfit::Tried)
            } else {
                let unfit = of_replica(member, need, self.newest, now).err();
                let is_broken = member.breaker.admission(now) == Admission::Refused;
                unfit.or(is_broken.then_some(Unfit::Broken))
            };
            reason.map(|reason| (member.traits.name.clone(), reason))
        });
        reasons.collect()
    }
}
