//! What the others have still to be told of: writes that were sent without an announcement.
//!
//! Invariant: a slot stays owed until the record has it one version up.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many slots are remembered; more are the whole database.
const SLOTS_MAX: usize = 1024;

/// Slots of which the others have to be told.
pub(crate) struct Owed {
    slots: Mutex<BTreeSet<u32>>,
    whole: u32,
    changed: Notify,
}

impl Owed {
    /// Nothing yet; `whole` is the slot of the whole database.
    pub(super) fn new(whole: u32) -> Self {
        Self {
            slots: Mutex::default(),
            whole,
            changed: Notify::new(),
        }
    }

    pub(super) fn add(&self, touched: &[u32]) {
        if touched.is_empty() {
            return;
        }
        let mut slots = self.slots();
        slots.extend(touched);
        if slots.len() > SLOTS_MAX {
            *slots = [self.whole].into();
        }
        drop(slots);
        self.changed.notify_one();
    }

    /// Waits until there is something.
    pub(super) async fn wait(&self) {
        while self.slots().is_empty() {
            self.changed.notified().await;
        }
    }

    /// Everything that is owed now. Whoever cannot tell the others gives it [back](Self::add).
    pub(super) fn take(&self) -> Vec<u32> {
        std::mem::take(&mut *self.slots()).into_iter().collect()
    }

    /// Number of slots.
    pub(super) fn len(&self) -> usize {
        self.slots().len()
    }

    fn slots(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
