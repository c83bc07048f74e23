//! How long to leave a server alone.
//!
//! Invariant: a server that fails again soon after it came back is left alone for longer each time, so that one which answers a probe
//! and nothing else costs ever less.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// A connection that held for this many times the last pause is taken for sound.
const SOUND_FACTOR: u32 = 8;

/// No server is left alone for longer, whatever the configuration says.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    last: Option<Duration>,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        let min = min.clamp(Duration::from_millis(1), PAUSE_MAX);
        Self {
            min,
            max: max.clamp(min, PAUSE_MAX),
            last: None,
        }
    }

    /// The pause after a failure; `held` is how long the connection had held, if it was up.
    pub(super) fn pause(&mut self, held: Option<Duration>) -> Duration {
        let was_sound = |last: Duration| held.is_some_and(|held| held >= last * SOUND_FACTOR);
        let pause = match self.last {
            Some(last) if !was_sound(last) => (last * 2).min(self.max),
            _ => self.min,
        };
        self.last = Some(pause);
        pause
    }
}
