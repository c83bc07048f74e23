//! A primary with streaming replicas, each a private server of its own that a test may kill, stop and promote.
//! Invariant: a node ends when its own handle is dropped, or with the process; no node waits for another to end.

use std::iter;
use std::thread;

use anyhow::{Result, anyhow};

/// A primary and its replicas, named by what they were at the start. The fields may be moved out and dropped one by one.
#[derive(Debug)]
pub struct Cluster<N> {
    /// The server that took writes at the start.
    pub primary: N,
    /// The servers that followed it at the start.
    pub replicas: Vec<N>,
}

impl<N> Cluster<N> {
    /// All nodes, the first primary first.
    pub fn nodes(&self) -> impl Iterator<Item = &N> {
        iter::once(&self.primary).chain(&self.replicas)
    }
}

impl<N: Send + Sync> Cluster<N> {
    /// Adds `count` replicas to `primary`, all at the same time; `start` gets each one's number, from 2.
    pub(crate) fn around(
        primary: N,
        count: usize,
        start: impl Fn(&N, usize) -> Result<N> + Sync,
    ) -> Result<Self> {
        let replicas = thread::scope(|scope| {
            let (primary, start) = (&primary, &start);
            let starts: Vec<_> = (2..count + 2)
                .map(|number| scope.spawn(move || start(primary, number)))
                .collect();
            starts
                .into_iter()
                .map(|started| {
                    started
                        .join()
                        .map_err(|_| anyhow!("a thread that starts a replica panicked"))?
                })
                .collect::<Result<Vec<N>>>()
        })?;
        Ok(Self { primary, replicas })
    }
}
