//! Names that no other test of this machine uses, as databases of a shared server need them.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A lower-case identifier that is unique across processes and runs.
pub(crate) fn name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    // The clock tells apart two processes that have had the same id one after the other.
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    format!("test_{}_{counter}_{millis}", process::id())
}
