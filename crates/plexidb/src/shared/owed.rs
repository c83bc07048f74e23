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
    slots: Mutex<Slots>,
    whole: u32,
    changed: Notify,
}

#[derive(Default)]
struct Slots {
    owed: BTreeSet<u32>,
    /// Whether some are being told.
    are_paid: bool,
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

    /// Everything that is cached.
    pub(crate) fn add_whole(&self) {
        self.add(&[self.whole]);
    }

    pub(super) fn add(&self, touched: &[u32]) {
        if touched.is_empty() {
            return;
        }
        let mut slots = self.slots();
        slots.owed.extend(touched);
        if slots.owed.len() > SLOTS_MAX {
            slots.owed = [self.whole].into();
        }
        drop(slots);
        self.changed.notify_one();
    }

    /// Waits until there is something.
    pub(super) async fn wait(&self) {
        while self.slots().owed.is_empty() {
            self.changed.notified().await;
        }
    }

    /// Everything that is owed now. It stays owed until it is [paid](Self::paid).
    pub(super) fn pay(&self) -> Vec<u32> {
        let mut slots = self.slots();
        slots.are_paid = true;
        std::mem::take(&mut slots.owed).into_iter().collect()
    }

    /// Whether the others have been told of these.
    pub(super) fn paid(&self, told: bool, slots: &[u32]) {
        if !told {
            self.add(slots);
        }
        self.slots().are_paid = false;
    }

    /// Whether the record lacks something that this process has written: results that count by the record may be of before.
    pub(super) fn is_owing(&self) -> bool {
        let slots = self.slots();
        slots.are_paid || !slots.owed.is_empty()
    }

    /// Number of slots.
    pub(super) fn len(&self) -> usize {
        self.slots().owed.len()
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
