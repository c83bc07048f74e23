//! How far an attempt to connect has come, told while it is under way.
//!
//! Invariant: it only tells; nothing waits for it or depends on it.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::ConnectPhase;

#[cfg(test)]
mod tests;

/// What a driver writes while it connects, and whoever waits for it reads: an attempt that is given up half-way can say
/// in which phase that was.
///
/// ```
/// # use plexidb_core::{ConnectPhase, ConnectProgress};
/// let progress = ConnectProgress::new();
/// assert_eq!(progress.phase(), None);
/// progress.enter(ConnectPhase::Tls);
/// assert_eq!(progress.phase(), Some(ConnectPhase::Tls));
/// ```
#[derive(Debug, Default)]
pub struct ConnectProgress {
    /// The phase's place in [`PHASES`] plus one; zero before the first.
    phase: AtomicU8,
}

const PHASES: [ConnectPhase; 5] = [
    ConnectPhase::Resolve,
    ConnectPhase::Dial,
    ConnectPhase::Tls,
    ConnectPhase::Auth,
    ConnectPhase::Setup,
];

impl ConnectProgress {
    /// An attempt that has not told anything yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: AtomicU8::new(0),
        }
    }

    /// Says that a phase begins. Phases may come again: a driver that may go without encryption dials twice.
    pub fn enter(&self, phase: ConnectPhase) {
        let place = PHASES.iter().position(|known| *known == phase);
        let number = place.and_then(|place| u8::try_from(place + 1).ok());
        self.phase.store(number.unwrap_or(0), Ordering::Relaxed);
    }

    /// The phase that began last. `None` where the driver has told nothing.
    #[must_use]
    pub fn phase(&self) -> Option<ConnectPhase> {
        let number = usize::from(self.phase.load(Ordering::Relaxed));
        PHASES.get(number.checked_sub(1)?).copied()
    }
}
