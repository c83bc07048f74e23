//! One member's part: what it knows of the record, what it must do about a message, an answer or the time.
//!
//! Invariant: effects are carried out in their order, all of them before the lease is made known to hits and before anything is
//! acknowledged. It must not know how calls travel; a call that is lost is asked again by whoever drives it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::intent::Intent;
use super::message::Message;
use super::name::{At, EpochId, Fingerprint, IntentId, MemberId};
use super::record::{Joining, Opening};
use super::terms::Terms;

mod apply;
mod effect;
mod entry;
mod renewal;
#[cfg(test)]
mod tests;
mod write;

pub use effect::{Effect, HoldId};
pub use renewal::Renewal;
pub use write::{Clearance, RefusedReason};

use renewal::{Answered, Peer};
use write::Write;

/// The most messages that wait for one that is missing; beyond them the record is read anew in any case.
const PENDING_MAX: usize = 4096;

/// The mirror of the record's versions.
pub trait Versions {
    /// The version of a slot; 0 for one that is out of range.
    fn version(&self, slot: u32) -> u64;
    /// Sets it.
    fn set(&mut self, slot: u32, version: u64);
}

impl Versions for Vec<u64> {
    fn version(&self, slot: u32) -> u64 {
        self.get(slot as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, slot: u32, version: u64) {
        if let Some(known) = self.get_mut(slot as usize) {
            *known = version;
        }
    }
}

/// What a member knows of the epoch that it has joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Epoch {
    id: EpochId,
    is_settled: bool,
    generation: u64,
    /// The number of the last message applied.
    applied: u64,
    /// When it was first seen, while it was not settled.
    seen_at: u64,
    /// Whether somebody was asked to look for statements that the server has not finished.
    is_quiescing: bool,
    /// The catalog of the record.
    fingerprint: Fingerprint,
}

/// One member's state. `V` is the mirror of the versions, which others may read at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member<V> {
    id: MemberId,
    terms: Terms,
    fingerprint: Fingerprint,
    versions: V,
    epoch: Option<Epoch>,
    /// Whether the record must be read anew before anything counts.
    is_lost: bool,
    /// Writes of others that are held here.
    intents: BTreeMap<IntentId, Intent>,
    /// Those of which somebody here is making sure that they are over.
    resolving: BTreeSet<IntentId>,
    /// Own writes.
    writes: BTreeMap<IntentId, Write>,
    writes_begun: u64,
    pending: BTreeMap<(EpochId, u64), Message>,
    /// A renewal of which not all messages have been applied.
    answered: Option<Answered>,
    granted_until: u64,
    peers: BTreeMap<MemberId, Peer>,
    /// The number of messages in the answer from which they are known.
    peers_as_of: u64,
    /// Holds of the whole database: the epoch is not settled; the catalog is outdated.
    holds_unsettled: bool,
    holds_outdated: bool,
}

impl<V: Versions> Member<V> {
    /// A member that knows nothing yet; its first step is to join.
    pub fn new(id: MemberId, terms: Terms, fingerprint: Fingerprint, versions: V) -> Self {
        Self {
            id,
            terms,
            fingerprint,
            versions,
            epoch: None,
            is_lost: true,
            intents: BTreeMap::new(),
            resolving: BTreeSet::new(),
            writes: BTreeMap::new(),
            writes_begun: 0,
            pending: BTreeMap::new(),
            answered: None,
            granted_until: 0,
            peers: BTreeMap::new(),
            peers_as_of: 0,
            holds_unsettled: false,
            holds_outdated: false,
        }
    }

    /// Its name.
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// The mirror.
    pub fn versions(&self) -> &V {
        &self.versions
    }

    /// Until when cached results may be served; 0 where they may not.
    pub fn granted_until(&self) -> u64 {
        self.granted_until
    }

    /// Whether the record has to be read anew (after a subscription stands) before anything counts.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// As of which state of the record it speaks; `None` before it has joined.
    pub fn at(&self) -> Option<At> {
        self.epoch.as_ref().map(|epoch| At {
            epoch: epoch.id,
            applied: epoch.applied,
        })
    }

    /// The epoch under which results may be exchanged with other members: the one that was joined, once it is settled.
    pub fn settled_epoch(&self) -> Option<EpochId> {
        self.epoch
            .as_ref()
            .filter(|epoch| epoch.is_settled && !self.holds_unsettled)
            .map(|epoch| epoch.id)
    }

    /// The catalog that was read last.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether the record has another catalog.
    pub fn is_outdated(&self) -> bool {
        self.holds_outdated
    }

    /// The other members as of the last renewal.
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// What it says when it joins.
    pub fn joining(&self) -> Joining {
        let own = self
            .writes
            .values()
            .filter(|write| write.is_sent())
            .map(|write| &write.intent);
        Joining {
            member: self.id,
            terms: self.terms,
            fingerprint: self.fingerprint,
            known: self.epoch.as_ref().map(|epoch| epoch.id),
            intents: self.intents.values().chain(own).cloned().collect(),
        }
    }

    /// How it opens the epoch of this name.
    pub fn opening(&self, epoch: EpochId, generation: u64) -> Opening {
        Opening {
            epoch,
            terms: self.terms,
            generation,
            fingerprint: self.fingerprint,
        }
    }

    /// The subscription was lost, and with it perhaps messages.
    pub fn lose(&mut self) {
        self.is_lost = true;
    }

    /// The catalog was read anew. While it is not the record's, nothing that is cached here counts; the caller has to
    /// [declare](super::Record::declare) it.
    pub fn read_catalog(&mut self, fingerprint: Fingerprint, effects: &mut Vec<Effect>) {
        self.fingerprint = fingerprint;
        self.compare_catalogs(effects);
    }

    /// Holds the whole database while its own catalog is not the record's: writes of others are planned on slots that it would
    /// not derive.
    fn compare_catalogs(&mut self, effects: &mut Vec<Effect>) {
        let is_outdated = self
            .epoch
            .as_ref()
            .is_some_and(|epoch| epoch.fingerprint != self.fingerprint);
        if is_outdated == self.holds_outdated {
            return;
        }
        self.holds_outdated = is_outdated;
        if is_outdated {
            effects.push(Effect::Raise {
                hold: HoldId::Outdated,
                slots: vec![self.terms.whole],
            });
            effects.push(Effect::ReadCatalog);
        } else {
            effects.push(self.end_whole(HoldId::Outdated));
        }
    }

    fn end_whole(&self, hold: HoldId) -> Effect {
        Effect::End {
            hold,
            touched: vec![self.terms.whole],
        }
    }
}
