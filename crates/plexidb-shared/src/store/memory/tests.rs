//! Entries expire, make room, and go when they are told to.

use super::*;

fn entry(number: u8, bytes: usize, seconds: u64) -> StoredEntry {
    StoredEntry {
        key: StoreKey([number; 16]),
        bytes: vec![number; bytes].into(),
        ttl: Duration::from_secs(seconds),
    }
}

async fn found(store: &MemoryStore, numbers: &[u8]) -> Vec<Option<u8>> {
    let keys: Vec<StoreKey> = numbers.iter().map(|&number| StoreKey([number; 16])).collect();
    let entries = store.get_many(&keys).await.unwrap();
    entries
        .into_iter()
        .map(|entry| entry.map(|bytes| bytes[0]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn entries_expire_and_are_replaced() {
    let store = MemoryStore::new(1000);
    store
        .put_many(&[entry(1, 10, 5), entry(2, 10, 50)])
        .await
        .unwrap();
    assert_eq!(found(&store, &[2, 3, 1]).await, [Some(2), None, Some(1)]);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(found(&store, &[1, 2]).await, [None, Some(2)]);
    store.put_many(&[entry(2, 10, 1)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(found(&store, &[2]).await, [None]);
    assert!(store.is_empty());
}

#[tokio::test]
async fn the_oldest_make_room() {
    let store = MemoryStore::new(25);
    store.put_many(&[entry(1, 10, 5), entry(2, 10, 5)]).await.unwrap();
    store.put_many(&[entry(1, 10, 5), entry(3, 10, 5)]).await.unwrap();
    assert_eq!(found(&store, &[1, 2, 3]).await, [Some(1), None, Some(3)]);
    store.put_many(&[entry(4, 26, 5)]).await.unwrap();
    assert!(store.is_empty());
}

#[tokio::test]
async fn entries_are_removed_by_name_and_all_together() {
    let store = MemoryStore::new(100);
    store
        .put_many(&[entry(1, 10, 5), entry(2, 10, 5), entry(3, 10, 5)])
        .await
        .unwrap();
    store
        .remove_many(&[StoreKey([2; 16]), StoreKey([9; 16])])
        .await
        .unwrap();
    assert_eq!(found(&store, &[1, 2, 3]).await, [Some(1), None, Some(3)]);
    assert_eq!(store.clear().await, Ok(2));
    assert!(store.is_empty());
}
