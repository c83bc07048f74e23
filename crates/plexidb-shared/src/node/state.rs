//! The member's state, with what its writes have left to be done, and one step of it.
//!
//! Invariant: effects on the process are carried out before the lock is given back; what has to be asked of others is returned.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use super::mirror::Mirror;
use super::status::Contact;
use super::{Shared, jobs};
use crate::bus::BusError;
use crate::protocol::{
    Acknowledgement, Effect, EpochId, IntentId, Member, MemberEntry, MemberId, Versions as _,
};

/// Lets the slots of an own write go.
pub(super) type LetGo = Box<dyn FnOnce() + Send>;

pub(super) struct State {
    member: Member<Mirror>,
    /// Of own writes that have ended here and not yet in the record.
    let_go: HashMap<IntentId, LetGo>,
    pub(super) contact: Contact,
    /// Whether somebody is closing the marker.
    is_closing: bool,
    /// How often in a row the catalog was found to be none that the others agree with.
    disagreements: u32,
    /// What each member has said last to have applied.
    applied: HashMap<MemberId, (EpochId, u64)>,
}

impl State {
    pub(super) fn new(member: Member<Mirror>) -> Self {
        Self {
            member,
            let_go: HashMap::new(),
            contact: Contact::Connecting,
            is_closing: false,
            disagreements: 0,
            applied: HashMap::new(),
        }
    }

    pub(super) fn versions(&self, slots: &[u32]) -> Option<(EpochId, Vec<(u32, u64)>)> {
        let epoch = self.member.settled_epoch()?;
        let versions = slots.iter().map(|&slot| (slot, self.version(slot)));
        Some((epoch, versions.collect()))
    }

    pub(super) fn version(&self, slot: u32) -> u64 {
        self.member.versions().version(slot)
    }

    /// What is done once the record has ended an own write.
    pub(super) fn let_go_at_end(&mut self, id: IntentId, let_go: LetGo) {
        self.let_go.insert(id, let_go);
    }

    pub(super) fn has_writes(&self) -> bool {
        !self.let_go.is_empty()
    }

    /// Whether nobody is closing the marker yet.
    pub(super) fn begin_closing(&mut self) -> bool {
        !std::mem::replace(&mut self.is_closing, true)
    }

    pub(super) fn end_closing(&mut self) {
        self.is_closing = false;
    }

    /// The catalog was read, and is not the record's. How long to wait before it is declared, where that was no news.
    pub(super) fn disagree(&mut self, is_as_before: bool) -> Option<Duration> {
        const DISAGREEMENTS_MAX: u32 = 6;
        if !is_as_before {
            self.disagreements = 0;
            return None;
        }
        self.disagreements = (self.disagreements + 1).min(DISAGREEMENTS_MAX);
        Some(Duration::from_millis(250) * 2_u32.pow(self.disagreements))
    }

    /// A member says what it has applied.
    pub(super) fn note_applied(&mut self, acknowledgement: Acknowledgement) {
        let Acknowledgement {
            member,
            epoch,
            applied,
        } = acknowledgement;
        let known = self.applied.entry(member).or_insert((epoch, applied));
        if known.0 != epoch || known.1 < applied {
            *known = (epoch, applied);
        }
    }

    /// What each member has said last.
    pub(super) fn heard(&self) -> Vec<Acknowledgement> {
        let said = |(&member, &(epoch, applied)): (&MemberId, &(EpochId, u64))| Acknowledgement {
            member,
            epoch,
            applied,
        };
        self.applied.iter().map(said).collect()
    }

    /// Members that are gone need not be remembered.
    pub(super) fn forget_all_but(&mut self, members: &[(MemberId, MemberEntry)]) {
        self.applied
            .retain(|known, _| members.iter().any(|(member, _)| member == known));
    }

    /// Whether a member has said that it has applied this message.
    pub(super) fn has_confirmed(&self, member: MemberId, epoch: EpochId, seq: u64) -> bool {
        let known = self.applied.get(&member);
        known.is_some_and(|&(known, applied)| known == epoch && applied >= seq)
    }

    pub(super) fn failed(&mut self, error: &BusError) {
        self.contact = Contact::lost(error);
    }
}

impl Deref for State {
    type Target = Member<Mirror>;

    fn deref(&self) -> &Self::Target {
        &self.member
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.member
    }
}

impl Shared {
    /// One transition, its effects, then the lease.
    pub(super) fn step<T>(
        self: &Arc<Self>,
        transition: impl FnOnce(&mut Member<Mirror>, &mut Vec<Effect>) -> T,
    ) -> T {
        let mut effects = Vec::new();
        let mut asked = Vec::new();
        let mut let_go = Vec::new();
        let result = {
            let mut state = self.state();
            let result = transition(&mut state.member, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Raise { hold, slots } => self.host.raise(hold, &slots),
                    Effect::End { hold, touched } => self.host.end(hold, &touched),
                    Effect::Touch { slots } => self.host.touch(&slots),
                    Effect::EndOwn { intent } => let_go.extend(state.let_go.remove(&intent)),
                    other => asked.push(other),
                }
            }
            if !self.is_stopped() {
                self.lease.set(state.member.granted_until());
            }
            result
        };
        // Later is safe: until then reads bypass the slots.
        let_go.into_iter().for_each(|let_go| let_go());
        for effect in asked {
            jobs::begin(self, effect);
        }
        self.stepped.send_modify(|steps| *steps += 1);
        result
    }
}
