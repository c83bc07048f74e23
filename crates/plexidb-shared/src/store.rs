//! Results outside the process: how they are written down and where they are kept.
//!
//! Invariant: bytes that come back are never trusted. What does not decode, was not written under our secret, answers another key
//! or was overtaken by a write is a miss and is counted; freshness is judged by the caller, from the entry's origin.

mod codec;
mod counters;
mod entry;
mod fills;
mod l2;
mod layout;
mod memory;
mod namespace;
mod port;
mod redis_store;
mod seal;

pub use codec::{Codec, CodecConfig, NotStored, OpenedEntry, Unusable};
pub use counters::L2Stats;
pub use entry::{EntryKey, KeyParts, Origin};
pub use l2::{Fill, L2, L2Config, L2ConfigError};
pub use layout::MalformedEntry;
pub use memory::MemoryStore;
pub use namespace::{MalformedNamespace, Namespace};
pub use port::{L2Store, StoreError, StoreKey, StoreStatus, StoredEntry};
pub use redis_store::RedisStore;
pub use seal::SecretError;
