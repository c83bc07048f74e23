//! Reads are judged and counted; fills wait in the background and never make anybody wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use plexidb_core::{BoxFuture, Column, RowSetBuilder, ValueRef};
use tokio::sync::Semaphore;

use super::super::entry::KeyParts;
use super::super::memory::MemoryStore;
use super::super::port::StoredEntry;
use super::*;

fn key(id: i64) -> EntryKey {
    EntryKey::new(&KeyParts {
        database: "chat",
        catalog: 7,
        scope: b"",
        sql: "SELECT name FROM users WHERE id = ?",
        params: &[ValueRef::Int(id)],
    })
}

fn rows(text: &str) -> RowSet {
    let columns = [Column {
        name: "name".into(),
        type_name: "text".into(),
    }];
    let mut builder = RowSetBuilder::new(columns.into());
    builder.push(ValueRef::Text(text));
    builder.finish()
}

fn fill(id: i64, text: &str) -> Fill {
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

fn namespace() -> Namespace {
    Namespace::new("test").unwrap()
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn what_is_filled_is_found_unless_it_is_stale() {
    let l2 = L2::new(
        Arc::new(MemoryStore::new(1 << 20)),
        &namespace(),
        &L2Config::default(),
    )
    .unwrap();
    assert_eq!(l2.get(&key(1), |_| Some(())).await, None);
    assert!(l2.fill(fill(1, "Ada")));
    assert!(l2.fill(fill(2, "Bob")));
    until("stored", || l2.stats().fills == 2).await;

    let (stamps, found) = l2
        .get(&key(1), |origin| (origin.epoch == 1).then(|| origin.then.clone()))
        .await
        .unwrap();
    assert_eq!((stamps, found), (vec![(7, 9)], rows("Ada")));
    assert_eq!(l2.get(&key(1), |_| None::<()>).await, None);
    let found = l2
        .get_many(&[key(2), key(3), key(1)], |position, _| Some(position))
        .await;
    assert_eq!(found, [Some((0, rows("Bob"))), None, Some((2, rows("Ada")))]);

    l2.remove(&key(1)).await.unwrap();
    assert_eq!(l2.get(&key(1), |_| Some(())).await, None);
    assert_eq!(l2.clear().await, Ok(1));
    let stats = l2.stats();
    assert_eq!((stats.hits, stats.misses, stats.stale), (3, 3, 1));
    assert!(stats.bytes_read > 0 && stats.bytes_written > 0);
}

#[tokio::test]
async fn garbage_and_forgeries_are_counted_misses() {
    let store = Arc::new(MemoryStore::new(1 << 20));
    let secret = L2Config {
        codec: CodecConfig {
            secrets: vec!["a secret of sixteen bytes".into()],
            ..CodecConfig::default()
        },
        ..L2Config::default()
    };
    let plain = L2::new(store.clone(), &namespace(), &L2Config::default()).unwrap();
    let sealed = L2::new(store.clone(), &namespace(), &secret).unwrap();
    for (l2, bytes) in [(&plain, &b"garbage"[..]), (&sealed, &[1, 2, 0, 0, 0, 0, 9][..])] {
        let entry = StoredEntry {
            key: l2.codec.names(&key(1))[0],
            bytes: Bytes::copy_from_slice(bytes),
            ttl: Duration::from_secs(1),
        };
        store.put_many(&[entry]).await.unwrap();
        assert_eq!(l2.get(&key(1), |_| Some(())).await, None);
    }
    assert_eq!((plain.stats().malformed, plain.stats().forged), (1, 0));
    assert_eq!((sealed.stats().malformed, sealed.stats().forged), (0, 1));
}

#[tokio::test]
async fn an_entry_is_found_while_the_secret_is_being_changed() {
    let store = Arc::new(MemoryStore::new(1 << 20));
    let with = |secrets: &[&str]| {
        let mut config = L2Config::default();
        config.codec.secrets = secrets.iter().map(|&secret| secret.into()).collect();
        L2::new(store.clone(), &namespace(), &config).unwrap()
    };
    let (old, new) = ("the old secret, long enough", "the new secret, long enough");
    let before = with(&[old]);
    before.fill(fill(1, "Ada"));
    until("stored", || before.stats().fills == 1).await;
    let during = with(&[new, old]);
    assert!(during.get(&key(1), |_| Some(())).await.is_some());
    during.fill(fill(2, "Bob"));
    until("stored", || during.stats().fills == 1).await;
    let after = with(&[new]);
    assert!(after.get(&key(2), |_| Some(())).await.is_some());
    assert!(after.get(&key(1), |_| Some(())).await.is_none());
}

/// A store that takes nothing before it is told to, or fails.
struct Gate {
    open: Semaphore,
    fails: AtomicBool,
    ttls: Mutex<Vec<Duration>>,
    batches: Mutex<Vec<usize>>,
}

impl L2Store for Gate {
    fn get_many<'a>(&'a self, _: &'a [StoreKey]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>, StoreError>> {
        Box::pin(async {
            Err(StoreError::Timeout {
                after: Duration::from_millis(50),
            })
        })
    }

    fn put_many<'a>(&'a self, entries: &'a [StoredEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let _permit = self.open.acquire().await.unwrap();
            if self.fails.load(Ordering::Relaxed) {
                return Err(StoreError::Failed { error: "full".into() });
            }
            let bytes = entries.iter().map(|entry| entry.bytes.len()).sum();
            self.batches.lock().unwrap().push(bytes);
            self.ttls
                .lock()
                .unwrap()
                .extend(entries.iter().map(|entry| entry.ttl));
            Ok(())
        })
    }

    fn remove_many<'a>(&'a self, _: &'a [StoreKey]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn clear(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::Connected
    }
}

fn gate() -> Arc<Gate> {
    Arc::new(Gate {
        open: Semaphore::new(0),
        fails: AtomicBool::new(false),
        ttls: Mutex::default(),
        batches: Mutex::default(),
    })
}

#[tokio::test]
async fn fills_beyond_the_queue_are_dropped_and_lifetimes_differ() {
    let gate = gate();
    let config = L2Config {
        fills_max: 20,
        ttl: Duration::from_secs(100),
        ..L2Config::default()
    };
    let l2 = L2::new(gate.clone(), &namespace(), &config).unwrap();
    let taken = (0..100).filter(|&id| l2.fill(fill(id, "Ada"))).count();
    assert_eq!(taken, 20);
    assert_eq!(l2.stats().fills_dropped, 80);
    gate.open.add_permits(1);
    until("stored", || l2.stats().fills == 20).await;
    assert!(l2.fill(fill(1, "Ada")), "there is room again");
    until("stored", || l2.stats().fills == 21).await;

    let ttls = gate.ttls.lock().unwrap().clone();
    let bounds = Duration::from_secs(90)..=Duration::from_secs(110);
    assert!(ttls.iter().all(|ttl| bounds.contains(ttl)), "{ttls:?}");
    assert!(ttls.iter().any(|ttl| *ttl != ttls[0]), "{ttls:?}");

    // No lifetime is too long, and none too short.
    for ttl in [Duration::MAX, Duration::ZERO] {
        l2.fill(Fill {
            ttl: Some(ttl),
            ..fill(1, "Ada")
        });
    }
    until("stored", || l2.stats().fills == 23).await;
    let ttls = gate.ttls.lock().unwrap().clone();
    assert!(ttls[21] < Duration::from_secs(500 * 24 * 3600) && ttls[22] == Duration::from_millis(1));

    gate.fails.store(true, Ordering::Relaxed);
    l2.fill(fill(1, "Ada"));
    until("failed", || l2.stats().fills_failed == 1).await;
    assert_eq!(l2.get(&key(1), |_| Some(())).await, None);
    assert_eq!(l2.stats().timeouts, 1);
}

#[tokio::test]
async fn fills_are_bounded_in_bytes_and_entries_in_size() {
    let gate = gate();
    let text = "x".repeat(10_000);
    let config = L2Config {
        fill_bytes_max: 25_000,
        codec: CodecConfig {
            entry_bytes_max: 5_000,
            ..CodecConfig::default()
        },
        ..L2Config::default()
    };
    let l2 = L2::new(gate.clone(), &namespace(), &config).unwrap();
    assert!(l2.fill(fill(1, &text)) && l2.fill(fill(2, &text)));
    assert!(!l2.fill(fill(3, &text)));
    gate.open.add_permits(1);
    until("refused", || l2.stats().fills_too_large == 2).await;
    assert!(l2.fill(fill(4, "small")));
    until("stored", || l2.stats().fills == 1).await;
}

#[tokio::test]
async fn large_entries_go_to_the_store_one_after_the_other() {
    let gate = gate();
    gate.open.add_permits(1);
    let config = L2Config {
        codec: CodecConfig {
            pack_over_bytes: usize::MAX,
            ..CodecConfig::default()
        },
        ..L2Config::default()
    };
    let l2 = L2::new(gate.clone(), &namespace(), &config).unwrap();
    for id in 0..4 {
        assert!(l2.fill(fill(id, &"x".repeat(100_000))));
    }
    assert!(l2.fill(fill(5, &"x".repeat(500_000))));
    until("stored", || l2.stats().fills == 5).await;
    let batches = gate.batches.lock().unwrap().clone();
    assert_eq!(batches.len(), 3, "{batches:?}");
    assert!(batches[..2].iter().all(|&bytes| bytes <= 262_144), "{batches:?}");
}
