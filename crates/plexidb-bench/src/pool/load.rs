//! Clients that call in a loop, and what they see of it.
//!
//! Invariant: a call's time begins when its client wants it, so that waiting for a connection is part of it.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::peers::Peer;

/// What clients saw.
pub(super) struct Load {
    /// Calls a second.
    pub(super) rate: f64,
    p50: Duration,
    p99: Duration,
}

impl Load {
    /// p99 by p50.
    pub(super) fn tail(&self) -> f64 {
        self.p99.as_secs_f64() / self.p50.as_secs_f64()
    }
}

/// Lets so many clients make this call, one after the other, for a time.
pub(super) async fn run<P, F>(
    pool: &P,
    clients: usize,
    duration: Duration,
    call: impl Fn(P) -> F + Copy + Send + 'static,
) -> Result<Load>
where
    P: Peer,
    F: Future<Output = Result<()>> + Send,
{
    let started = Instant::now();
    // The first fifth fills the queue and is not counted.
    let counted_from = started + duration / 5;
    let end = started + duration;
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let wanted = Instant::now();
                    if wanted >= end {
                        return anyhow::Ok(times);
                    }
                    call(pool.clone()).await?;
                    // By when they end, so that those which have waited since before count as well.
                    let ended = Instant::now();
                    if (counted_from..end).contains(&ended) {
                        times.push(ended.duration_since(wanted));
                    }
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let seconds = end.duration_since(counted_from).as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    Ok(Load {
        rate: times.len() as f64 / seconds,
        p50: at(0.5),
        p99: at(0.99),
    })
}

/// Makes so many quick calls at once.
pub(super) async fn at_once<P: Peer>(pool: &P, calls: usize) -> Result<()> {
    let tasks: Vec<_> = (0..calls).map(|_| tokio::spawn(P::quick(pool.clone()))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
