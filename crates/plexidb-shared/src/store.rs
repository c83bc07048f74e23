//! Results outside the process: how they are written down and where they are kept.
//!
//! Invariant: bytes that come back are never trusted. What does not decode, was not written under our secret, answers another key
//! or was overtaken by a write is a miss and is counted; freshness is judged by the caller, from the entry's origin.

mod codec;
mod entry;
mod layout;
mod port;
mod seal;

pub use codec::{Codec, CodecConfig, NotStored, OpenedEntry, Unusable};
pub use entry::{EntryKey, KeyParts, Origin};
pub use layout::MalformedEntry;
pub use port::{L2Store, StoreError, StoreKey, StoreStatus, StoredEntry};
pub use seal::SecretError;
