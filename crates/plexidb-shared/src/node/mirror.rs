//! The record's versions as this member knows them.

use crate::protocol::Versions;

/// One version a slot.
pub(super) struct Mirror(Box<[u64]>);

impl Mirror {
    pub(super) fn new(slots: u32) -> Self {
        Self(vec![0; slots as usize].into())
    }
}

impl Versions for Mirror {
    fn version(&self, slot: u32) -> u64 {
        self.0.get(slot as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, slot: u32, version: u64) {
        if let Some(known) = self.0.get_mut(slot as usize) {
            *known = version;
        }
    }
}
