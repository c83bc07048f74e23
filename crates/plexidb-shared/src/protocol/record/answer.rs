//! What calls of the record carry and answer.

use crate::protocol::intent::Intent;
use crate::protocol::message::{Message, SlotVersion};
use crate::protocol::name::{EpochId, Fingerprint, MemberId};
use crate::protocol::terms::Terms;

/// A member as the record knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberEntry {
    /// The number of its last renewal, or of its joining. The record numbers those of all members, so that none ever comes back:
    /// who left and joined again is not taken for one who stood still.
    pub renewals: u64,
    /// The number of the last message that it said to have applied.
    pub applied: u64,
}

/// How an epoch is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opening {
    /// Its name, drawn anew.
    pub epoch: EpochId,
    /// What its members agree on.
    pub terms: Terms,
    /// The generation of the marker in the database; 0 without a marker.
    pub generation: u64,
    /// The catalog as the opener knows it.
    pub fingerprint: Fingerprint,
}

/// Who joins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Joining {
    /// Who.
    pub member: MemberId,
    /// Its terms.
    pub terms: Terms,
    /// Its catalog.
    pub fingerprint: Fingerprint,
    /// The epoch in which it was.
    pub known: Option<EpochId>,
    /// Unfinished writes that it knows from there, its own included.
    pub intents: Vec<Intent>,
}

/// The answer of a call and what it published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Published<T> {
    /// The answer.
    pub answer: T,
    /// The messages, in the order of their numbers.
    pub messages: Vec<Message>,
}

/// The record as a member reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Joined {
    /// The epoch.
    pub epoch: EpochId,
    /// Whether members may serve and write.
    pub is_settled: bool,
    /// The generation of the marker for which it was opened.
    pub generation: u64,
    /// The number of the last message that is in what follows.
    pub seq: u64,
    /// The catalog.
    pub fingerprint: Fingerprint,
    /// The version of each slot.
    pub versions: Vec<u64>,
    /// Writes that have not ended.
    pub intents: Vec<Intent>,
    /// All members.
    pub members: Vec<(MemberId, MemberEntry)>,
}

/// The answer to a renewal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renewed {
    /// Whether members may serve and write.
    pub is_settled: bool,
    /// The generation of the marker for which the epoch was opened.
    pub generation: u64,
    /// The number of the last message.
    pub seq: u64,
    /// All members.
    pub members: Vec<(MemberId, MemberEntry)>,
}

/// The answer to an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Begun {
    /// The epoch in which it is announced.
    pub epoch: EpochId,
    /// The number that every member has to acknowledge.
    pub seq: u64,
    /// All members.
    pub members: Vec<(MemberId, MemberEntry)>,
}

/// The answer to the end of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// The epoch.
    pub epoch: EpochId,
    /// The versions of what it touched.
    pub versions: Vec<SlotVersion>,
}

/// The answer to a touch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Touched {
    /// The epoch.
    pub epoch: EpochId,
    /// The number that members will acknowledge.
    pub seq: u64,
    /// The versions of what was touched.
    pub versions: Vec<SlotVersion>,
    /// All members.
    pub members: Vec<(MemberId, MemberEntry)>,
}

/// Why the record did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is none, or another run of the server has written it.
    #[error("the shared record is gone: a member has to open a new epoch")]
    Gone,
    /// The record is in another epoch.
    #[error("the shared record is in another epoch: the member has to join it")]
    OtherEpoch(EpochId),
    /// The record knows less than the caller.
    #[error("the shared record lacks what this member has applied: a member has to open a new epoch")]
    Behind,
    /// The caller is not a member.
    #[error("this process is not a member of the shared record any more: it has to join again")]
    NotMember,
    /// Nobody may write before the epoch is settled.
    #[error("the epoch of the shared record is not settled yet")]
    Unsettled,
    /// The members agree on something else.
    #[error(
        "the processes of this namespace are configured otherwise ({0}): give all of them the same [redis] settings (coherence, lease or max_staleness, on_partition, secret) and the same version of plexidb, or another namespace"
    )]
    OtherTerms(Box<Terms>),
    /// There are too many members.
    #[error("the namespace has the most members that a record holds")]
    Full,
    /// A slot is out of range, or there are more than a message holds.
    #[error("a write names too many slots, or slots that the record does not have")]
    TooManySlots,
}
