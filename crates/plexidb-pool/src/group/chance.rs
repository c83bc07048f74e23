//! Chance that can be repeated: the SplitMix64 generator of Steele, Lea and Flood (OOPSLA 2014).
//!
//! Invariant: the same seed gives the same numbers. It spreads load and delays; it is not for secrets.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A source of numbers by chance.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded by chance: the keys of a new hasher differ each time.
    pub(crate) fn unseeded() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1, without it.
    pub(crate) fn share(&mut self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 up to the bound, without it; 0 where the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let number = (self.share() * bound as f64) as usize;
        number.min(bound.saturating_sub(1))
    }
}
