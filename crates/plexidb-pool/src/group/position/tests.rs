//! A position covers what its server has for certain, and nothing else.

use super::*;

#[test]
fn a_position_covers_itself_and_what_was_before() {
    assert!(Position::new(7).covers(&Position::new(7)));
    assert!(Position::new(8).covers(&Position::new(7)));
    assert!(!Position::new(6).covers(&Position::new(7)));
}

#[test]
fn each_domain_must_be_covered() {
    let needed = Position::of_domains([(1, 10), (2, 20)]);
    assert!(Position::of_domains([(2, 25), (1, 10)]).covers(&needed));
    assert!(Position::of_domains([(2, 25), (1, 10), (3, 1)]).covers(&needed));
    assert!(!Position::of_domains([(1, 10), (2, 19)]).covers(&needed));
    assert!(!Position::of_domains([(1, 10)]).covers(&needed));
}

#[test]
fn of_a_domain_that_is_given_twice_the_larger_sequence_counts() {
    let position = Position::of_domains([(1, 3), (1, 9), (1, 5)]);
    assert!(position.covers(&Position::of_domains([(1, 9)])));
    assert!(!position.covers(&Position::of_domains([(1, 10)])));
}

#[test]
fn positions_of_two_timelines_do_not_compare() {
    let old = Position::new(7).on_timeline(1);
    assert!(Position::new(8).on_timeline(1).covers(&old));
    assert!(!Position::new(8).on_timeline(2).covers(&old));
    assert!(!Position::new(8).covers(&old));
    assert!(!old.covers(&Position::new(6)));
}
