//! What is told of reads that cannot have been, and of those that can.

use super::{Fate, Floor, Register, Wrong};

/// 10 was acknowledged at 20; 30 was begun at 40 and its outcome is unknown; 35 had no effect.
fn register() -> Register {
    let mut register = Register::default();
    for (number, begun, fate) in [
        (10, 10, Fate::Written),
        (30, 40, Fate::Unknown),
        (35, 45, Fate::Void),
    ] {
        register.begin(number, begun);
        register.end(number, fate);
    }
    register.raise(20, 10);
    register.sort();
    register
}

#[test]
fn what_was_acknowledged_before_a_read_began_is_the_least_that_it_shows() {
    let register = register();
    let floor = Floor { at: 20, number: 10 };
    assert_eq!(register.judge(0, 21, 30), Err(Wrong::Stale(floor)));
    assert_eq!(register.judge(10, 21, 30), Ok(()));
    // Side by side with the write either is right.
    assert_eq!(register.judge(0, 20, 30), Ok(()));
    assert_eq!(register.judge(10, 5, 12), Ok(()));
}

#[test]
fn what_was_read_is_not_taken_back() {
    let mut register = register();
    assert_eq!(register.judge(10, 60, 61), Ok(()));
    register.raise(50, 30);
    register.sort();
    let floor = Floor { at: 50, number: 30 };
    assert_eq!(register.judge(10, 60, 61), Err(Wrong::Stale(floor)));
    assert_eq!(register.judge(30, 60, 61), Ok(()));
}

#[test]
fn nothing_is_read_that_was_not_begun_or_had_no_effect() {
    let register = register();
    assert_eq!(register.judge(30, 30, 39), Err(Wrong::FromNowhere));
    assert_eq!(register.judge(30, 30, 41), Ok(()));
    assert_eq!(register.judge(31, 30, 99), Err(Wrong::FromNowhere));
    assert_eq!(register.judge(35, 46, 50), Err(Wrong::Failed));
}

#[test]
fn floors_count_in_the_order_of_time_in_whatever_order_they_come() {
    let mut register = Register::default();
    register.begin(5, 0);
    register.begin(7, 0);
    register.raise(30, 5);
    register.raise(10, 7);
    register.sort();
    let floor = Floor { at: 10, number: 7 };
    assert_eq!(register.judge(5, 31, 32), Err(Wrong::Stale(floor)));
    assert_eq!(register.judge(5, 9, 32), Ok(()));
}

#[test]
fn what_is_forgotten_stays_wrong() {
    let mut register = register();
    register.forget(1_000_000_000_000);
    let floor = Floor { at: 20, number: 10 };
    assert_eq!(register.judge(0, 21, 30), Err(Wrong::Stale(floor)));
    assert_eq!(register.judge(10, 21, 30), Ok(()));
}
