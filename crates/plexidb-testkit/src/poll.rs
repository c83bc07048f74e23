//! Waiting for what a server does in its own time: a replica that catches up, a setting that comes into force.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Longest wait for one such event.
pub(crate) const EVENT_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two questions.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Asks until the answer is yes. An error of the question itself ends the wait at once.
pub(crate) fn until(event: &str, mut happened: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + EVENT_TIMEOUT;
    while !happened()? {
        if Instant::now() > deadline {
            bail!("not within {EVENT_TIMEOUT:?}: {event}");
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}
