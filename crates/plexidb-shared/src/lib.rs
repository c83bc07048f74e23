//! The shared tier: several processes share the results of a database, and none serves a stale one.
//!
//! It knows the record that they share, the protocol that keeps their slots equal, and how results are written down. It
//! must not know SQL, drivers, pools or the cache in this process; the protocol is `docs/adr/0009-shared-tier.md`.

pub mod bus;
pub mod node;
pub mod protocol;
pub mod redis_connection;
pub mod store;
