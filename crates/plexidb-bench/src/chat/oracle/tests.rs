//! What counts as changed.

use std::time::{Duration, Instant};

use plexidb::{RowSet, Value};
use plexidb_workloads::chat::Operation;

use super::{Fetched, Memory, ReadKey, Verdict};

async fn result(number: i64) -> RowSet {
    let db = plexidb::connect("sqlite::memory:").await.unwrap();
    let rows = db
        .select("SELECT ? AS number")
        .bind(Value::Int(number))
        .fetch()
        .await;
    rows.unwrap().into_set()
}

/// A result that the cache has stored.
async fn kept(number: i64, sent: Instant, back: Instant) -> Fetched {
    Fetched {
        result: result(number).await,
        met_write: false,
        is_kept: true,
        sent,
        back,
    }
}

fn profile(user: i64) -> ReadKey {
    ReadKey::of(&Operation::Profile { user }).unwrap()
}

/// A clock of ten milliseconds.
fn clock() -> Vec<Instant> {
    let start = Instant::now();
    (0..10).map(|ms| start + Duration::from_millis(ms)).collect()
}

#[tokio::test]
async fn a_result_is_compared_with_the_last_one_of_its_key() {
    let (memory, at) = (Memory::default(), clock());
    let seven = memory.judge(profile(1), kept(7, at[0], at[1]).await);
    assert_eq!(seven, Verdict::First);
    let other_key = memory.judge(profile(2), kept(8, at[0], at[1]).await);
    assert_eq!(other_key, Verdict::First);
    let again = memory.judge(profile(1), kept(7, at[2], at[3]).await);
    assert_eq!(again, Verdict::Unchanged);
    let eight = memory.judge(profile(1), kept(8, at[4], at[5]).await);
    assert_eq!(eight, Verdict::Changed);
    let again = memory.judge(profile(1), kept(8, at[6], at[7]).await);
    assert_eq!(again, Verdict::Unchanged);
}

#[tokio::test]
async fn a_read_that_was_sent_before_the_last_one_does_not_replace_it() {
    let (memory, at) = (Memory::default(), clock());
    memory.judge(profile(1), kept(8, at[1], at[2]).await);
    let older = memory.judge(profile(1), kept(7, at[0], at[3]).await);
    assert_eq!(older, Verdict::Changed);
    let last = memory.judge(profile(1), kept(8, at[4], at[5]).await);
    assert_eq!(last, Verdict::Unchanged);
}

#[tokio::test]
async fn reads_that_were_sent_before_a_change_was_known_are_no_hits_of_the_oracle() {
    let (memory, at) = (Memory::default(), clock());
    memory.judge(profile(1), kept(7, at[0], at[2]).await);
    let with_the_first = memory.judge(profile(1), kept(7, at[1], at[3]).await);
    assert_eq!(with_the_first, Verdict::Together);
    memory.judge(profile(1), kept(8, at[4], at[6]).await);
    let with_the_change = memory.judge(profile(1), kept(8, at[5], at[7]).await);
    assert_eq!(with_the_change, Verdict::Together);
    let after_it = memory.judge(profile(1), kept(8, at[6], at[8]).await);
    assert_eq!(after_it, Verdict::Unchanged);
    let with_one_that_changed_nothing = memory.judge(profile(1), kept(8, at[7], at[9]).await);
    assert_eq!(with_one_that_changed_nothing, Verdict::Unchanged);
}

#[test]
fn operations_of_equal_values_are_kept_apart() {
    let user = ReadKey::of(&Operation::Profile { user: 5 });
    let channels = ReadKey::of(&Operation::UserChannels { user: 5 });
    let history = ReadKey::of(&Operation::ChannelHistory { channel: 5 });
    assert!(user != channels && channels != history && user != history);
    assert_eq!(ReadKey::of(&Operation::MarkRead { user: 5, channel: 1 }), None);
}

#[tokio::test]
async fn what_a_write_in_flight_kept_from_use_was_not_dropped_without_need() {
    let (memory, at) = (Memory::default(), clock());
    memory.judge(profile(1), kept(7, at[0], at[1]).await);
    let met_write = Fetched {
        met_write: true,
        is_kept: false,
        ..kept(7, at[2], at[3]).await
    };
    assert_eq!(memory.judge(profile(1), met_write), Verdict::InFlight);
    let after = memory.judge(profile(1), kept(7, at[4], at[5]).await);
    assert_eq!(after, Verdict::Unchanged, "it was stored before");
    let not_stored = Fetched {
        is_kept: false,
        ..kept(8, at[6], at[7]).await
    };
    assert_eq!(memory.judge(profile(1), not_stored), Verdict::Changed);
    let again = memory.judge(profile(1), kept(8, at[8], at[9]).await);
    assert_eq!(again, Verdict::InFlight, "there was nothing to be used");
}
