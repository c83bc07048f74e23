//! What the connections of a proxy share: the flows, the signal to end, the counts of bytes after which to reset, and the
//! address of the server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Direction, Flow};

/// Shared state of one proxy; clones are the same state.
#[derive(Debug, Clone)]
pub(super) struct Control {
    flows: Arc<watch::Sender<PerDirection<Flow>>>,
    ends: Arc<watch::Sender<End>>,
    bytes_left: Arc<Mutex<PerDirection<Option<u64>>>>,
    upstream: Arc<Mutex<String>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

/// How all connections that are open now are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By RST.
    Reset,
    /// By FIN.
    Close,
}

/// One value for each direction.
#[derive(Debug, Clone, Copy)]
struct PerDirection<T> {
    to_server: T,
    to_client: T,
}

impl<T: Copy> PerDirection<T> {
    fn both(value: T) -> Self {
        Self {
            to_server: value,
            to_client: value,
        }
    }

    fn get(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn of(mut self, direction: Direction) -> T {
        *self.get(direction)
    }
}

/// How much of a chunk may go on.
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
    pub(super) fn new(upstream: String) -> Self {
        Self {
            flows: Arc::new(watch::Sender::new(PerDirection::both(Flow::Pass))),
            ends: Arc::new(watch::Sender::new(End::Close)),
            bytes_left: Arc::new(Mutex::new(PerDirection::both(None))),
            upstream: Arc::new(Mutex::new(upstream)),
            open: Arc::default(),
            accepted: Arc::default(),
        }
    }

    pub(super) fn flow(&self, direction: Direction) -> Flow {
        self.flows.borrow().of(direction)
    }

    pub(super) fn set_flow(&self, direction: Direction, flow: Flow) {
        self.flows.send_modify(|flows| *flows.get(direction) = flow);
    }

    pub(super) fn set_flows(&self, flow: Flow) {
        self.flows.send_replace(PerDirection::both(flow));
    }

    /// Waits until bytes may go that way.
    pub(super) async fn flowing(&self, direction: Direction) {
        self.flow_where(|flows| flows.of(direction) != Flow::Hold).await;
    }

    /// Waits until bytes may not go that way any more.
    pub(super) async fn held(&self, direction: Direction) {
        self.flow_where(|flows| flows.of(direction) == Flow::Hold).await;
    }

    async fn flow_where(&self, condition: impl Fn(&PerDirection<Flow>) -> bool) {
        // The sender is a part of `self`, so waiting can't fail.
        let _ = self.flows.subscribe().wait_for(|flows| condition(flows)).await;
    }

    pub(super) fn upstream(&self) -> String {
        lock(&self.upstream).clone()
    }

    pub(super) fn set_upstream(&self, upstream: String) {
        *lock(&self.upstream) = upstream;
    }

    pub(super) fn end_signal(&self) -> watch::Receiver<End> {
        self.ends.subscribe()
    }

    pub(super) fn end_all(&self, end: End) {
        self.ends.send_replace(end);
    }

    pub(super) fn set_bytes_left(&self, direction: Direction, bytes: u64) {
        *lock(&self.bytes_left).get(direction) = Some(bytes);
    }

    /// Takes `bytes` from the count of bytes left; the count is used up by the reset that it causes.
    pub(super) fn allow_bytes(&self, direction: Direction, bytes: usize) -> Allowance {
        let mut counts = lock(&self.bytes_left);
        let left = counts.get(direction);
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
