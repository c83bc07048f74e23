//! The courtesy of hits to other tasks of their thread.
//!
//! Invariant: a task that only hits gives its thread away after at most some thousand hits, which is a tenth of a millisecond.

use std::cell::Cell;

/// Hits for one unit of tokio's budget, of which a task has 128 until it has to give its thread away. To do that costs
/// some microseconds, by which a unit for each hit would make it dearer by a third.
const HITS_A_UNIT: u32 = 8;

/// Counts a hit that is about to be tried; tells whether a unit is to be taken from the budget of its task.
#[inline]
pub(super) fn is_unit_due() -> bool {
    thread_local! {
        static HITS: Cell<u32> = const { Cell::new(0) };
    }
    let hits = HITS.get().wrapping_add(1);
    HITS.set(hits);
    hits.is_multiple_of(HITS_A_UNIT)
}
