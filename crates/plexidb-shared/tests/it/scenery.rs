//! What the tests have in common: connections, entries, and waiting for what must happen soon.

use std::time::{Duration, Instant};

use plexidb_core::{Column, RowSet, RowSetBuilder, ValueRef};
use plexidb_shared::redis_connection::{RedisConfig, RedisConnection, RedisStatus};
use plexidb_shared::store::{EntryKey, Fill, KeyParts, Namespace, Origin, StoreKey, StoredEntry};

/// A limit for what must happen soon, so that a defect fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the condition holds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A connection whose every timeout fits a loaded machine.
pub(crate) fn connection(url: &str) -> RedisConnection {
    RedisConnection::new(config(url)).unwrap()
}

pub(crate) fn config(url: &str) -> RedisConfig {
    let mut config = RedisConfig::from_url(url).unwrap();
    config.call_timeout = Duration::from_millis(500);
    config.retry_min = Duration::from_millis(10);
    config.retry_max = Duration::from_millis(100);
    config
}

/// A connection that is up.
pub(crate) async fn connected(url: &str) -> RedisConnection {
    let connection = connection(url);
    until_connected(&connection).await;
    connection
}

pub(crate) async fn until_connected(connection: &RedisConnection) {
    until("connected", async || {
        connection.status() == RedisStatus::Connected
    })
    .await;
}

pub(crate) fn namespace() -> Namespace {
    Namespace::new("test").unwrap()
}

pub(crate) fn stored(number: u128, text: &str) -> StoredEntry {
    StoredEntry {
        key: name(number),
        bytes: text.as_bytes().to_vec().into(),
        ttl: Duration::from_secs(60),
    }
}

pub(crate) fn name(number: u128) -> StoreKey {
    StoreKey(number.to_be_bytes())
}

pub(crate) fn key(id: i64) -> EntryKey {
    EntryKey::new(&KeyParts {
        database: "chat",
        catalog: 1,
        scope: b"",
        sql: "SELECT name FROM users WHERE id = ?",
        params: &[ValueRef::Int(id)],
    })
}

pub(crate) fn rows(text: &str) -> RowSet {
    let columns = [Column {
        name: "name".into(),
        type_name: "text".into(),
    }];
    let mut builder = RowSetBuilder::new(columns.into());
    builder.push(ValueRef::Text(text));
    builder.finish()
}

pub(crate) fn fill(id: i64, text: &str) -> Fill {
    Fill {
        key: key(id),
        origin: Origin {
            epoch: 1,
            first: vec![(4, 2)],
            then: vec![(7, 9)],
            cost_us: 10,
            filled_at_ms: 0,
        },
        rows: rows(text),
        ttl: None,
    }
}
