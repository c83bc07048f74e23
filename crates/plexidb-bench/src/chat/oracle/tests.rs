//! What counts as changed.

use std::time::{Duration, Instant};

use plexidb::{RowSet, Value};
use plexidb_workloads::chat::Operation;

use super::{Memory, ReadKey, Verdict};

async fn result(number: i64) -> RowSet {
    let db = plexidb::connect("sqlite::memory:").await.unwrap();
    let rows = db
        .select("SELECT ? AS number")
        .bind(Value::Int(number))
        .fetch()
        .await;
    rows.unwrap().into_set()
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
    let seven = memory.judge(profile(1), result(7).await, at[0], at[1]);
    assert_eq!(seven, Verdict::First);
    let other_key = memory.judge(profile(2), result(8).await, at[0], at[1]);
    assert_eq!(other_key, Verdict::First);
    let again = memory.judge(profile(1), result(7).await, at[2], at[3]);
    assert_eq!(again, Verdict::Unchanged);
    let eight = memory.judge(profile(1), result(8).await, at[4], at[5]);
    assert_eq!(eight, Verdict::Changed);
    let again = memory.judge(profile(1), result(8).await, at[6], at[7]);
    assert_eq!(again, Verdict::Unchanged);
}

#[tokio::test]
async fn a_read_that_was_sent_before_the_last_one_does_not_replace_it() {
    let (memory, at) = (Memory::default(), clock());
    memory.judge(profile(1), result(8).await, at[1], at[2]);
    let older = memory.judge(profile(1), result(7).await, at[0], at[3]);
    assert_eq!(older, Verdict::Changed);
    let last = memory.judge(profile(1), result(8).await, at[4], at[5]);
    assert_eq!(last, Verdict::Unchanged);
}

#[tokio::test]
async fn reads_that_were_sent_before_a_change_was_known_are_no_hits_of_the_oracle() {
    let (memory, at) = (Memory::default(), clock());
    memory.judge(profile(1), result(7).await, at[0], at[2]);
    let with_the_first = memory.judge(profile(1), result(7).await, at[1], at[3]);
    assert_eq!(with_the_first, Verdict::Together);
    memory.judge(profile(1), result(8).await, at[4], at[6]);
    let with_the_change = memory.judge(profile(1), result(8).await, at[5], at[7]);
    assert_eq!(with_the_change, Verdict::Together);
    let after_it = memory.judge(profile(1), result(8).await, at[6], at[8]);
    assert_eq!(after_it, Verdict::Unchanged);
    let with_one_that_changed_nothing = memory.judge(profile(1), result(8).await, at[7], at[9]);
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
