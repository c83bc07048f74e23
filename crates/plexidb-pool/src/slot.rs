//! The right to have one connection out.
//!
//! Invariant: a slot is given back exactly once, when it is dropped, wherever the checkout or the lease that had it
//! has ended.

use std::sync::Arc;

use crate::pool::Shared;

pub(crate) struct Slot {
    pub(crate) pool: Arc<Shared>,
}

impl Slot {
    /// Takes over a permit of the pool's semaphore that its caller has forgotten.
    pub(crate) fn of_forgotten_permit(pool: Arc<Shared>) -> Self {
        Self { pool }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.slots.add_permits(1);
        // Permits and the closed flag are one word of the semaphore: either the closer sees the permit, or this sees
        // that it is closed.
        if self.pool.slots.is_closed() {
            self.pool.ended.notify_waiters();
        }
    }
}
