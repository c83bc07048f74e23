//! The workloads that plexidb lives by: *chat* (a messenger's reads and writes) and *point* (one-row reads by key).
//!
//! Invariant: data and operations follow from a seed alone, the same on every machine and in every version of the
//! crates below. Must not know how a workload is measured or shown.

mod bulk;
pub mod chat;
pub mod point;
mod random;
mod zipf;

pub use random::Random;
pub use zipf::Zipf;
