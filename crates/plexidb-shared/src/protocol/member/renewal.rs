//! Renewals: when a lease counts, who has stopped to renew, and what a refusal means.

use std::collections::BTreeMap;

use super::{Effect, Member, Versions};
use crate::protocol::name::{EpochId, MemberId};
use crate::protocol::record::{MemberEntry, Refusal, Renewed};
use crate::protocol::terms::Marker;

/// Another member, as far as renewals tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    pub(super) renewals: u64,
    /// When this counter was first seen.
    pub(super) since: u64,
}

/// A renewal that counts as soon as every message up to its number has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answered {
    sent_at: u64,
    seq: u64,
}

/// A renewal and its answer.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The epoch for which it was sent.
    pub epoch: EpochId,
    /// The member's clock **before** it was sent.
    pub sent_at: u64,
    /// What the record answered.
    pub answer: Result<Renewed, Refusal>,
    /// The marker as it was read from the primary, by a statement sent **after** `sent_at`; `None` where it could not be read.
    pub marker: Option<Marker>,
}

impl<V: Versions> Member<V> {
    /// A renewal was answered.
    pub fn renewed(&mut self, renewal: Renewal, now: u64, effects: &mut Vec<Effect>) {
        let Some(epoch) = self.epoch.as_ref().filter(|epoch| epoch.id == renewal.epoch) else {
            return;
        };
        let (id, applied) = (epoch.id, epoch.applied);
        let answer = match renewal.answer {
            Ok(answer) => answer,
            Err(refusal) => return self.refused(&refusal, effects),
        };
        if self.answered.is_some_and(|earlier| earlier.seq > applied) {
            // A quarter of a lease ago there was a message that has not come yet.
            self.is_lost = true;
            effects.push(Effect::Rejoin);
        }
        self.see_peers(&answer.members, answer.seq, now, effects);
        for (member, entry) in &answer.members {
            self.has_applied(*member, id, entry.applied);
        }
        if !answer.is_settled {
            return;
        }
        self.settled(effects);
        self.resolve_orphans(effects);
        if self.terms.has_marker && !self.is_closed(renewal.marker, answer.generation, effects) {
            return;
        }
        if !self.is_lost {
            self.answered = Some(Answered {
                sent_at: renewal.sent_at,
                seq: answer.seq,
            });
            self.grant();
        }
    }

    /// The record refused what this member asked in the epoch that it knows.
    pub fn refused(&mut self, refusal: &Refusal, effects: &mut Vec<Effect>) {
        let known = self.epoch.as_ref().map(|epoch| epoch.id);
        match refusal {
            Refusal::Gone => effects.push(Effect::Open { expected: None }),
            Refusal::Behind => effects.push(Effect::Open { expected: known }),
            Refusal::OtherEpoch(_) | Refusal::NotMember => {
                self.is_lost = true;
                effects.push(Effect::Rejoin);
            }
            Refusal::Unsettled | Refusal::OtherTerms(_) | Refusal::Full | Refusal::TooManySlots => {}
        }
    }

    /// Lets hits go on once all messages of the renewal have been applied.
    pub(super) fn grant(&mut self) {
        let Some(epoch) = self.epoch.as_ref().filter(|_| !self.is_lost) else {
            return;
        };
        if let Some(answered) = self.answered.filter(|answered| answered.seq <= epoch.applied) {
            self.answered = None;
            let until = answered.sent_at.saturating_add(self.terms.lease);
            self.granted_until = self.granted_until.max(until);
        }
    }

    fn is_closed(&mut self, marker: Option<Marker>, generation: u64, effects: &mut Vec<Effect>) -> bool {
        let Some(marker) = marker else { return false };
        if marker.is_open {
            effects.push(Effect::CloseMarker {
                generation: marker.generation,
            });
            return false;
        }
        if marker.generation != generation {
            // Somebody has closed it and has not come to open an epoch for it.
            effects.push(Effect::Open {
                expected: self.epoch.as_ref().map(|epoch| epoch.id),
            });
            return false;
        }
        true
    }

    /// Expels who has stood still for a lease: its own deadline is over then, as it counts from when it sent what the
    /// record had before it was seen here.
    fn see_peers(
        &mut self,
        members: &[(MemberId, MemberEntry)],
        seq: u64,
        now: u64,
        effects: &mut Vec<Effect>,
    ) {
        let waited = self.terms.lease_waited();
        let mut peers = BTreeMap::new();
        for (member, entry) in members.iter().filter(|(member, _)| *member != self.id) {
            let known = self
                .peers
                .get(member)
                .filter(|peer| peer.renewals == entry.renewals);
            let peer = known.copied().unwrap_or(Peer {
                renewals: entry.renewals,
                since: now,
            });
            if now >= peer.since.saturating_add(waited) {
                effects.push(Effect::Expel {
                    member: *member,
                    renewals: peer.renewals,
                });
            }
            peers.insert(*member, peer);
        }
        self.peers = peers;
        self.peers_as_of = seq;
    }
}
