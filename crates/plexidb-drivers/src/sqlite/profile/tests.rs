//! When a statement counts as quick, and which one makes room.

use std::time::Duration;

use super::{Kind, Profile, Profiles};

#[test]
fn a_statement_is_quick_after_quick_runs_and_not_after_a_slow_one() {
    let mut profile = Profile::new(Kind::Read);
    assert!(!profile.is_quick(), "the first run is not known to be quick");
    profile.record(Duration::from_micros(10));
    assert!(profile.is_quick());
    profile.record(Duration::from_millis(2));
    assert!(!profile.is_quick());
    for _ in 0..4 {
        profile.record(Duration::from_micros(10));
    }
    assert!(profile.is_quick(), "it may come back");
}

#[test]
fn the_statement_that_was_used_longest_ago_makes_room() {
    let mut profiles = Profiles::new(2);
    profiles.insert("a", Profile::new(Kind::Read));
    profiles.insert("b", Profile::new(Kind::Read));
    assert!(profiles.get_mut("a").is_some());
    profiles.insert("c", Profile::new(Kind::Read));
    assert!(profiles.get_mut("b").is_none());
    assert!(profiles.get_mut("a").is_some() && profiles.get_mut("c").is_some());
}

#[test]
fn there_is_room_for_the_running_statement_even_without_a_cache() {
    let mut profiles = Profiles::new(0);
    assert_eq!(
        profiles.insert("a", Profile::new(Kind::Insert)).kind,
        Kind::Insert
    );
    assert_eq!(profiles.insert("b", Profile::new(Kind::Read)).kind, Kind::Read);
}
