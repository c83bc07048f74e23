//! Slots, stamps and the in-process result cache.
//!
//! Invariant: a value leaves this crate only if every slot that it depends on still holds the value that was
//! captured before its query was sent. Nothing here knows SQL or a driver, and no clock decides about freshness.

mod clock;
mod counters;
mod flights;
mod key;
mod l1;
mod mean;
mod shim;
mod slots;
mod stamp;
mod tally;

pub use clock::{Clock, MonotonicClock};
pub use counters::CacheStats;
pub use flights::{Boarded, Boarding, Flights, Follower, Landing, Leader};
pub use key::{Key, KeyBuffer, KeyRef};
pub use l1::{Fill, Hit, Inserted, L1, L1Config, Lookup};
pub use slots::{SlotArray, WriteHold};
pub use stamp::{Stamps, Watch};
pub use tally::Tally;
