//! The numbers that are written: each but once, later ones larger, and each tells which node wrote it.
//!
//! Invariant: numbers follow from the machine's clock, so that processes need not agree on them, nor remember any after a death.

use std::sync::atomic::{AtomicI64, Ordering};

use super::clock;

/// Low bits of a number: the node.
const NODE_BITS: u32 = 2;

/// Numbers of one process.
pub(super) struct Numbers {
    node: i64,
    last: AtomicI64,
}

impl Numbers {
    pub(super) fn new(node: usize) -> Self {
        Self {
            node: node as i64,
            last: AtomicI64::new(0),
        }
    }

    /// The next one.
    pub(super) fn next(&self) -> i64 {
        let by_clock = ((clock::now() / 1_000) << NODE_BITS) as i64;
        let mut next = 0;
        let _ = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| {
                next = by_clock.max(last + (1 << NODE_BITS));
                Some(next)
            });
        next | self.node
    }
}

/// The node that wrote a number.
pub(super) fn writer(number: i64) -> i64 {
    number & ((1 << NODE_BITS) - 1)
}
