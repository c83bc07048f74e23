//! What the connections of a proxy share: the traffic, the reset signal, the count of bytes after which to reset.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::Traffic;

/// Shared state of one proxy; clones are the same state.
#[derive(Debug, Clone)]
pub(super) struct Control {
    traffic: Arc<watch::Sender<Traffic>>,
    resets: Arc<watch::Sender<u64>>,
    server_bytes_left: Arc<Mutex<Option<u64>>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

/// How much of a chunk may go on to the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    All,
    /// So many bytes, then a reset.
    Then(usize),
}

/// Counts a connection as open for as long as it lives.
pub(super) struct OpenGuard(Arc<AtomicUsize>);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Control {
    pub(super) fn new() -> Self {
        Self {
            traffic: Arc::new(watch::Sender::new(Traffic::Pass)),
            resets: Arc::new(watch::Sender::new(0)),
            server_bytes_left: Arc::default(),
            open: Arc::default(),
            accepted: Arc::default(),
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        *self.traffic.borrow()
    }

    pub(super) fn set_traffic(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// Waits until bytes may flow.
    pub(super) async fn flowing(&self) {
        // The sender is a part of `self`, so waiting can't fail.
        let _ = self
            .traffic
            .subscribe()
            .wait_for(|traffic| *traffic != Traffic::Hold)
            .await;
    }

    pub(super) fn reset_signal(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    pub(super) fn reset_all(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    pub(super) fn set_server_bytes_left(&self, bytes: u64) {
        *self
            .server_bytes_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// Takes `bytes` from the count of bytes left; the count is used up by the reset that it causes.
    pub(super) fn allow_server_bytes(&self, bytes: usize) -> Allowance {
        let mut left = self
            .server_bytes_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(count) = *left else { return Allowance::All };
        match usize::try_from(count) {
            Ok(count) if count < bytes => {
                *left = None;
                Allowance::Then(count)
            }
            _ => {
                *left = Some(count - bytes as u64);
                Allowance::All
            }
        }
    }

    pub(super) fn connection_opened(&self) -> OpenGuard {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
        OpenGuard(Arc::clone(&self.open))
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
