//! What is chosen after which reads.

use std::time::Duration;

use plexidb_core::{Facet, Place, Tag};

use super::{HitsNoted, Interest, MEMORY_SECONDS, Mark};
use crate::learning::KeyLearning;

const MISS: Duration = Duration::from_micros(100);

fn tag(column: &str) -> Tag {
    Place::table("public", "messages")
        .key(&["channel_id"])
        .unknown()
        .tag(Facet::column(column))
}

#[test]
fn nothing_is_learnt_for_nobody() {
    let interest = Interest::default();
    assert_eq!(interest.choose(&[tag("body")]), KeyLearning::Never);
    interest.note_miss([tag("title")], 1_000_000, MISS);
    assert_eq!(
        interest.choose(&[tag("body")]),
        KeyLearning::Never,
        "another column is read"
    );
}

#[test]
fn a_second_trip_is_made_for_many_hits_only() {
    let interest = Interest::default();
    interest.note_miss([tag("body")], 100, MISS);
    assert_eq!(
        interest.choose(&[tag("title"), tag("body")]),
        KeyLearning::OneTrip
    );
    interest.note_miss([tag("body")], 50_000, MISS);
    assert_eq!(
        interest.choose(&[tag("title"), tag("body")]),
        KeyLearning::TwoTrips
    );
}

#[test]
fn reads_of_long_ago_are_forgotten() {
    let mark = Mark::default();
    assert_eq!(mark.rate(1), None);
    mark.note(1, 90);
    assert_eq!(mark.rate(1), Some(90));
    assert_eq!(mark.rate(4), Some(30));
    mark.note(4, 0);
    assert_eq!(mark.rate(4), Some(30), "the rate of the seconds before");
    assert_eq!(mark.rate(5 + MEMORY_SECONDS), None);
}

#[test]
fn hits_count_from_note_to_note() {
    let noted = HitsNoted::default();
    assert_eq!(noted.since(5), 5);
    assert_eq!(noted.since(7), 2);
    assert_eq!(noted.since(7), 0);
}
