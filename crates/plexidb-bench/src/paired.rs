//! Two ways to do the same, measured in turns, so that the machine's drift meets both.

use std::time::Instant;

use anyhow::Result;

use crate::Effort;

/// One way to answer a point read.
pub(crate) trait Way {
    /// Reads the row of this id and looks at its columns.
    fn read(&mut self, id: i64) -> impl Future<Output = Result<()>> + Send;
}

/// Ids of rows, each once, in an order that no cache expects.
pub(crate) struct Ids {
    next: i64,
    rows: i64,
}

impl Ids {
    /// A prime that divides no number of rows used here: stepping by it visits every row before any comes twice.
    const STEP: i64 = 7_919;

    pub(crate) fn of(rows: i64) -> Self {
        Self { next: 0, rows }
    }

    fn take(&mut self, count: usize) -> Vec<i64> {
        (0..count)
            .map(|_| {
                self.next = (self.next + Self::STEP) % self.rows;
                self.next
            })
            .collect()
    }
}

/// The median cost of a call of each side.
pub(crate) struct Comparison {
    /// Nanoseconds of a call of the left side.
    pub(crate) left_ns: f64,
    /// Nanoseconds of a call of the right side.
    pub(crate) right_ns: f64,
    /// Median of the rounds' ratios, left by right.
    pub(crate) ratio: f64,
}

/// Runs both sides in turns with the same ids; which goes first alternates.
pub(crate) async fn compare<L: Way, R: Way>(
    left: &mut L,
    right: &mut R,
    ids: &mut Ids,
    effort: Effort,
) -> Result<Comparison> {
    let mut costs = Vec::with_capacity(effort.rounds);
    for round in 0..=effort.rounds {
        let ids = ids.take(effort.calls_per_round);
        let (left_ns, right_ns);
        if round % 2 == 0 {
            left_ns = call_ns(left, &ids).await?;
            right_ns = call_ns(right, &ids).await?;
        } else {
            right_ns = call_ns(right, &ids).await?;
            left_ns = call_ns(left, &ids).await?;
        }
        // The first round warms up.
        if round > 0 {
            costs.push((left_ns, right_ns));
        }
    }
    Ok(Comparison::of(&costs))
}

/// Like [`compare`], with as many tasks at a time on each side as there are ways: the cost of a call is the time of the
/// round by the calls of all tasks.
pub(crate) async fn compare_at_once<L: Way + Send + 'static, R: Way + Send + 'static>(
    mut left: Vec<L>,
    mut right: Vec<R>,
    ids: &mut Ids,
    effort: Effort,
) -> Result<Comparison> {
    let mut costs = Vec::with_capacity(effort.rounds);
    for round in 0..=effort.rounds {
        let ids = ids.take(effort.calls_per_round);
        let (left_ns, right_ns);
        if round % 2 == 0 {
            (left, left_ns) = call_at_once_ns(left, &ids).await?;
            (right, right_ns) = call_at_once_ns(right, &ids).await?;
        } else {
            (right, right_ns) = call_at_once_ns(right, &ids).await?;
            (left, left_ns) = call_at_once_ns(left, &ids).await?;
        }
        if round > 0 {
            costs.push((left_ns, right_ns));
        }
    }
    Ok(Comparison::of(&costs))
}

impl Comparison {
    fn of(costs: &[(f64, f64)]) -> Self {
        Self {
            left_ns: median(costs.iter().map(|cost| cost.0)),
            right_ns: median(costs.iter().map(|cost| cost.1)),
            ratio: median(costs.iter().map(|cost| cost.0 / cost.1)),
        }
    }
}

async fn call_ns<W: Way>(way: &mut W, ids: &[i64]) -> Result<f64> {
    let started = Instant::now();
    for id in ids {
        way.read(*id).await?;
    }
    Ok(started.elapsed().as_nanos() as f64 / ids.len() as f64)
}

/// Deals the ids out to the ways and gives the ways back.
async fn call_at_once_ns<W: Way + Send + 'static>(ways: Vec<W>, ids: &[i64]) -> Result<(Vec<W>, f64)> {
    let share = ids.len().div_ceil(ways.len());
    let started = Instant::now();
    let tasks: Vec<_> = ways
        .into_iter()
        .zip(ids.chunks(share).map(<[i64]>::to_vec))
        .map(|(mut way, ids)| {
            tokio::spawn(async move {
                for id in ids {
                    way.read(id).await?;
                }
                anyhow::Ok(way)
            })
        })
        .collect();
    let mut ways = Vec::with_capacity(tasks.len());
    for task in tasks {
        ways.push(task.await??);
    }
    Ok((ways, started.elapsed().as_nanos() as f64 / ids.len() as f64))
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
