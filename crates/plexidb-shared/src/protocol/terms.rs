//! What all members of a record must agree on, and the state of the marker in the database.

use std::fmt;
use std::time::Duration;

/// The terms of a record. They are set when an epoch is opened; who has others is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Number of slots.
    pub slots: u32,
    /// The slot of the whole database: every cached result depends on it.
    pub whole: u32,
    /// Fingerprint of how slots are derived from tags (seed, version of the derivation).
    pub layout: u64,
    /// How long a renewal lets a member serve cached results, in the unit of the members' clocks (nanoseconds).
    pub lease: u64,
    /// How long a session whose write waits for clearance may idle before the database ends it, in the same unit.
    pub fence: u64,
    /// Whether a write waits until all members have acknowledged it.
    pub is_strict: bool,
    /// Whether a lease counts only while the marker in the database is closed.
    pub has_marker: bool,
}

impl fmt::Display for Terms {
    /// As users configure them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.is_strict { "strict" } else { "bounded" };
        let marker = if self.has_marker { "with" } else { "without" };
        write!(
            f,
            "{mode}, {:?}, {marker} marker",
            Duration::from_nanos(self.lease)
        )
    }
}

impl Terms {
    /// For how long others wait for a lease to be over: clocks of two machines may differ in speed by 5 %.
    #[must_use]
    pub fn lease_waited(&self) -> u64 {
        waited(self.lease)
    }

    /// For how long others wait for a fence to be over.
    #[must_use]
    pub fn fence_waited(&self) -> u64 {
        waited(self.fence)
    }
}

fn waited(time: u64) -> u64 {
    time.saturating_add(time / 20)
}

/// The row in the database that tells whether somebody writes without announcing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Marker {
    /// Counts openings and closings.
    pub generation: u64,
    /// Whether writes may go unannounced.
    pub is_open: bool,
}
