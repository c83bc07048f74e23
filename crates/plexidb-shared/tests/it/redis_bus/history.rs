//! Servers that start again, take over, follow another one or lose a replica: what they have kept of a record, and who has it.

use std::time::Duration;

use plexidb_shared::bus::{Bus, BusError, RedisBus};
use plexidb_shared::protocol::{EpochId, Refusal};
use plexidb_testkit::{Private, Redis};

use super::scenery::{A, EPOCH, at, bus, intent, joining, key, opening};
use crate::scenery::{config, connected, namespace, until, until_connected};

async fn opened(bus: &impl Bus) {
    bus.open(None, opening(EPOCH)).await.unwrap();
    bus.join(joining(A)).await.unwrap();
    bus.settle(EPOCH).await.unwrap();
}

/// That a member has to open a new epoch, and can.
async fn assert_gone(bus: &impl Bus) {
    let renewed = bus.renew(at(EPOCH, 0), A).await;
    assert!(
        matches!(renewed, Err(BusError::Refused(Refusal::Gone))),
        "{renewed:?}"
    );
    let next = EpochId(8);
    assert_eq!(bus.open(Some(EPOCH), opening(next)).await.unwrap(), next);
    let renewed = bus.renew(at(EPOCH, 0), A).await;
    assert!(
        matches!(renewed, Err(BusError::Refused(Refusal::OtherEpoch(epoch))) if epoch == next),
        "{renewed:?}"
    );
}

#[tokio::test]
async fn a_server_that_starts_again_with_all_it_had_has_no_record() {
    for persistence in [
        &["--appendonly", "yes", "--appendfsync", "always"][..],
        &["--save", "3600 1"],
    ] {
        let server = Redis::start_private_with(persistence).unwrap();
        opened(&bus(&server.url()).await).await;
        server.restart().unwrap();
        assert_eq!(server.client(&["EXISTS", &key("record")]), "1", "{persistence:?}");
        assert_gone(&bus(&server.url()).await).await;
    }
}

/// A server and one that follows it and has what it has.
async fn with_replica() -> (Private<Redis>, Private<Redis>) {
    let primary = Redis::start_private().unwrap();
    let replica = Redis::start_private().unwrap();
    follow(&replica, &primary).await;
    (primary, replica)
}

async fn follow(replica: &Redis, primary: &Redis) {
    replica.client(&["REPLICAOF", primary.host(), &primary.port().to_string()]);
    until("the replica follows", async || {
        replica
            .client(&["INFO", "replication"])
            .contains("master_link_status:up")
            && primary.client(&["INFO", "replication"]).contains("state=online")
    })
    .await;
}

/// Until the replica has the record as [`opened`] leaves it.
async fn until_followed(replica: &Redis) {
    until("the replica has the record", async || {
        replica.client(&["HGET", &key("record"), "settled"]) == "1"
    })
    .await;
}

#[tokio::test]
async fn a_replica_answers_nothing_and_after_it_has_taken_over_has_no_record() {
    let (primary, replica) = with_replica().await;
    opened(&bus(&primary.url()).await).await;
    until_followed(&replica).await;
    let on_replica = bus(&replica.url()).await;
    let ended = on_replica.end(EPOCH, intent(A, 1, &[]).id, vec![1]).await;
    assert!(matches!(ended, Err(BusError::Unreachable(_))), "{ended:?}");
    replica.client(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!(replica.client(&["EXISTS", &key("record")]), "1");
    assert_gone(&on_replica).await;
}

#[tokio::test]
async fn a_server_that_comes_back_by_way_of_another_one_has_no_record() {
    let (primary, replica) = with_replica().await;
    opened(&bus(&primary.url()).await).await;
    until_followed(&replica).await;
    // The same process keeps the same epoch, but an older state of it might have come back with the data of the other one.
    replica.client(&["REPLICAOF", "NO", "ONE"]);
    follow(&primary, &replica).await;
    primary.client(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!(primary.client(&["EXISTS", &key("record")]), "1");
    assert_gone(&bus(&primary.url()).await).await;
}

#[tokio::test]
async fn renewals_and_announcements_count_when_replicas_have_them() {
    let (primary, replica) = with_replica().await;
    let mut config = config(&primary.url());
    // Half of it is how long replicas are waited for.
    config.call_timeout = Duration::from_secs(2);
    let connection = plexidb_shared::redis_connection::RedisConnection::new(config).unwrap();
    until_connected(&connection).await;
    let strict = RedisBus::new(connection, &namespace(), "chat").with_replicas_min(1);
    opened(&strict).await;
    // The scripts are unknown to the server the first time and known the second time.
    for number in [1, 2] {
        strict.begin(at(EPOCH, 0), intent(A, number, &[1])).await.unwrap();
        strict.renew(at(EPOCH, 0), A).await.unwrap();
    }
    replica.pause().unwrap();
    let renewed = strict.renew(at(EPOCH, 0), A).await;
    assert!(matches!(renewed, Err(BusError::Unreachable(_))), "{renewed:?}");
    let begun = strict.begin(at(EPOCH, 0), intent(A, 3, &[1])).await;
    assert!(matches!(begun, Err(BusError::Unreachable(_))), "{begun:?}");
    // A refusal is no less one because nobody has it.
    let refused = strict.renew(at(EpochId(1), 0), A).await;
    assert!(
        matches!(refused, Err(BusError::Refused(Refusal::OtherEpoch(_)))),
        "{refused:?}"
    );
    replica.resume().unwrap();
    until("the replica has it", async || {
        strict.begin(at(EPOCH, 0), intent(A, 3, &[1])).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_away_is_unreachable() {
    let server = Redis::start_private().unwrap();
    let bus = RedisBus::new(connected(&server.url()).await, &namespace(), "chat");
    opened(&bus).await;
    server.kill().unwrap();
    let renewed = bus.renew(at(EPOCH, 0), A).await;
    assert!(matches!(renewed, Err(BusError::Unreachable(_))), "{renewed:?}");
    assert!(matches!(bus.subscribe().await, Err(BusError::Unreachable(_))));
}
