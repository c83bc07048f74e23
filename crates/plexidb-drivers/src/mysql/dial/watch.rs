//! Tells where an attempt of the client library is, which makes a connection in one go.
//!
//! Invariant: only labels depend on it, and whether the host's next address is worth a try.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use plexidb_core::{ConnectPhase, ConnectProgress};

#[cfg(test)]
mod tests;

/// Notes that the attempt was woken, and wakes whoever waits for it.
struct Bell {
    has_rung: AtomicBool,
    waiter: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        let waiter = self.waiter.lock();
        waiter.unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

/// Runs an attempt to connect to one address, and enters the login once its socket is connected.
///
/// The attempt waits for its socket first and for the server's greeting next: if it goes on waiting once it was woken, the
/// socket is connected.
pub(super) async fn watch<T>(attempt: impl Future<Output = T>, progress: &ConnectProgress) -> T {
    progress.enter(ConnectPhase::Dial);
    let bell = Arc::new(Bell {
        has_rung: AtomicBool::new(false),
        waiter: Mutex::new(Waker::noop().clone()),
    });
    let waker = Waker::from(Arc::clone(&bell));
    let mut attempt = pin!(attempt);
    let mut is_connected = false;
    poll_fn(|cx| {
        if is_connected {
            return attempt.as_mut().poll(cx);
        }
        let waiter = bell.waiter.lock();
        waiter
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(cx.waker());
        let has_rung = bell.has_rung.load(Ordering::Acquire);
        let polled = attempt.as_mut().poll(&mut Context::from_waker(&waker));
        if has_rung && polled.is_pending() {
            is_connected = true;
            progress.enter(ConnectPhase::Auth);
        }
        polled
    })
    .await
}
