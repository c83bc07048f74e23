//! Entries in Redis: found, expired, removed, and none of another namespace.

use std::sync::Arc;
use std::time::Duration;

use plexidb_shared::store::{L2, L2Config, L2Store as _, Namespace, RedisStore};
use plexidb_testkit::redis;

use crate::scenery::{connected, fill, key, name, namespace, rows, stored, until};

#[tokio::test]
async fn entries_are_found_in_order_and_expire() {
    let database = redis().fresh_database();
    let store = RedisStore::new(connected(&database.url()).await, &namespace());
    assert_eq!(store.get_many(&[]).await, Ok(vec![]));
    let mut brief = stored(3, "brief");
    brief.ttl = Duration::from_millis(1);
    store
        .put_many(&[stored(1, "one"), stored(2, "two"), brief])
        .await
        .unwrap();
    let expected = vec![Some("two".into()), None, Some("one".into())];
    assert_eq!(store.get_many(&[name(2), name(9), name(1)]).await, Ok(expected));
    until("expired", async || {
        store.get_many(&[name(3)]).await == Ok(vec![None])
    })
    .await;
    let ttl_ms: i64 = database
        .client(&["PTTL", &format!("test:l2:{}", name(1))])
        .parse()
        .unwrap();
    assert!((1..=60_000).contains(&ttl_ms), "{ttl_ms}");

    store.remove_many(&[name(1), name(9)]).await.unwrap();
    assert_eq!(
        store.get_many(&[name(1), name(2)]).await,
        Ok(vec![None, Some("two".into())])
    );
}

#[tokio::test]
async fn clearing_touches_no_other_key() {
    let database = redis().fresh_database();
    let connection = connected(&database.url()).await;
    let store = RedisStore::new(connection.clone(), &namespace());
    let longer = Namespace::new("test:l2:more").unwrap();
    let other = RedisStore::new(connection, &longer);
    let many: Vec<_> = (0..1_200).map(|number| stored(number, "x")).collect();
    store.put_many(&many).await.unwrap();
    other.put_many(&[stored(1, "other")]).await.unwrap();
    database.client(&["SET", "test:l2", "not ours"]);
    database.client(&["SET", "test:record", "not ours"]);

    assert_eq!(store.clear().await, Ok(1_200));
    assert_eq!(store.clear().await, Ok(0));
    assert_eq!(other.get_many(&[name(1)]).await, Ok(vec![Some("other".into())]));
    assert_eq!(database.client(&["DBSIZE"]), "3");
}

#[tokio::test]
async fn results_go_to_redis_and_back_plain_and_sealed() {
    let database = redis().fresh_database();
    for secrets in [vec![], vec!["a secret of sixteen bytes".into()]] {
        let store = Arc::new(RedisStore::new(connected(&database.url()).await, &namespace()));
        let mut config = L2Config::default();
        config.codec.secrets = secrets;
        let l2 = L2::new(store, &namespace(), &config).unwrap();
        assert!(l2.get(&key(1), |_| Some(())).await.is_none());
        let text = "a long name ".repeat(500);
        assert!(l2.fill(fill(1, &text)));
        until("stored", async || l2.stats().fills == 1).await;
        let (epoch, found) = l2.get(&key(1), |origin| Some(origin.epoch)).await.unwrap();
        assert_eq!((epoch, found), (1, rows(&text)));
    }
}

#[tokio::test]
async fn garbage_in_redis_is_a_counted_miss() {
    let database = redis().fresh_database();
    let store = Arc::new(RedisStore::new(connected(&database.url()).await, &namespace()));
    let l2 = L2::new(store, &namespace(), &L2Config::default()).unwrap();
    assert!(l2.fill(fill(1, "Ada")));
    until("stored", async || l2.stats().fills == 1).await;
    let name = database.client(&["KEYS", "test:l2:*"]);
    database.client(&["SETRANGE", &name, "30", "garbage"]);
    assert!(l2.get(&key(1), |_| Some(())).await.is_none());
    assert_eq!(l2.stats().malformed, 1);
    // A key of another type.
    database.client(&["DEL", &name]);
    database.client(&["LPUSH", &name, "x"]);
    assert!(l2.get(&key(1), |_| Some(())).await.is_none());
    // The next fill repairs both.
    assert!(l2.fill(fill(1, "Ada")));
    until("stored", async || l2.stats().fills == 2).await;
    assert!(l2.get(&key(1), |_| Some(())).await.is_some());
}
