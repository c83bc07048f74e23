//! Joining: the record is read anew, in the epoch that is known or in another one.

use std::collections::BTreeSet;
use std::mem;

use super::renewal::Peer;
use super::{Effect, Epoch, HoldId, Member, Versions};
use crate::protocol::message::SlotVersion;
use crate::protocol::name::IntentId;
use crate::protocol::record::Joined;

impl<V: Versions> Member<V> {
    /// The record was read, at a time after the subscription stood.
    pub fn joined(&mut self, joined: Joined, now: u64, effects: &mut Vec<Effect>) {
        let known = self.epoch.take();
        let same = known.filter(|epoch| epoch.id == joined.epoch);
        if same.as_ref().is_some_and(|epoch| epoch.applied > joined.seq) {
            // An answer from before what has been applied since; another one is on its way.
            self.epoch = same;
            return;
        }
        self.is_lost = false;
        self.answered = None;
        let registered: BTreeSet<IntentId> = joined.intents.iter().map(|intent| intent.id).collect();
        let vanished: Vec<IntentId> = self
            .intents
            .keys()
            .filter(|id| !registered.contains(id))
            .copied()
            .collect();
        match &same {
            Some(_) => {
                self.writes_vanished(&registered);
                self.catch_up(&joined, &vanished, effects);
            }
            None => self.start_anew(&joined, &vanished, effects),
        }
        self.epoch = Some(Epoch {
            id: joined.epoch,
            is_settled: joined.is_settled,
            generation: joined.generation,
            applied: joined.seq,
            seen_at: same.as_ref().map_or(now, |epoch| epoch.seen_at),
            is_quiescing: same.is_some_and(|epoch| epoch.is_quiescing),
            fingerprint: joined.fingerprint,
        });
        self.peers_as_of = joined.seq;
        self.peers = joined
            .members
            .iter()
            .filter(|(member, _)| *member != self.id)
            .map(|(member, entry)| {
                (
                    *member,
                    Peer {
                        renewals: entry.renewals,
                        since: now,
                    },
                )
            })
            .collect();
        for (member, entry) in &joined.members {
            self.has_applied(*member, joined.epoch, entry.applied);
        }
        self.compare_catalogs(effects);
        if joined.is_settled {
            self.settled(effects);
        }
        self.pending
            .retain(|(epoch, seq), _| *epoch == joined.epoch && *seq > joined.seq);
        effects.push(Effect::Acknowledge);
        self.drain(effects);
        if self.is_lost {
            effects.push(Effect::Rejoin);
        }
        self.resolve_orphans(effects);
    }

    /// Messages were lost: what they would have said is told from what the record holds now. A write whose begin and end were
    /// both lost has left nothing but the versions of its slots.
    fn catch_up(&mut self, joined: &Joined, vanished: &[IntentId], effects: &mut Vec<Effect>) {
        self.hold_all(joined, effects);
        let mut changed = Vec::new();
        for (slot, version) in (0..).zip(&joined.versions) {
            if self.versions.version(slot) != *version {
                changed.push(SlotVersion {
                    slot,
                    version: *version,
                });
            }
        }
        self.mirror(&changed);
        if !changed.is_empty() {
            effects.push(Effect::Touch {
                slots: changed.iter().map(|version| version.slot).collect(),
            });
        }
        self.drop_holds(vanished, effects);
    }

    /// Another epoch: nothing that was cached counts any more, nor does what is read before it is settled.
    fn start_anew(&mut self, joined: &Joined, vanished: &[IntentId], effects: &mut Vec<Effect>) {
        self.granted_until = 0;
        if !mem::replace(&mut self.holds_unsettled, true) {
            effects.push(Effect::Raise {
                hold: HoldId::Unsettled,
                slots: vec![self.terms.whole],
            });
        }
        self.hold_all(joined, effects);
        for (slot, version) in (0..).zip(&joined.versions) {
            self.versions.set(slot, *version);
        }
        self.drop_holds(vanished, effects);
    }

    fn hold_all(&mut self, joined: &Joined, effects: &mut Vec<Effect>) {
        for intent in &joined.intents {
            self.hold(intent.clone(), effects);
        }
    }

    fn drop_holds(&mut self, vanished: &[IntentId], effects: &mut Vec<Effect>) {
        for id in vanished {
            self.resolving.remove(id);
            if let Some(intent) = self.intents.remove(id) {
                effects.push(Effect::End {
                    hold: HoldId::Intent(*id),
                    touched: intent.slots,
                });
            }
        }
    }

    /// The epoch is settled: what is read from now on counts, once there is a lease.
    pub(super) fn settled(&mut self, effects: &mut Vec<Effect>) {
        if let Some(epoch) = &mut self.epoch {
            epoch.is_settled = true;
            epoch.is_quiescing = false;
        }
        if mem::take(&mut self.holds_unsettled) {
            effects.push(self.end_whole(HoldId::Unsettled));
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: u64, effects: &mut Vec<Effect>) {
        let wait = self
            .terms
            .lease_waited()
            .saturating_add(self.terms.fence_waited());
        if let Some(epoch) = &mut self.epoch
            && !epoch.is_settled
            && !epoch.is_quiescing
            && now >= epoch.seen_at.saturating_add(wait)
        {
            epoch.is_quiescing = true;
            effects.push(Effect::Quiesce(epoch.id));
        }
    }

    /// The epoch could not be settled: it is tried again.
    pub fn not_quiesced(&mut self) {
        if let Some(epoch) = &mut self.epoch {
            epoch.is_quiescing = false;
        }
    }
}
