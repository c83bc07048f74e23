//! Several sides of calls over the network, measured in turns: the p50 of each side in each round.
//!
//! Invariant: another side begins each round, and the first round is not counted.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Size;
use crate::paired::median;

/// One way to do what is compared.
pub(super) trait Call {
    /// Makes the call of this number.
    fn call(&mut self, number: usize) -> impl Future<Output = Result<()>> + Send;
}

/// The p50 of each round, of each side.
pub(super) struct Costs {
    rounds_ns: Vec<Vec<f64>>,
}

impl Costs {
    /// The median of the rounds' p50, in microseconds.
    pub(super) fn p50_us(&self, side: usize) -> f64 {
        median(self.rounds_ns.iter().map(|round| round[side])) / 1e3
    }

    /// The median of the rounds' ratios of p50, by another side's.
    pub(super) fn by(&self, side: usize, other: usize) -> f64 {
        median(self.rounds_ns.iter().map(|round| round[side] / round[other]))
    }
}

pub(super) async fn compare<C: Call>(sides: &mut [C], size: Size) -> Result<Costs> {
    let mut rounds_ns = Vec::with_capacity(size.call_rounds);
    for round in 0..=size.call_rounds {
        let mut costs = vec![0.0; sides.len()];
        for turn in 0..sides.len() {
            let index = (turn + round) % sides.len();
            let mut calls = Vec::with_capacity(size.calls_per_round);
            for number in 0..size.calls_per_round {
                let begun = Instant::now();
                sides[index].call(round * size.calls_per_round + number).await?;
                calls.push(begun.elapsed());
            }
            costs[index] = median(calls.iter().map(nanos));
        }
        if round > 0 {
            rounds_ns.push(costs);
        }
    }
    Ok(Costs { rounds_ns })
}

fn nanos(took: &Duration) -> f64 {
    took.as_nanos() as f64
}
