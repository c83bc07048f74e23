//! A mark covers what its server has for certain, and nothing else.

use super::*;

#[test]
fn a_mark_covers_itself_and_what_was_before() {
    assert!(Mark::new(1, 7).covers(Mark::new(1, 7)));
    assert!(Mark::new(1, 8).covers(Mark::new(1, 7)));
    assert!(!Mark::new(1, 6).covers(Mark::new(1, 7)));
}

#[test]
fn marks_of_two_epochs_do_not_compare() {
    assert!(!Mark::new(2, 8).covers(Mark::new(1, 7)));
    assert!(!Mark::new(1, 8).covers(Mark::new(2, 7)));
}
