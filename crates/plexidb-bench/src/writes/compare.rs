//! Several sides in turns: the p50 of each round, and its ratio to that of the first side.

use std::time::Duration;

use anyhow::Result;

use super::Size;
use super::side::Side;
use super::statement::Statement;
use crate::paired::median;

/// The p50 of each round, of each side.
pub(super) struct Costs {
    rounds_ns: Vec<Vec<f64>>,
}

impl Costs {
    /// The median of the rounds' p50, in nanoseconds.
    pub(super) fn median_ns(&self, side: usize) -> f64 {
        median(self.rounds_ns.iter().map(|round| round[side]))
    }

    /// The median of the rounds' ratios of p50, by the first side's.
    pub(super) fn by_first(&self, side: usize) -> f64 {
        median(self.rounds_ns.iter().map(|round| round[side] / round[0]))
    }
}

/// Runs all sides in turns; another one begins each round.
pub(super) async fn compare(sides: &mut [Side], statement: Statement, size: Size) -> Result<Costs> {
    let mut rounds_ns = Vec::with_capacity(size.rounds);
    let mut number = 0;
    for round in 0..=size.rounds {
        let mut costs = vec![0.0; sides.len()];
        for turn in 0..sides.len() {
            let index = (turn + round) % sides.len();
            let mut calls = Vec::with_capacity(size.calls_per_round);
            for _ in 0..size.calls_per_round {
                calls.push(write(&mut sides[index], statement, number).await?);
                number += 1;
            }
            costs[index] = median(calls.iter().map(|took| took.as_nanos() as f64));
        }
        // The first round warms up.
        if round > 0 {
            rounds_ns.push(costs);
        }
    }
    Ok(Costs { rounds_ns })
}

async fn write(side: &mut Side, statement: Statement, number: i64) -> Result<Duration> {
    let values = statement.values(number);
    let values: Vec<_> = values.iter().map(plexidb::Value::as_ref).collect();
    side.write(statement, &values).await
}
