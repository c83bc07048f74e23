//! Ctrl-C and timeouts: what ends the wait for a statement early.
//!
//! Invariant: a future that is given up is dropped, and that cancels its statement.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::failure::Failure;

/// Why a wait was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupted,
    TimedOut(Duration),
}

/// Waits for one statement, until Ctrl-C or its time is over.
pub(super) struct Patience {
    pressed: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>,
    deadline: Option<(Instant, Duration)>,
}

impl Patience {
    /// The time begins now.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            pressed: Box::pin(tokio::signal::ctrl_c()),
            deadline: timeout.and_then(|timeout| Some((now.checked_add(timeout)?, timeout))),
        }
    }

    /// The future's value, unless the wait ends before.
    pub(super) async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Stop> {
        let deadline = self.deadline;
        let expiry = async move {
            match deadline {
                Some((deadline, timeout)) => {
                    tokio::time::sleep_until(deadline).await;
                    timeout
                }
                None => std::future::pending().await,
            }
        };
        let pressed = async {
            if self.pressed.as_mut().await.is_err() {
                // Without a handler Ctrl-C ends the program as a whole.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = pressed => Err(Stop::Interrupted),
            timeout = expiry => Err(Stop::TimedOut(timeout)),
            value = future => Ok(value),
        }
    }
}

impl Stop {
    /// The failure to tell, with what became of an open transaction.
    pub(super) fn into_failure(self, was_rolled_back: bool) -> Failure {
        match self {
            Self::Interrupted => Failure::Interrupted { was_rolled_back },
            Self::TimedOut(after) => Failure::TimedOut {
                after,
                was_rolled_back,
            },
        }
    }
}
