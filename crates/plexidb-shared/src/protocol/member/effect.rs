//! What a member wants done, as values.

use crate::protocol::intent::Intent;
use crate::protocol::name::{EpochId, IntentId, MemberId};

/// What holds slots of this process on behalf of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldId {
    /// A write of another member.
    Intent(IntentId),
    /// The epoch is not settled: results that are read now may miss writes that nobody knows any more.
    Unsettled,
    /// The record has another catalog.
    Outdated,
}

/// What is to be done, in the order in which it comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Hold slots, besides those that this hold has already.
    Raise {
        /// For whom.
        hold: HoldId,
        /// Which.
        slots: Vec<u32>,
    },
    /// End a hold: first each touched slot goes a version up, whether the hold has it or not, then the others are let go.
    End {
        /// Whose.
        hold: HoldId,
        /// The slots that were touched.
        touched: Vec<u32>,
    },
    /// Slots go one version up that nobody holds.
    Touch {
        /// Which.
        slots: Vec<u32>,
    },
    /// An own write has ended in the record: let its slots go.
    EndOwn {
        /// Which write.
        intent: IntentId,
    },
    /// Tell the others what has been applied, for a writer may be waiting for it.
    Acknowledge,
    /// Read the record anew, after a subscription stands.
    Rejoin,
    /// Open a new epoch and join it.
    Open {
        /// The epoch in whose place it comes.
        expected: Option<EpochId>,
    },
    /// Writes go unannounced although this member reaches the bus: close the marker, then open a new epoch.
    CloseMarker {
        /// The generation at which it was found open.
        generation: u64,
    },
    /// A member has not renewed for a lease.
    Expel {
        /// Who.
        member: MemberId,
        /// The counter of renewals at which it stands still.
        renewals: u64,
    },
    /// The writer is gone: end its session, make sure that it is gone, then end the intent with all its slots touched.
    Resolve(Intent),
    /// An intent of this member of which it knows nothing, as after a call that was late: end it, nothing was touched.
    EndUnknown(IntentId),
    /// Wait for the statements of other sessions that the server has now, then settle the epoch.
    Quiesce(EpochId),
    /// The record has another catalog: read it anew and declare it.
    ReadCatalog,
}
