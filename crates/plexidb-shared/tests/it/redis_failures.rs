//! What a server that is away, slow or full costs, and that the way back is found.

use std::sync::Arc;
use std::time::Duration;

use plexidb_shared::redis_connection::{RedisConnection, RedisFailure, RedisStatus};
use plexidb_shared::store::{L2, L2Config, L2Store as _, RedisStore, StoreError, StoreStatus};
use plexidb_testkit::{Direction, Flow, Proxy, Redis, Traffic};

use crate::scenery::{
    config, connected, connection, fill, key, name, namespace, rows, stored, until, until_connected,
};

async fn ping(connection: &RedisConnection) -> Result<(), RedisFailure> {
    connection.call(&redis::cmd("PING")).await.map(drop)
}

fn is_unavailable(result: &Result<(), RedisFailure>) -> bool {
    matches!(result, Err(RedisFailure::Unavailable { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_yet_is_found_when_it_comes() {
    let server = Redis::start_private().unwrap();
    server.kill().unwrap();
    let connection = connection(&server.url());
    assert!(is_unavailable(&ping(&connection).await));
    until("the cause is told", async || {
        matches!(connection.status(), RedisStatus::Degraded { error, .. } if error.contains("refused"))
    })
    .await;
    server.start_again().unwrap();
    until_connected(&connection).await;
    assert_eq!(ping(&connection).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_fails_calls_at_once_and_comes_back_empty() {
    let server = Redis::start_private().unwrap();
    let connection = connected(&server.url()).await;
    let store = RedisStore::new(connection.clone(), &namespace());
    store.put_many(&[stored(1, "one")]).await.unwrap();
    let mut subscription = connection.subscribe("news").await.unwrap();

    server.kill().unwrap();
    let result = ping(&connection).await;
    assert!(matches!(result, Err(RedisFailure::Lost { .. })), "{result:?}");
    assert!(is_unavailable(&ping(&connection).await));
    assert_eq!(subscription.next().await, None);
    assert!(connection.subscribe("news").await.is_err());

    server.start_again().unwrap();
    until("found again", async || {
        store.get_many(&[name(1)]).await == Ok(vec![None])
    })
    .await;
    assert_eq!(connection.status(), RedisStatus::Connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_costs_one_timeout_and_nothing_more() {
    let server = Redis::start_private().unwrap();
    let mut config = config(&server.url());
    config.call_timeout = Duration::from_millis(200);
    let connection = RedisConnection::new(config).unwrap();
    until_connected(&connection).await;
    let store = Arc::new(RedisStore::new(connection.clone(), &namespace()));
    let l2 = L2::new(store, &namespace(), &L2Config::default()).unwrap();
    assert!(l2.fill(fill(1, "Ada")));
    until("stored", async || l2.stats().fills == 1).await;

    server.pause().unwrap();
    for _ in 0..200 {
        assert!(l2.get(&key(1), |_| Some(())).await.is_none());
    }
    let stats = l2.stats();
    assert_eq!((stats.timeouts, stats.unavailable), (1, 199), "{stats:?}");
    assert!(matches!(stats.status, StoreStatus::Degraded { .. }));
    assert!(l2.fill(fill(2, "Bob")), "fills never wait");
    until("given up", async || l2.stats().fills_failed == 1).await;

    server.resume().unwrap();
    until("found again", async || {
        l2.get(&key(1), |_| Some(())).await.is_some()
    })
    .await;
    assert_eq!(l2.status(), StoreStatus::Connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_when_the_server_freezes_wait_no_longer_than_their_own_time() {
    let server = Redis::start_private().unwrap();
    let connection = connected(&server.url()).await;
    server.pause().unwrap();
    let calls = (0..100).map(|_| {
        let connection = connection.clone();
        tokio::spawn(async move { ping(&connection).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let result = call.await.unwrap();
        assert!(
            matches!(
                result,
                Err(RedisFailure::Timeout { .. } | RedisFailure::Unavailable { .. })
            ),
            "{result:?}"
        );
    }
    server.resume().unwrap();
    until_connected(&connection).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_cut_either_way_is_a_timeout_and_heals() {
    let server = Redis::start_private().unwrap();
    let proxy = Proxy::start(format!("{}:{}", server.host(), server.port())).unwrap();
    let connection = connected(&proxy.through(&server.url())).await;
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.set_one_way(direction, Flow::Hold).unwrap();
        let result = ping(&connection).await;
        assert!(matches!(result, Err(RedisFailure::Timeout { .. })), "{result:?}");
        assert!(is_unavailable(&ping(&connection).await));
        proxy.set(Traffic::Pass).unwrap();
        until("healed", async || ping(&connection).await.is_ok()).await;
    }
    proxy.set(Traffic::Refuse).unwrap();
    proxy.reset_connections().unwrap();
    until("the loss is seen", async || ping(&connection).await.is_err()).await;
    assert!(is_unavailable(&ping(&connection).await));
    proxy.set(Traffic::Pass).unwrap();
    until("healed", async || ping(&connection).await.is_ok()).await;
}

#[tokio::test]
async fn a_full_server_is_read_and_its_state_is_told_until_it_takes_entries_again() {
    let server = Redis::start_private().unwrap();
    let store = RedisStore::new(connected(&server.url()).await, &namespace());
    store.put_many(&[stored(1, "one")]).await.unwrap();
    server.client(&["CONFIG", "SET", "maxmemory", "1"]);
    let refused = store.put_many(&[stored(2, "two")]).await;
    assert!(
        matches!(&refused, Err(StoreError::Failed { error }) if error.contains("OOM")),
        "{refused:?}"
    );
    assert!(matches!(store.status(), StoreStatus::Degraded { error, .. } if error.contains("OOM")));
    assert_eq!(store.get_many(&[name(1)]).await, Ok(vec![Some("one".into())]));
    server.client(&["CONFIG", "SET", "maxmemory", "0"]);
    store.put_many(&[stored(2, "two")]).await.unwrap();
    assert_eq!(store.status(), StoreStatus::Connected);
}

#[tokio::test]
async fn the_last_user_takes_the_connection_along() {
    let server = Redis::start_private().unwrap();
    let clients = async |count: usize| {
        let list = server.client(&["CLIENT", "LIST", "TYPE", "NORMAL"]);
        // redis-cli itself is one.
        list.lines().count() == count + 1
    };
    let connection = connected(&server.url()).await;
    let clone = connection.clone();
    drop(connection);
    assert_eq!(ping(&clone).await, Ok(()));
    until("one connection", async || clients(1).await).await;
    drop(clone);
    until("no connection", async || clients(0).await).await;
    let tasks = tokio::runtime::Handle::current().metrics();
    until("no task", async || tasks.num_alive_tasks() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_before_a_restart_are_filled_anew() {
    let server = Redis::start_private().unwrap();
    let store = Arc::new(RedisStore::new(connected(&server.url()).await, &namespace()));
    let l2 = L2::new(store, &namespace(), &L2Config::default()).unwrap();
    l2.fill(fill(1, "Ada"));
    until("stored", async || l2.stats().fills == 1).await;
    server.restart().unwrap();
    until("a miss, not an error", async || {
        let misses = l2.stats().misses;
        assert!(l2.get(&key(1), |_| Some(())).await.is_none());
        l2.stats().misses > misses
    })
    .await;
    l2.fill(fill(1, "Ada"));
    until("stored again", async || l2.stats().fills == 2).await;
    let found = l2.get(&key(1), |_| Some(())).await;
    assert_eq!(found, Some(((), rows("Ada"))));
}
