//! The shared record as a state machine: what a call changes, what it answers, what is published.
//!
//! Invariant: each call is atomic and may be repeated; a record of another run of its server counts as gone.
//! It knows no time: nothing in it expires.

use std::collections::BTreeMap;

use super::intent::{Intent, SLOTS_MAX};
use super::message::{Change, Message, SlotVersion};
use super::name::{At, EpochId, Fingerprint, IntentId, MemberId, RunId};
use super::terms::Terms;

mod answer;
#[cfg(test)]
mod tests;

pub use answer::{Begun, Ended, Joined, Joining, MemberEntry, Opening, Published, Refusal, Renewed, Touched};

/// The most members.
pub const MEMBERS_MAX: usize = 1024;

/// The record of one database of a namespace, and the run of the server that keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    run: RunId,
    content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Content {
    /// In which the epoch was opened.
    run: RunId,
    epoch: EpochId,
    terms: Terms,
    generation: u64,
    is_settled: bool,
    seq: u64,
    /// Numbers joinings and renewals.
    renewals: u64,
    fingerprint: Fingerprint,
    versions: Vec<u64>,
    intents: BTreeMap<IntentId, Intent>,
    members: BTreeMap<MemberId, MemberEntry>,
}

impl Record {
    /// A server that keeps no record yet.
    #[must_use]
    pub fn new(run: RunId) -> Self {
        Self { run, content: None }
    }

    /// The server runs anew, or another one has taken over, with what it has kept of the record (all, an older state).
    pub fn run_anew(&mut self, run: RunId) {
        self.run = run;
    }

    /// What is kept is lost, while the server goes on.
    pub fn flush(&mut self) {
        self.content = None;
    }

    /// Opens a new epoch, in place of the one that the caller names or of none. The answer is the epoch that the record
    /// has now, which may be somebody else's.
    pub fn open(&mut self, expected: Option<EpochId>, opening: &Opening) -> EpochId {
        let current = self.present().ok().map(|content| content.epoch);
        match current {
            Some(epoch) if epoch == opening.epoch || Some(epoch) != expected => epoch,
            _ => {
                self.content = Some(Content {
                    run: self.run,
                    epoch: opening.epoch,
                    terms: opening.terms,
                    generation: opening.generation,
                    is_settled: false,
                    seq: 0,
                    renewals: 0,
                    fingerprint: opening.fingerprint,
                    versions: vec![0; opening.terms.slots as usize],
                    intents: BTreeMap::new(),
                    members: BTreeMap::new(),
                });
                opening.epoch
            }
        }
    }

    /// Makes a member, or lets it read the record anew. Intents that it knows from an earlier epoch are registered while this one
    /// is not settled; afterwards their writes have ended.
    ///
    /// Its catalog is not declared: it may be an old one. Whoever finds the record's to be another reads it anew.
    ///
    /// It does **not** count as having applied what it is answered: it says so itself, once it has.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherTerms`], [`Refusal::Full`].
    pub fn join(&mut self, joining: &Joining) -> Result<Published<Joined>, Refusal> {
        let content = self.present()?;
        if content.terms != joining.terms {
            return Err(Refusal::OtherTerms(Box::new(content.terms)));
        }
        let is_new = !content.members.contains_key(&joining.member);
        if is_new && content.members.len() >= MEMBERS_MAX {
            return Err(Refusal::Full);
        }
        content.renewals += 1;
        content.members.entry(joining.member).or_default().renewals = content.renewals;
        let mut messages = Vec::new();
        if !content.is_settled && joining.known != Some(content.epoch) {
            for intent in &joining.intents {
                content.register(intent, &mut messages);
            }
        }
        let answer = Joined {
            epoch: content.epoch,
            is_settled: content.is_settled,
            generation: content.generation,
            seq: content.seq,
            fingerprint: content.fingerprint,
            versions: content.versions.clone(),
            intents: content.intents.values().cloned().collect(),
            members: content.entries(),
        };
        Ok(Published { answer, messages })
    }

    /// Renews the membership, and says what the member has applied.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`], [`Refusal::Behind`], [`Refusal::NotMember`].
    pub fn renew(&mut self, at: At, member: MemberId) -> Result<Renewed, Refusal> {
        let content = self.present()?.at(at)?;
        let entry = content.members.get_mut(&member).ok_or(Refusal::NotMember)?;
        content.renewals += 1;
        entry.renewals = content.renewals;
        entry.applied = entry.applied.max(at.applied);
        Ok(Renewed {
            is_settled: content.is_settled,
            generation: content.generation,
            seq: content.seq,
            members: content.entries(),
        })
    }

    /// Announces a write.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`], [`Refusal::Behind`], [`Refusal::NotMember`], [`Refusal::Unsettled`],
    /// [`Refusal::TooManySlots`].
    pub fn begin(&mut self, at: At, intent: &Intent) -> Result<Published<Begun>, Refusal> {
        let content = self.present()?.at(at)?;
        if !content.members.contains_key(&intent.id.member) {
            return Err(Refusal::NotMember);
        }
        if !content.is_settled {
            return Err(Refusal::Unsettled);
        }
        content.check_slots(&intent.slots)?;
        let mut messages = Vec::new();
        content.register(intent, &mut messages);
        let seq = content
            .intents
            .get(&intent.id)
            .map_or(content.seq, |known| known.seq);
        let answer = Begun {
            epoch: content.epoch,
            seq,
            members: content.entries(),
        };
        Ok(Published { answer, messages })
    }

    /// Ends a write: slots that it touched go one version up, the others are let go. One that is not there has ended already;
    /// the versions are answered all the same.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`], [`Refusal::TooManySlots`].
    pub fn end(
        &mut self,
        epoch: EpochId,
        id: IntentId,
        touched: &[u32],
    ) -> Result<Published<Ended>, Refusal> {
        let content = self.present()?.at(At { epoch, applied: 0 })?;
        content.check_slots(touched)?;
        let mut messages = Vec::new();
        let versions = match content.intents.remove(&id) {
            None => touched.iter().map(|slot| content.version(*slot)).collect(),
            Some(intent) => {
                let mut touched = touched.to_vec();
                if intent.is_widened && !touched.contains(&content.terms.whole) {
                    touched.push(content.terms.whole);
                }
                let versions = content.raise(&touched);
                content.publish(
                    Change::Ended {
                        intent: id,
                        versions: versions.clone(),
                    },
                    &mut messages,
                );
                versions
            }
        };
        Ok(Published {
            answer: Ended { epoch, versions },
            messages,
        })
    }

    /// Touches slots without a write of their own.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`], [`Refusal::TooManySlots`].
    pub fn touch(&mut self, epoch: EpochId, slots: &[u32]) -> Result<Published<Touched>, Refusal> {
        let content = self.present()?.at(At { epoch, applied: 0 })?;
        content.check_slots(slots)?;
        let mut messages = Vec::new();
        let versions = content.raise(slots);
        content.publish(
            Change::Touched {
                versions: versions.clone(),
            },
            &mut messages,
        );
        let answer = Touched {
            epoch,
            seq: content.seq,
            versions,
            members: content.entries(),
        };
        Ok(Published { answer, messages })
    }

    /// Says that the catalog is another one.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`].
    pub fn declare(&mut self, epoch: EpochId, fingerprint: Fingerprint) -> Result<Published<()>, Refusal> {
        let content = self.present()?.at(At { epoch, applied: 0 })?;
        let mut messages = Vec::new();
        content.declare(fingerprint, &mut messages);
        Ok(Published { answer: (), messages })
    }

    /// Takes a member off, if its last renewal is still the one named; a member itself names none and leaves.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`].
    pub fn expel(
        &mut self,
        epoch: EpochId,
        member: MemberId,
        renewals: Option<u64>,
    ) -> Result<Published<()>, Refusal> {
        let content = self.present()?.at(At { epoch, applied: 0 })?;
        let mut messages = Vec::new();
        let is_as_named = |entry: &MemberEntry| renewals.is_none_or(|named| named == entry.renewals);
        if content.members.get(&member).is_some_and(is_as_named) {
            content.members.remove(&member);
            content.publish(Change::Expelled { member }, &mut messages);
        }
        Ok(Published { answer: (), messages })
    }

    /// Lets members serve and write in this epoch.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`], [`Refusal::OtherEpoch`].
    pub fn settle(&mut self, epoch: EpochId) -> Result<(), Refusal> {
        self.present()?.at(At { epoch, applied: 0 })?.is_settled = true;
        Ok(())
    }

    /// A record that another run of a server has written may lack what was changed last: it counts as gone, however
    /// little it lacks.
    fn present(&mut self) -> Result<&mut Content, Refusal> {
        let run = self.run;
        self.content
            .as_mut()
            .filter(|content| content.run == run)
            .ok_or(Refusal::Gone)
    }
}

impl Content {
    fn at(&mut self, at: At) -> Result<&mut Self, Refusal> {
        if self.epoch != at.epoch {
            return Err(Refusal::OtherEpoch(self.epoch));
        }
        if self.seq < at.applied {
            return Err(Refusal::Behind);
        }
        Ok(self)
    }

    fn check_slots(&self, slots: &[u32]) -> Result<(), Refusal> {
        // The record may have added the slot of the whole database itself.
        if slots.len() > SLOTS_MAX + 1 || slots.iter().any(|slot| *slot >= self.terms.slots) {
            return Err(Refusal::TooManySlots);
        }
        Ok(())
    }

    fn publish(&mut self, change: Change, messages: &mut Vec<Message>) {
        self.seq += 1;
        messages.push(Message {
            epoch: self.epoch,
            seq: self.seq,
            change,
        });
    }

    fn register(&mut self, intent: &Intent, messages: &mut Vec<Message>) {
        if self.intents.contains_key(&intent.id) {
            return;
        }
        let mut intent = intent.clone();
        intent.is_widened = false;
        intent.widen(self.fingerprint, self.terms.whole);
        intent.seq = self.seq + 1;
        self.intents.insert(intent.id, intent.clone());
        self.publish(Change::Begun(intent), messages);
    }

    fn declare(&mut self, fingerprint: Fingerprint, messages: &mut Vec<Message>) {
        if self.fingerprint == fingerprint {
            return;
        }
        self.fingerprint = fingerprint;
        let whole = self.terms.whole;
        for intent in self.intents.values_mut() {
            intent.widen(fingerprint, whole);
        }
        let version = self.raise(&[whole]).first().map_or(0, |raised| raised.version);
        self.publish(Change::Declared { fingerprint, version }, messages);
    }

    fn raise(&mut self, slots: &[u32]) -> Vec<SlotVersion> {
        for slot in slots {
            if let Some(version) = self.versions.get_mut(*slot as usize) {
                *version += 1;
            }
        }
        slots.iter().map(|slot| self.version(*slot)).collect()
    }

    fn version(&self, slot: u32) -> SlotVersion {
        SlotVersion {
            slot,
            version: self.versions.get(slot as usize).copied().unwrap_or(0),
        }
    }

    fn entries(&self) -> Vec<(MemberId, MemberEntry)> {
        self.members
            .iter()
            .map(|(member, entry)| (*member, *entry))
            .collect()
    }
}
