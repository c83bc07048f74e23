//! Keys that are lost or hold garbage, a channel that carries garbage, a server without memory: every call ends with an answer or an error, and
//! a new epoch puts it right.

use plexidb_shared::bus::{Bus, BusError, Notice};
use plexidb_shared::protocol::{EpochId, Refusal};
use plexidb_testkit::{Redis, redis};

use super::call::Call;
use super::scenery::{A, B, EPOCH, at, bus, intent, joining, key, life, opening};

const PARTS: [&str; 4] = ["record", "versions", "intents", "members"];

/// With a member and an announced write.
async fn in_use(bus: &impl Bus) {
    for call in &life()[..5] {
        call.on_bus(bus).await.unwrap();
    }
}

/// Whatever has become of it, a new epoch takes its place and works.
async fn assert_replaceable(bus: &impl Bus) {
    let next = EpochId(8);
    assert_eq!(bus.open(Some(EPOCH), opening(next)).await.unwrap(), next);
    let joined = bus.join(joining(A)).await.unwrap();
    assert_eq!((joined.epoch, joined.seq, joined.versions), (next, 0, vec![0; 8]));
    assert!(joined.intents.is_empty());
}

#[tokio::test]
async fn a_record_of_which_a_part_was_evicted_is_gone() {
    for part in PARTS {
        let database = redis().fresh_database();
        let bus = bus(&database.url()).await;
        in_use(&bus).await;
        database.client(&["DEL", &key(part)]);
        for call in &life()[1..] {
            let answer = call.on_bus(&bus).await;
            assert!(
                matches!(answer, Err(BusError::Refused(Refusal::Gone))),
                "without {part}, {call:?}: {answer:?}"
            );
        }
        assert_replaceable(&bus).await;
    }
}

#[tokio::test]
async fn keys_of_another_type_or_length_are_no_record() {
    for part in PARTS {
        for garbage in [
            &["SADD", &key(part), "x"][..],
            &["SET", &key(part), "x"],
            &["RPUSH", &key(part), "x"],
        ] {
            let database = redis().fresh_database();
            let bus = bus(&database.url()).await;
            in_use(&bus).await;
            database.client(&["DEL", &key(part)]);
            database.client(garbage);
            for call in &life()[1..] {
                let answer = call.on_bus(&bus).await;
                assert!(
                    matches!(answer, Err(BusError::Refused(Refusal::Gone))),
                    "{garbage:?}, {call:?}: {answer:?}"
                );
            }
            assert_replaceable(&bus).await;
        }
    }
}

#[tokio::test]
async fn garbage_within_the_keys_is_malformed_and_no_call_makes_sense_of_it() {
    for garbage in [
        &["HSET", &key("members"), "x", "y"][..],
        &["HSET", &key("members"), "sixteen letters!", "y"],
        &["HSET", &key("intents"), "x", "y"],
        &["HSET", &key("record"), "settled", "maybe"],
    ] {
        let database = redis().fresh_database();
        let bus = bus(&database.url()).await;
        in_use(&bus).await;
        database.client(garbage);
        let joined = bus.join(joining(B)).await;
        assert!(
            matches!(joined, Err(BusError::Malformed(_))),
            "{garbage:?}: {joined:?}"
        );
        assert_replaceable(&bus).await;
    }
    let database = redis().fresh_database();
    let bus = bus(&database.url()).await;
    in_use(&bus).await;
    // A member's name holds bytes that the client cannot be given.
    let script = "return redis.call('HSET', KEYS[1], string.rep('\\0', 15) .. '\\1', 'short')";
    database.client(&["EVAL", script, "1", &key("members")]);
    let renewed = bus.renew(at(EPOCH, 0), A).await;
    assert!(matches!(renewed, Err(BusError::Malformed(_))), "{renewed:?}");
}

#[tokio::test]
async fn a_record_of_another_version_is_left_alone() {
    let database = redis().fresh_database();
    let bus = bus(&database.url()).await;
    in_use(&bus).await;
    database.client(&["HSET", &key("record"), "format", "2"]);
    for call in life() {
        let answer = call.on_bus(&bus).await;
        assert!(
            matches!(answer, Err(BusError::Malformed(_))),
            "{call:?}: {answer:?}"
        );
    }
    assert_eq!(database.client(&["HGET", &key("record"), "format"]), "2");
}

#[tokio::test]
async fn garbage_on_the_channel_ends_the_subscription() {
    let database = redis().fresh_database();
    let bus = bus(&database.url()).await;
    in_use(&bus).await;
    let mut notices = bus.subscribe().await.unwrap();
    bus.touch(EPOCH, vec![1]).await.unwrap();
    database.client(&[
        "PUBLISH",
        &key(&format!("messages:{}", database.number())),
        "B garbage",
    ]);
    bus.touch(EPOCH, vec![1]).await.unwrap();
    assert!(matches!(notices.next().await, Some(Notice::Message(message)) if message.seq == 2));
    assert_eq!(notices.next().await, None);
    assert_eq!(notices.next().await, None);
}

#[tokio::test]
async fn a_server_that_is_out_of_memory_keeps_the_record_going() {
    let server = Redis::start_private().unwrap();
    let bus = bus(&server.url()).await;
    in_use(&bus).await;
    server.client(&["CONFIG", "SET", "maxmemory", "1"]);
    assert!(server.try_client(&["SET", "another", "value"]).is_err());
    for call in life().into_iter().skip(5) {
        call.on_bus(&bus)
            .await
            .unwrap_or_else(|error| panic!("{call:?}: {error}"));
    }
    bus.join(joining(A)).await.unwrap();
    bus.begin(at(EPOCH, 0), intent(A, 2, &[1])).await.unwrap();
    Call::Open(Some(EPOCH), opening(EpochId(8)))
        .on_bus(&bus)
        .await
        .unwrap();
}
