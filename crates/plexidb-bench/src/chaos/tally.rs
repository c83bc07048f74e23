//! What was done, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counters that all workers share.
        #[derive(Default)]
        pub(super) struct Tally {
            $($(#[$doc])* pub(super) $name: AtomicU64,)+
        }

        /// The counters at the end.
        #[derive(Clone, Debug, Default, Serialize)]
        pub(super) struct Counts {
            $($(#[$doc])* pub(super) $name: u64,)+
        }

        impl Tally {
            pub(super) fn counts(&self) -> Counts {
                Counts { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }
    };
}

counts! {
    /// Reads whose rows were checked.
    reads,
    /// Of those, by the cache.
    hits,
    /// Of those, by a replica.
    of_replicas,
    reads_failed,
    /// Futures of reads that were dropped.
    reads_dropped,
    /// Statements that were cancelled since they took too long.
    cancelled,
    /// Streams that were left half-way.
    streams,
    writes,
    writes_failed,
    /// Writes whose outcome plexidb told to be unknown.
    writes_unknown,
    /// Futures of writes that were dropped.
    writes_dropped,
    /// Faults.
    episodes,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
