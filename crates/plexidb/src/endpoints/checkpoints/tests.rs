//! A replica counts as fresh only for what it is known to have replayed, and strict reads never go back.

use plexidb_core::Position;
use tokio::time::Instant;

use super::{Asked, Checkpoints, KEPT_MAX};

fn at(lsn: u64) -> Position {
    Position::from_wal_bytes(1, lsn)
}

fn asked(epoch: u64, acknowledged: u64) -> Asked {
    Asked {
        epoch,
        acknowledged,
        at: Instant::now(),
    }
}

#[test]
fn a_replica_must_have_replayed_what_the_read_depends_on() {
    let checkpoints = Checkpoints::new(2);
    assert_eq!(checkpoints.needed(0), None, "nothing is known yet");
    checkpoints.add(asked(0, 3), at(100));
    checkpoints.add(asked(0, 5), at(200));
    let (old, new) = (checkpoints.needed(3).unwrap(), checkpoints.needed(4).unwrap());
    assert_eq!(checkpoints.needed(6), None, "the primary was not asked since");
    assert!(!checkpoints.has_reached(1, old));
    assert!(!checkpoints.reach(1, 0, Some(&at(199))).unwrap().is_newest);
    assert!(checkpoints.has_reached(1, old) && !checkpoints.has_reached(1, new));
    assert!(checkpoints.reach(1, 0, Some(&at(200))).unwrap().is_newest);
    assert!(checkpoints.has_reached(1, new));
    assert_eq!(checkpoints.reach(1, 0, None), None);
    assert!(
        !checkpoints.has_reached(1, old),
        "what is not known any more does not count"
    );
}

#[test]
fn strict_reads_do_not_go_back() {
    let checkpoints = Checkpoints::new(3);
    checkpoints.add(asked(0, 0), at(100));
    checkpoints.add(asked(0, 0), at(200));
    checkpoints.reach(1, 0, Some(&at(100)));
    checkpoints.reach(2, 0, Some(&at(200)));
    assert!(checkpoints.has_reached(1, checkpoints.needed(0).unwrap()));
    checkpoints.read_from(2);
    let needed = checkpoints.needed(0).unwrap();
    assert!(!checkpoints.has_reached(1, needed) && checkpoints.has_reached(2, needed));
    checkpoints.add(asked(0, 0), at(300));
    assert!(checkpoints.has_reached(2, checkpoints.needed(0).unwrap()));
    checkpoints.read_from_primary();
    assert!(!checkpoints.has_reached(2, checkpoints.needed(0).unwrap()));
}

#[test]
fn while_nothing_is_written_a_replica_stays_fresh() {
    let checkpoints = Checkpoints::new(2);
    checkpoints.add(asked(0, 1), at(100));
    checkpoints.reach(1, 0, Some(&at(100)));
    checkpoints.add(asked(0, 2), at(100));
    checkpoints.read_from_primary();
    assert!(checkpoints.has_reached(1, checkpoints.needed(2).unwrap()));
}

#[test]
fn after_a_takeover_nothing_of_before_counts() {
    let checkpoints = Checkpoints::new(2);
    checkpoints.add(asked(0, 1), at(100));
    checkpoints.reach(1, 0, Some(&at(100)));
    let before = checkpoints.needed(1).unwrap();
    checkpoints.begin_epoch(1);
    assert!(!checkpoints.has_reached(1, before));
    assert_eq!(checkpoints.needed(0), None);
    // Answers to questions of before come late.
    checkpoints.add(asked(0, 1), at(500));
    assert_eq!(checkpoints.needed(0), None);
    checkpoints.add(asked(1, 1), at(90));
    assert_eq!(checkpoints.reach(1, 0, Some(&at(100))), None);
    assert!(checkpoints.reach(1, 1, Some(&at(90))).is_some());
    assert!(checkpoints.has_reached(1, checkpoints.needed(1).unwrap()));
}

#[test]
fn a_position_shows_what_is_needed_by_itself() {
    let checkpoints = Checkpoints::new(2);
    checkpoints.add(asked(0, 1), at(100));
    checkpoints.add(asked(0, 2), at(200));
    let needed = checkpoints.needed(2).unwrap();
    assert!(checkpoints.is_covered(needed, &at(200)));
    assert!(!checkpoints.is_covered(needed, &at(199)));
    checkpoints.begin_epoch(1);
    assert!(!checkpoints.is_covered(needed, &at(300)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let checkpoints = Checkpoints::new(2);
    for number in 0..=KEPT_MAX as u64 {
        checkpoints.add(asked(0, number), at(number + 1));
    }
    assert_eq!(checkpoints.reach(1, 0, Some(&at(1))), None);
    assert!(checkpoints.reach(1, 0, Some(&at(2))).is_some());
}
