//! Messages: in the order of their numbers, none left out.

use super::{Effect, HoldId, Member, PENDING_MAX, Versions};
use crate::protocol::intent::Intent;
use crate::protocol::message::{Change, Message, SlotVersion};
use crate::protocol::name::{Fingerprint, IntentId, MemberId};
use crate::protocol::record::Touched;

impl<V: Versions> Member<V> {
    /// A message came.
    pub fn received(&mut self, message: Message, effects: &mut Vec<Effect>) {
        if self.pending.len() >= PENDING_MAX {
            self.pending.clear();
            self.is_lost = true;
        }
        self.pending.insert((message.epoch, message.seq), message);
        if !self.is_lost {
            self.drain(effects);
        }
        if self.is_lost {
            effects.push(Effect::Rejoin);
        }
    }

    /// Applies what waits, as far as no number is missing.
    pub(super) fn drain(&mut self, effects: &mut Vec<Effect>) {
        let mut has_begun = false;
        while let Some((key, message)) = self.pending.pop_first() {
            let Some(epoch) = &mut self.epoch else { break };
            if epoch.id == message.epoch && message.seq <= epoch.applied {
                continue;
            }
            if epoch.id != message.epoch || message.seq != epoch.applied + 1 || self.is_lost {
                // Another epoch, or a message is missing: it may count after the record has been read anew.
                self.pending.insert(key, message);
                self.is_lost = true;
                break;
            }
            epoch.applied = message.seq;
            has_begun |= matches!(message.change, Change::Begun(_) | Change::Touched { .. });
            self.apply(message.seq, message.change, effects);
        }
        if has_begun {
            effects.push(Effect::Acknowledge);
        }
        self.grant();
    }

    fn apply(&mut self, seq: u64, change: Change, effects: &mut Vec<Effect>) {
        match change {
            Change::Begun(intent) => self.hold(intent, effects),
            Change::Ended { intent, versions } => self.end_hold(intent, &versions, effects),
            Change::Touched { versions } => {
                self.mirror(&versions);
                effects.push(Effect::Touch {
                    slots: slots_of(&versions),
                });
            }
            Change::Declared { fingerprint, version } => self.catalog_changed(fingerprint, version, effects),
            Change::Expelled { member } => self.member_left(seq, member, effects),
        }
    }

    /// Holds the slots of a write of somebody else.
    pub(super) fn hold(&mut self, intent: Intent, effects: &mut Vec<Effect>) {
        if intent.id.member == self.id {
            if !self.writes.contains_key(&intent.id) {
                effects.push(Effect::EndUnknown(intent.id));
            }
            return;
        }
        let known = self.intents.get(&intent.id);
        let is_held = |slot: &u32| known.is_some_and(|known| known.slots.contains(slot));
        let slots: Vec<u32> = intent
            .slots
            .iter()
            .filter(|slot| !is_held(slot))
            .copied()
            .collect();
        if !slots.is_empty() {
            effects.push(Effect::Raise {
                hold: HoldId::Intent(intent.id),
                slots,
            });
        }
        self.intents.insert(intent.id, intent);
    }

    /// The record has touched slots, as this member asked. The message comes as well, later.
    pub fn touched(&mut self, touched: &Touched, effects: &mut Vec<Effect>) {
        if self.epoch.as_ref().is_some_and(|epoch| epoch.id == touched.epoch) {
            self.mirror(&touched.versions);
            effects.push(Effect::Touch {
                slots: slots_of(&touched.versions),
            });
        }
    }

    fn end_hold(&mut self, id: IntentId, versions: &[SlotVersion], effects: &mut Vec<Effect>) {
        // Versions first: a result of another member is compared with them as soon as no word tells of a writer.
        self.mirror(versions);
        let touched = slots_of(versions);
        self.resolving.remove(&id);
        if self.intents.remove(&id).is_some() {
            effects.push(Effect::End {
                hold: HoldId::Intent(id),
                touched,
            });
        } else if id.member == self.id {
            self.ended_by_record(id, &touched, effects);
        } else {
            effects.push(Effect::Touch { slots: touched });
        }
    }

    fn catalog_changed(&mut self, fingerprint: Fingerprint, version: u64, effects: &mut Vec<Effect>) {
        let whole = self.terms.whole;
        if let Some(epoch) = &mut self.epoch {
            epoch.fingerprint = fingerprint;
        }
        for intent in self.intents.values_mut() {
            let is_held = intent.slots.contains(&whole);
            if intent.widen(fingerprint, whole) && !is_held {
                effects.push(Effect::Raise {
                    hold: HoldId::Intent(intent.id),
                    slots: vec![whole],
                });
            }
        }
        self.mirror(&[SlotVersion { slot: whole, version }]);
        effects.push(Effect::Touch { slots: vec![whole] });
        self.compare_catalogs(effects);
    }

    fn member_left(&mut self, seq: u64, member: MemberId, effects: &mut Vec<Effect>) {
        if member == self.id {
            self.granted_until = 0;
            self.answered = None;
            self.is_lost = true;
            return;
        }
        // An answer of later may know it as a member again.
        if self.peers_as_of < seq {
            self.peers.remove(&member);
        }
        self.waits_no_more_for(member, seq);
        self.resolve_orphans(effects);
    }

    /// Versions of one epoch only grow, so that a late answer cannot turn one back.
    pub(super) fn mirror(&mut self, versions: &[SlotVersion]) {
        for SlotVersion { slot, version } in versions {
            let known = self.versions.version(*slot);
            self.versions.set(*slot, known.max(*version));
        }
    }

    /// Writes whose member is one no more, and who thus cannot end them.
    pub(super) fn resolve_orphans(&mut self, effects: &mut Vec<Effect>) {
        let Some(epoch) = self.epoch.as_ref().filter(|epoch| epoch.is_settled) else {
            return;
        };
        let known_seq = self.peers_as_of.min(epoch.applied);
        let orphans = self
            .intents
            .values()
            .filter(|intent| intent.seq <= known_seq && !self.peers.contains_key(&intent.id.member));
        let orphans: Vec<Intent> = orphans
            .filter(|intent| !self.resolving.contains(&intent.id))
            .cloned()
            .collect();
        for intent in orphans {
            self.resolving.insert(intent.id);
            effects.push(Effect::Resolve(intent));
        }
    }
}

fn slots_of(versions: &[SlotVersion]) -> Vec<u32> {
    versions.iter().map(|version| version.slot).collect()
}
