//! Zipf's distribution: rank k of n with a probability proportional to 1/k^s.
//!
//! Drawn by rejection-inversion (Hörmann, Derflinger: Rejection-inversion to generate variates from monotone discrete
//! distributions, ACM TOMACS 6(3), 1996): no table, and 1.1 draws a sample at most for any n.

use crate::random::Random;

#[cfg(test)]
mod tests;

/// The distribution over ranks 1 to n.
#[derive(Clone, Debug)]
pub struct Zipf {
    ranks: f64,
    exponent: f64,
    /// The integral of the density at the left end, the first rank's own mass taken off.
    integral_first: f64,
    integral_last: f64,
    /// A sample this close to its rank is accepted at once.
    squeeze: f64,
}

impl Zipf {
    /// Over `ranks` ranks (at least 1) with an exponent above 0 and other than 1.
    #[must_use]
    pub fn new(ranks: u64, exponent: f64) -> Self {
        debug_assert!(ranks >= 1 && exponent > 0.0 && exponent != 1.0);
        let mut zipf = Self {
            ranks: ranks as f64,
            exponent,
            integral_first: 0.0,
            integral_last: 0.0,
            squeeze: 0.0,
        };
        zipf.integral_first = zipf.integral(1.5) - 1.0;
        zipf.integral_last = zipf.integral(zipf.ranks + 0.5);
        zipf.squeeze = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// A rank, from 1.
    pub fn sample(&self, random: &mut Random) -> u64 {
        loop {
            let area = self.integral_last + random.unit() * (self.integral_first - self.integral_last);
            let position = self.inverse(area);
            let rank = position.round().clamp(1.0, self.ranks);
            if rank - position <= self.squeeze || area >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    fn density(&self, position: f64) -> f64 {
        position.powf(-self.exponent)
    }

    /// The integral of the density from 1 to `position`.
    fn integral(&self, position: f64) -> f64 {
        let power = 1.0 - self.exponent;
        (power * position.ln()).exp_m1() / power
    }

    fn inverse(&self, area: f64) -> f64 {
        let power = 1.0 - self.exponent;
        ((power * area).ln_1p() / power).exp()
    }
}
