//! An intent: a write that is announced and has not ended.

use super::name::{Fingerprint, IntentId};

/// The most slots that an intent or its end names: 16 KiB. Whoever has more names the slot of the whole database.
pub const SLOTS_MAX: usize = 4096;

/// A write that is announced and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Whose it is.
    pub id: IntentId,
    /// What it may touch, sorted and distinct, at most [`SLOTS_MAX`].
    pub slots: Vec<u32>,
    /// The server's number of the session that writes.
    pub session: u64,
    /// The catalog from which the slots were derived.
    pub fingerprint: Fingerprint,
    /// The number of the message that announced it; 0 before it is in the record.
    pub seq: u64,
    /// Whether its slots were derived from another catalog than the record's, so that it touches the whole database.
    pub is_widened: bool,
}

impl Intent {
    /// Adds the slot of the whole database where the record has another catalog. Whether that was news.
    pub(crate) fn widen(&mut self, fingerprint: Fingerprint, whole: u32) -> bool {
        if self.is_widened || self.fingerprint == fingerprint {
            return false;
        }
        self.is_widened = true;
        if let Err(position) = self.slots.binary_search(&whole) {
            self.slots.insert(position, whole);
        }
        true
    }
}
