//! The record that members share and their part in it, as pure transitions: no clock, no network, no task.
//!
//! The code, the model checker and the bus in memory all run these transitions; time comes in as a value.

mod intent;
mod lease;
mod member;
mod message;
mod name;
mod record;
mod terms;

pub use intent::{Intent, SLOTS_MAX};
pub use lease::{Grant, LEASE_MARGIN_NS, Lease};
pub use member::{Clearance, Effect, HoldId, Member, RefusedReason, Renewal, Versions};
pub use message::{Acknowledgement, Change, Message, SlotVersion};
pub use name::{At, EpochId, Fingerprint, IntentId, MemberId, RunId};
pub use record::{
    Begun, Ended, Joined, Joining, MEMBERS_MAX, MemberEntry, Opening, Published, Record, Refusal, Renewed,
    Touched,
};
pub use terms::{Marker, Terms};
