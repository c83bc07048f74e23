//! Whether a session may differ from a new one.
//!
//! Invariant: what is not known to leave the session as it was counts as altering it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::keyword::{Control, Kind};

/// Set once, shared by a session and its handle.
#[derive(Debug, Default)]
pub(super) struct Alteration {
    is_noted: AtomicBool,
}

impl Alteration {
    /// Notes a statement that is about to run. DDL counts: the table that it makes may be a temporary one.
    pub(super) fn note(&self, kind: Kind, sql: &str) {
        if kind == Kind::Other && Control::of(sql) == Control::Other {
            self.is_noted.store(true, Ordering::Release);
        }
    }

    pub(super) fn is_noted(&self) -> bool {
        self.is_noted.load(Ordering::Acquire)
    }
}
