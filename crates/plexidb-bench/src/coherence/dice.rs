//! Choices that follow from a seed.

use plexidb_workloads::Random;

/// Dice of one operation.
#[derive(Clone)]
pub(crate) struct Dice(Random);

impl Dice {
    /// Those of one item of one stream of a seed.
    pub(crate) fn at(seed: u64, stream: u64, item: u64) -> Self {
        Self(Random::at(seed, stream, item))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound.max(1))
    }

    /// A number of a domain.
    pub(crate) fn number(&mut self, bound: i64) -> i64 {
        self.below(bound.unsigned_abs()) as i64
    }

    /// A number of a domain, the smaller the likelier, so that some keys are read and written often.
    pub(crate) fn skewed(&mut self, bound: i64) -> i64 {
        let bound = self.number(bound) + 1;
        self.number(bound)
    }

    /// Whether a thing happens that happens so often in a thousand.
    pub(crate) fn per_mille(&mut self, often: u64) -> bool {
        self.below(1_000) < often
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}
