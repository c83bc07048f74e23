//! Which results are stored where there is not room for all: those that are worth what has to go for them.
//!
//! Invariant: it is asked under pressure alone, and changes what reads cost, never what they return. What is evicted is
//! the cache crate's choice; this looks at it and learns the price of memory. The decision is in
//! `docs/adr/0007-admission.md`.

use std::f64::consts::LN_2;

use crate::mean::Mean;
use crate::shim::{AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// The share of the newest victim in the price: some hundred victims are remembered.
const NEWEST: f64 = 1.0 / 64.0;
/// A result worth half the price of its memory is always admitted: times are measured, and vary by as much.
const LENIENCE: f64 = 2.0;
/// The golden ratio in 64 bits; steps by it visit all draws evenly.
const DRAW_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a result is worth and the memory that it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    /// The time that its hits are expected to save, in nanoseconds.
    pub(super) saved_ns: f64,
    pub(super) bytes: u64,
}

/// The price of memory, by what was evicted lately.
#[derive(Debug)]
pub(super) struct Admission {
    /// The worth of a victim.
    saved_ns: Mean,
    /// Its memory.
    bytes: Mean,
    draws: AtomicU64,
    /// The memory of the cache.
    capacity_bytes: u64,
}

impl Admission {
    pub(super) fn new(capacity_bytes: u64) -> Self {
        // Both means move alike, so that their quotient is right from the first victim on.
        Self {
            saved_ns: Mean::starting_at(0.0),
            bytes: Mean::starting_at(0.0),
            draws: AtomicU64::new(0),
            capacity_bytes,
        }
    }

    /// Whether the result is to be stored though others have to go.
    ///
    /// One that is worth less than the price of its memory is admitted with the probability that its worth bears to it. So
    /// it can be expected to drive out no more than it is worth (times [`LENIENCE`]), and what is asked for often gets its
    /// chance soon: each miss is a draw.
    pub(super) fn admits(&self, result: Worth) -> bool {
        let price_ns = self.price_ns() * result.bytes as f64;
        let worth_ns = result.saved_ns * LENIENCE;
        worth_ns >= price_ns || worth_ns > self.draw() * price_ns
    }

    /// Notes what was refused: memory for which nobody pays the price gets cheaper, by half for each time that it could have
    /// been filled. Else what was dear once, and is asked for no more, would never go.
    pub(super) fn note_refusal(&self, result: Worth) {
        let share = result.bytes as f64 / self.capacity_bytes as f64;
        self.saved_ns.move_to(0.0, (share * LN_2).min(1.0));
    }

    /// Notes what had to go.
    pub(super) fn note_victim(&self, victim: Worth) {
        self.saved_ns.move_to(victim.saved_ns, NEWEST);
        self.bytes.move_to(victim.bytes as f64, NEWEST);
    }

    /// What a byte that is cleared was worth, in nanoseconds; 0 before the first victim.
    fn price_ns(&self) -> f64 {
        let bytes = self.bytes.get();
        if bytes > 0.0 {
            self.saved_ns.get() / bytes
        } else {
            0.0
        }
    }

    /// A number from 0 to 1. Its order need not be secret: nobody gains by guessing it.
    fn draw(&self) -> f64 {
        let step = self.draws.fetch_add(DRAW_STEP, Ordering::Relaxed);
        // The steps alone would be in phase with loads that repeat themselves.
        let mixed = (step ^ (step >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 32)) as f64 / u64::MAX as f64
    }
}
