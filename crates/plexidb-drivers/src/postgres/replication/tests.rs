//! Answers that no cluster of a test gives: log ends at page headers, other clocks, missing rights, nonsense.

use super::*;

type Row<'a> = &'a [Option<&'a str>];

fn state(rows: &[Row<'_>]) -> Result<ReplicationState, Unclear> {
    let row = |cells: &Row<'_>| vec![cells.iter().map(|cell| cell.map(str::to_owned)).collect()];
    assemble(TextResults::of(rows.iter().map(row).collect()))
}

const PRIMARY: Row<'_> = &[Some("f"), Some("off")];
const REPLICA: Row<'_> = &[Some("t"), Some("off")];

/// The log of a primary whose next record goes to that place.
fn inserting_at(lsn: u64) -> Option<String> {
    let lsn = lsn.to_string();
    let file = "0000000A0000000000000005";
    let log = [
        Some(&*lsn),
        Some(file),
        Some("8192"),
        Some("16777216"),
        None,
        None,
        None,
    ];
    let position = state(&[PRIMARY, &log, &[], &[None]]).unwrap().position;
    position.map(|position| position.to_string())
}

#[test]
fn a_primary_s_position_is_the_end_of_its_last_record() {
    let position = |lsn| inserting_at(lsn).unwrap();
    assert_eq!(position(0x500_0100), "wal:10@0/5000100");
    // Behind a page's header and a segment's, which nothing has been written after.
    assert_eq!(position(0x500_2018), "wal:10@0/5002000");
    assert_eq!(position(0x500_0028), "wal:10@0/5000000");
    // The same bytes, where they are no header's end.
    assert_eq!(position(0x500_2028), "wal:10@0/5002028");
}

/// A replica with these answers about its receiver and its control file.
fn replica(log: Row<'_>, receiver: Row<'_>, control: Row<'_>) -> ReplicationState {
    state(&[REPLICA, log, receiver, control]).unwrap()
}

const BEHIND: Row<'_> = &[
    None,
    None,
    Some("8192"),
    Some("16777216"),
    Some("256"),
    Some("f"),
    Some("1500000"),
];
const AHEAD_OF_THE_CLOCK: Row<'_> = &[None, None, None, None, Some("256"), Some("f"), Some("-1500000")];
const CAUGHT_UP: Row<'_> = &[
    None,
    None,
    Some("8192"),
    Some("16777216"),
    Some("256"),
    Some("t"),
    Some("1500000"),
];
const STREAMING: Row<'_> = &[Some("t"), Some("2")];

#[test]
fn a_replica_lags_by_its_last_commit_unless_it_has_all_and_streams() {
    let lag = |log, receiver| replica(log, receiver, &[Some("1")]).replay_lag;
    assert_eq!(lag(CAUGHT_UP, STREAMING), Some(Duration::ZERO));
    assert_eq!(lag(BEHIND, STREAMING), Some(Duration::from_millis(1500)));
    assert_eq!(
        lag(CAUGHT_UP, &[Some("f"), None]),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(lag(AHEAD_OF_THE_CLOCK, STREAMING), Some(Duration::ZERO));
    assert_eq!(lag(&[None; 7], STREAMING), None);
}

#[test]
fn a_replica_s_timeline_is_its_receiver_s_or_else_its_control_file_s() {
    let position = |receiver, control| {
        let position = replica(CAUGHT_UP, receiver, control).position;
        position.map(|position| position.to_string())
    };
    assert_eq!(position(STREAMING, &[Some("1")]).unwrap(), "wal:2@0/100");
    assert_eq!(position(&[Some("t"), None], &[Some("1")]).unwrap(), "wal:1@0/100");
    assert_eq!(position(&[Some("t"), None], &[Some("0")]), None);
    assert_eq!(position(&[], &[]), None);
}

#[test]
fn what_was_answered_before_a_refusal_counts() {
    let state = state(&[&[Some("f"), Some("on")]]).unwrap();
    assert_eq!(state, ReplicationState::of_single(true));
    let error = |sqlstate: &str| {
        DriverError::from(Box::new(plexidb_core::SqlError {
            sqlstate: Some(sqlstate.to_owned()),
            ..Default::default()
        }))
    };
    assert!(is_refusal(&error("42501")));
    assert!(!is_refusal(&error("25P02")));
}

#[test]
fn nonsense_is_an_error() {
    assert_eq!(state(&[]), Err(Unclear));
    assert_eq!(state(&[&[None, None]]), Err(Unclear));
    assert_eq!(state(&[PRIMARY, &[Some("x"), Some("0000000100")]]), Err(Unclear));
    assert_eq!(state(&[PRIMARY, &[Some("1"), Some("1")]]), Err(Unclear));
    assert_eq!(state(&[PRIMARY, &[Some("1"), Some("zzzzzzzz")]]), Err(Unclear));
    assert_eq!(state(&[REPLICA, BEHIND, &[Some("t"), Some("one")]]), Err(Unclear));
}
