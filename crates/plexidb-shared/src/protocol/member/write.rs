//! Own writes: announced, cleared, sent, ended.
//!
//! Invariant: a statement is sent only under a lease of the epoch in which its intent is registered, after everybody who may
//! serve without knowing the intent has lost the lease.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Member, Versions};
use crate::protocol::intent::Intent;
use crate::protocol::message::Acknowledgement;
use crate::protocol::name::{EpochId, IntentId, MemberId};
use crate::protocol::record::{Begun, Ended, MemberEntry};

/// An own write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) intent: Intent,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// The announcement has not been answered.
    Announced,
    /// Others have to acknowledge it, or to be waited out.
    Waiting(Waiting),
    /// The statement may be on its way.
    Sent,
    /// Others have made sure that it is over, and ended it.
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    epoch: EpochId,
    seq: u64,
    /// When the leases that do not know of it are over.
    until: u64,
    /// Who has not acknowledged it, with the counter of renewals.
    members: BTreeMap<MemberId, u64>,
}

/// Whether a statement may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Not yet; at the latest then, if nobody acknowledges it.
    WaitUntil(u64),
    /// Not before there is a lease again.
    NoLease,
    /// Now. It counts as sent from here on.
    Sent,
    /// Never: it has to be announced anew, or given up.
    Refused(RefusedReason),
}

/// Why a write cannot be sent under its announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedReason {
    /// The epoch in which it was announced is over.
    OtherEpoch,
    /// Others took this member for dead and ended the write and its session.
    Resolved,
    /// There is no such write, or it has not been registered.
    NotAnnounced,
}

impl Write {
    /// Whether the database may have it: it counts in a new epoch too.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::Sent)
    }
}

impl<V: Versions> Member<V> {
    /// An own write begins, of which the words are held already. The intent is to be registered.
    pub fn begin(&mut self, slots: Vec<u32>, session: u64) -> Intent {
        self.writes_begun += 1;
        let intent = Intent {
            id: IntentId {
                member: self.id,
                number: self.writes_begun,
            },
            slots,
            session,
            fingerprint: self.fingerprint,
            seq: 0,
            is_widened: false,
        };
        let write = Write {
            intent: intent.clone(),
            stage: Stage::Announced,
        };
        self.writes.insert(intent.id, write);
        intent
    }

    /// It is registered. The time must be read after the answer.
    pub fn begun(&mut self, id: IntentId, begun: &Begun, now: u64) {
        let other = |(member, entry): &(MemberId, MemberEntry)| {
            (*member != self.id && entry.applied < begun.seq).then_some((*member, entry.renewals))
        };
        let members = if self.terms.is_strict {
            begun.members.iter().filter_map(other).collect()
        } else {
            BTreeMap::new()
        };
        let until = now.saturating_add(self.terms.lease_waited());
        if let Some(write) = self
            .writes
            .get_mut(&id)
            .filter(|write| write.stage == Stage::Announced)
        {
            write.stage = Stage::Waiting(Waiting {
                epoch: begun.epoch,
                seq: begun.seq,
                until,
                members,
            });
        }
    }

    /// A member says what it has applied.
    pub fn acknowledged(&mut self, acknowledgement: Acknowledgement) {
        let Acknowledgement {
            member,
            epoch,
            applied,
        } = acknowledgement;
        self.has_applied(member, epoch, applied);
    }

    pub(super) fn has_applied(&mut self, member: MemberId, epoch: EpochId, applied: u64) {
        for write in self.writes.values_mut() {
            if let Stage::Waiting(waiting) = &mut write.stage
                && waiting.epoch == epoch
                && waiting.seq <= applied
            {
                waiting.members.remove(&member);
            }
        }
    }

    /// A member has left with this message. One that left before a write was announced has come back, if the write waits for it:
    /// that it has left is no news then, only late.
    pub(super) fn waits_no_more_for(&mut self, member: MemberId, seq: u64) {
        for write in self.writes.values_mut() {
            if let Stage::Waiting(waiting) = &mut write.stage
                && waiting.seq < seq
            {
                waiting.members.remove(&member);
            }
        }
    }

    /// Whether the statement may be sent now. The session must have shown a sign of life less than a fence ago.
    pub fn clear(&mut self, id: IntentId, now: u64, effects: &mut Vec<Effect>) -> Clearance {
        let epoch = self.epoch.as_ref().map(|epoch| epoch.id);
        let Some(write) = self.writes.get_mut(&id) else {
            return Clearance::Refused(RefusedReason::NotAnnounced);
        };
        let waiting = match &mut write.stage {
            Stage::Waiting(waiting) => waiting,
            Stage::Sent => return Clearance::Sent,
            Stage::Resolved => return Clearance::Refused(RefusedReason::Resolved),
            Stage::Announced => return Clearance::Refused(RefusedReason::NotAnnounced),
        };
        if epoch != Some(waiting.epoch) {
            return Clearance::Refused(RefusedReason::OtherEpoch);
        }
        if !waiting.members.is_empty() {
            if now < waiting.until {
                return Clearance::WaitUntil(waiting.until);
            }
            for (member, renewals) in std::mem::take(&mut waiting.members) {
                effects.push(Effect::Expel { member, renewals });
            }
        }
        if now >= self.granted_until {
            return Clearance::NoLease;
        }
        write.stage = Stage::Sent;
        Clearance::Sent
    }

    /// An own write is given up before it was sent, or its end is somebody else's business: nothing is known of it here any more.
    /// If it is in the record all the same, it is ended when that is noticed.
    pub fn give_up(&mut self, id: IntentId) {
        self.writes.remove(&id);
    }

    /// Own writes that the record has no more were ended by others.
    pub(super) fn writes_vanished(&mut self, registered: &BTreeSet<IntentId>) {
        for (id, write) in &mut self.writes {
            if matches!(write.stage, Stage::Waiting(_)) && !registered.contains(id) {
                write.stage = Stage::Resolved;
            }
        }
    }

    /// Whether the write waits for nobody any more.
    pub fn is_acknowledged(&self, id: IntentId) -> bool {
        self.writes.get(&id).is_none_or(|write| match &write.stage {
            Stage::Waiting(waiting) => waiting.members.is_empty(),
            Stage::Announced => false,
            Stage::Sent | Stage::Resolved => true,
        })
    }

    /// The record has ended an own write, as this member asked.
    pub fn ended(&mut self, id: IntentId, ended: &Ended, effects: &mut Vec<Effect>) {
        if self.writes.remove(&id).is_some() {
            if self.epoch.as_ref().is_some_and(|epoch| epoch.id == ended.epoch) {
                self.mirror(&ended.versions);
            }
            effects.push(Effect::EndOwn { intent: id });
        }
    }

    /// A message says that an own write has ended: by this member's own call, or since it was taken for dead.
    pub(super) fn ended_by_record(&mut self, id: IntentId, touched: &[u32], effects: &mut Vec<Effect>) {
        let own = self.writes.get_mut(&id).map(|write| {
            write.stage = Stage::Resolved;
            write.intent.slots.clone()
        });
        // Slots of which the own hold knows nothing: the record added them.
        let slots: Vec<u32> = match own {
            Some(slots) => touched
                .iter()
                .filter(|slot| !slots.contains(slot))
                .copied()
                .collect(),
            None => touched.to_vec(),
        };
        if !slots.is_empty() {
            effects.push(Effect::Touch { slots });
        }
    }
}
