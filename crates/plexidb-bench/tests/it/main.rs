//! The checkers: a short clean run on each database, a run of faults on servers that replicate, and each planted fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "tests are named after what they show")]

use tokio::sync::Mutex;

/// A planted fault is in the whole process: one run at a time.
static TURN: Mutex<()> = Mutex::const_new(());

mod chaos;
mod clean;
#[cfg(feature = "planted-faults")]
mod planted;
