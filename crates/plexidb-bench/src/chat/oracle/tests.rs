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

#[tokio::test]
async fn a_result_is_compared_with_the_last_one_of_its_key() {
    let memory = Memory::default();
    let now = Instant::now();
    assert_eq!(memory.judge(profile(1), result(7).await, now), Verdict::First);
    assert_eq!(memory.judge(profile(2), result(8).await, now), Verdict::First);
    assert_eq!(memory.judge(profile(1), result(7).await, now), Verdict::Unchanged);
    assert_eq!(memory.judge(profile(1), result(8).await, now), Verdict::Changed);
    assert_eq!(memory.judge(profile(1), result(8).await, now), Verdict::Unchanged);
}

#[tokio::test]
async fn a_read_that_was_sent_before_the_last_one_does_not_replace_it() {
    let memory = Memory::default();
    let early = Instant::now();
    let late = early + Duration::from_millis(1);
    memory.judge(profile(1), result(8).await, late);
    assert_eq!(memory.judge(profile(1), result(7).await, early), Verdict::Changed);
    assert_eq!(
        memory.judge(profile(1), result(8).await, late),
        Verdict::Unchanged
    );
}

#[test]
fn operations_of_equal_values_are_kept_apart() {
    let user = ReadKey::of(&Operation::Profile { user: 5 });
    let channels = ReadKey::of(&Operation::UserChannels { user: 5 });
    let history = ReadKey::of(&Operation::ChannelHistory { channel: 5 });
    assert!(user != channels && channels != history && user != history);
    assert_eq!(ReadKey::of(&Operation::MarkRead { user: 5, channel: 1 }), None);
}
