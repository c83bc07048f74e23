//! What members are told: changes of the record, numbered without a gap, and who has applied them.

use super::intent::Intent;
use super::name::{EpochId, Fingerprint, IntentId, MemberId};

/// A slot and its version in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotVersion {
    /// The slot.
    pub slot: u32,
    /// The writes that touched it and have ended in this epoch.
    pub version: u64,
}

/// One change of the record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The epoch in which it happened.
    pub epoch: EpochId,
    /// Its number in the epoch, from 1, without gaps.
    pub seq: u64,
    /// What happened.
    pub change: Change,
}

/// What happened to the record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A write is announced.
    Begun(Intent),
    /// A write has ended.
    Ended {
        /// Which.
        intent: IntentId,
        /// The slots that it touched, with their new versions; what else it held is let go.
        versions: Vec<SlotVersion>,
    },
    /// Slots were touched without a write.
    Touched {
        /// The slots, with their new versions.
        versions: Vec<SlotVersion>,
    },
    /// The catalog is another one: writes that were planned on the old one touch the whole database.
    Declared {
        /// The fingerprint of the catalog now.
        fingerprint: Fingerprint,
        /// The new version of the slot of the whole database.
        version: u64,
    },
    /// A member is one no more.
    Expelled {
        /// Who.
        member: MemberId,
    },
}

/// A member says what it has applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledgement {
    /// Who.
    pub member: MemberId,
    /// In which epoch.
    pub epoch: EpochId,
    /// The number of the last message that it has applied.
    pub applied: u64,
}
