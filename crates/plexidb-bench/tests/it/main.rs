//! The checker of the cache's promise: a short clean run on each database, and each planted fault.

mod clean;
#[cfg(feature = "planted-faults")]
mod planted;
