//! TLS, users, replicas, sentinels and clusters.

use std::sync::Arc;

use plexidb_shared::redis_connection::{RedisConnection, RedisStatus};
use plexidb_shared::store::{L2Store as _, RedisStore, StoreError, StoreStatus};
use plexidb_testkit::{Redis, RedisCluster, RedisSentinel};

use crate::scenery::{connected, connection, name, namespace, stored, until, until_connected};

/// What a connection that cannot come up says.
async fn complaint(connection: &RedisConnection) -> Arc<str> {
    let mut found: Arc<str> = "".into();
    until("it has been tried", async || match connection.status() {
        RedisStatus::Degraded { error, .. } => {
            found = error;
            *found != *"not connected yet"
        }
        RedisStatus::Connected => panic!("connected all the same"),
    })
    .await;
    found
}

#[tokio::test]
async fn tls_trusts_the_named_authority_and_the_servers_name_alone() {
    let server = Redis::start_private_tls().unwrap();
    let url = server.url_tls().unwrap();
    let trusting = connected(&url).await;
    assert!(trusting.call(&redis::cmd("PING")).await.is_ok());

    let stranger = connection(&server.url_tls_of_a_stranger().unwrap());
    let error = complaint(&stranger).await;
    assert!(error.contains("UnknownIssuer"), "{error}");

    let misnamed = connection(&url.replace("localhost", "127.0.0.2"));
    let error = complaint(&misnamed).await;
    assert!(error.contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn users_get_in_by_their_password_and_do_what_they_may() {
    let server = Redis::start_private_with(&["--user", "app", "on", ">sesame", "~*", "&*", "+@all"]).unwrap();
    let at = format!("{}:{}", server.host(), server.port());
    let app = RedisStore::new(
        connected(&format!("redis://app:sesame@{at}/5")).await,
        &namespace(),
    );
    app.put_many(&[stored(1, "one")]).await.unwrap();
    assert_eq!(app.status(), StoreStatus::Connected);

    let wrong = connection(&format!("redis://app:hunter2@{at}/5"));
    let error = complaint(&wrong).await;
    assert!(error.contains("authentication failed"), "{error}");
    assert!(!format!("{wrong:?}").contains("hunter2"));

    server.client(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">sesame",
        "~*",
        "+@read",
        "+@connection",
    ]);
    let reader = RedisStore::new(
        connected(&format!("redis://reader:sesame@{at}/5")).await,
        &namespace(),
    );
    assert_eq!(reader.get_many(&[name(1)]).await, Ok(vec![Some("one".into())]));
    let refused = reader.put_many(&[stored(2, "two")]).await;
    assert!(
        matches!(&refused, Err(StoreError::Failed { error }) if error.contains("NOPERM")),
        "{refused:?}"
    );
    assert!(matches!(reader.status(), StoreStatus::Degraded { error, .. } if error.contains("NOPERM")));
    assert_eq!(reader.get_many(&[name(1)]).await, Ok(vec![Some("one".into())]));

    // The password is changed under the connection.
    server.client(&["ACL", "SETUSER", "app", "resetpass", ">changed"]);
    server.client(&["CLIENT", "KILL", "USER", "app"]);
    until("the loss is seen", async || {
        app.get_many(&[name(1)]).await.is_err()
            && matches!(app.status(), StoreStatus::Degraded { error, .. } if error.contains("authentication failed"))
    })
    .await;
}

#[tokio::test]
async fn a_user_with_the_rights_that_the_page_names_does_everything() {
    let server = Redis::start_private().unwrap();
    let rights = ["+mget", "+set", "+unlink", "+scan", "+ping", "+select"];
    server.client(
        &[
            &["ACL", "SETUSER", "least", "on", ">sesame", "~test:*"][..],
            &rights[..],
        ]
        .concat(),
    );
    let url = format!("redis://least:sesame@{}:{}/2", server.host(), server.port());
    let store = RedisStore::new(connected(&url).await, &namespace());
    store
        .put_many(&[stored(1, "one"), stored(2, "two")])
        .await
        .unwrap();
    assert_eq!(store.get_many(&[name(1)]).await, Ok(vec![Some("one".into())]));
    store.remove_many(&[name(1)]).await.unwrap();
    assert_eq!(store.clear().await, Ok(1));
    assert_eq!(store.status(), StoreStatus::Connected);
}

#[tokio::test]
async fn a_read_only_replica_is_read_and_its_promotion_is_noticed() {
    let primary = Redis::start_private().unwrap();
    let replica = primary.start_replica().unwrap();
    let store = RedisStore::new(connected(&replica.url()).await, &namespace());
    let refused = store.put_many(&[stored(1, "one")]).await;
    assert!(
        matches!(&refused, Err(StoreError::Failed { error }) if error.contains("READONLY")),
        "{refused:?}"
    );
    assert!(matches!(store.status(), StoreStatus::Degraded { .. }));
    assert_eq!(store.get_many(&[name(1)]).await, Ok(vec![None]));
    replica.client(&["REPLICAOF", "NO", "ONE"]);
    store.put_many(&[stored(1, "one")]).await.unwrap();
    assert_eq!(store.status(), StoreStatus::Connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_lead_to_the_new_primary() {
    let primary = Redis::start_private().unwrap();
    let replica = primary.start_replica().unwrap();
    let sentinel = RedisSentinel::start(&primary).unwrap();
    sentinel.await_replicas(1).unwrap();
    let connection = connected(&sentinel.url()).await;
    let store = RedisStore::new(connection.clone(), &namespace());
    store.put_many(&[stored(1, "one")]).await.unwrap();
    until("replicated", async || replica.client(&["DBSIZE"]) == "1").await;

    primary.kill().unwrap();
    until("the loss is seen", async || {
        store.get_many(&[name(1)]).await.is_err()
    })
    .await;
    until("the replica serves", async || {
        store.get_many(&[name(1)]).await == Ok(vec![Some("one".into())])
    })
    .await;
    assert_eq!(sentinel.primary_port().unwrap(), replica.port());
    until("the replica takes writes", async || {
        store.put_many(&[stored(2, "two")]).await.is_ok()
    })
    .await;
    let mut subscription = connection.subscribe("news").await.unwrap();
    replica.client(&["PUBLISH", "news", "hello"]);
    assert_eq!(subscription.next().await.as_deref(), Some(&b"hello"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_spreads_entries_and_survives_the_loss_of_a_node() {
    let cluster = RedisCluster::start().unwrap();
    let connection = connected(&cluster.url()).await;
    let store = RedisStore::new(connection.clone(), &namespace());
    let many: Vec<_> = (0..300).map(|number| stored(number, "x")).collect();
    store.put_many(&many).await.unwrap();
    let names: Vec<_> = (0..300).map(name).collect();
    let found = store.get_many(&names).await.unwrap();
    assert!(found.iter().all(Option::is_some));
    for node in &cluster.nodes {
        assert_ne!(node.client(&["DBSIZE"]), "0", "each node has a part");
    }
    store.remove_many(&names[..100]).await.unwrap();
    let found = store.get_many(&names).await.unwrap();
    assert_eq!(found.iter().filter(|entry| entry.is_some()).count(), 200);
    assert_eq!(store.clear().await, Ok(200));

    let mut subscription = connection.subscribe("news").await.unwrap();
    cluster.nodes[2].client(&["PUBLISH", "news", "hello"]);
    assert_eq!(subscription.next().await.as_deref(), Some(&b"hello"[..]));

    cluster.nodes[1].kill().unwrap();
    until("the loss is seen", async || store.get_many(&names).await.is_err()).await;
    cluster.nodes[1].start_again().unwrap();
    until("whole again", async || store.put_many(&many).await.is_ok()).await;
    until_connected(&connection).await;
}
