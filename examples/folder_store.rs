//! A store of one's own for the shared cache: entries are files in a folder, which several processes on a machine may share.
//!
//! `cargo run -p plexidb-shared --example folder_store`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use bytes::Bytes;
use plexidb_core::{BoxFuture, RowSet};
use plexidb_shared::store::{
    EntryKey, Fill, KeyParts, L2, L2Config, L2Store, Namespace, Origin, StoreError, StoreKey, StoreStatus,
    StoredEntry,
};

/// The longest wait for the disk. A store never makes a reader wait for longer than the database would.
const CALL_TIMEOUT: Duration = Duration::from_millis(50);

struct FolderStore(PathBuf);

impl FolderStore {
    /// Does the work on a thread that may block, and gives up on it in time.
    async fn within_time<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder));
        let failed = |error: String| StoreError::Failed { error: error.into() };
        match tokio::time::timeout(CALL_TIMEOUT, done).await {
            Err(_) => Err(StoreError::Timeout { after: CALL_TIMEOUT }),
            Ok(Err(panic)) => Err(failed(panic.to_string())),
            Ok(Ok(result)) => result.map_err(|error| failed(error.to_string())),
        }
    }
}

/// A file holds the millisecond at which it expires, then the entry.
fn read(folder: &Path, key: StoreKey) -> Option<Bytes> {
    let bytes = Bytes::from(fs::read(folder.join(key.to_string())).ok()?);
    let expires_at_ms = u128::from(u64::from_le_bytes(*bytes.first_chunk()?));
    (expires_at_ms > now().as_millis()).then(|| bytes.slice(8..))
}

/// Renaming replaces a file as a whole: nobody reads half of it. Damage would be a miss, too.
fn write(folder: &Path, entry: &StoredEntry) -> io::Result<()> {
    let expires_at_ms = u64::try_from((now() + entry.ttl).as_millis()).unwrap_or(u64::MAX);
    let draft = folder.join(format!("{}.{}", entry.key, std::process::id()));
    fs::write(&draft, [&expires_at_ms.to_le_bytes(), &entry.bytes[..]].concat())?;
    fs::rename(draft, folder.join(entry.key.to_string()))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl L2Store for FolderStore {
    fn get_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>, StoreError>> {
        let keys = keys.to_vec();
        Box::pin(self.within_time(move |folder| Ok(keys.iter().map(|&key| read(folder, key)).collect())))
    }

    fn put_many<'a>(&'a self, entries: &'a [StoredEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        let entries = entries.to_vec();
        Box::pin(self.within_time(move |folder| entries.iter().try_for_each(|entry| write(folder, entry))))
    }

    fn remove_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<(), StoreError>> {
        let keys = keys.to_vec();
        Box::pin(self.within_time(move |folder| {
            // What is not there needs no removing.
            keys.iter()
                .for_each(|key| drop(fs::remove_file(folder.join(key.to_string()))));
            Ok(())
        }))
    }

    fn clear(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.within_time(|folder| {
            let files: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
            files.iter().try_for_each(|file| fs::remove_file(file.path()))?;
            Ok(files.len() as u64)
        }))
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::Connected
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(FolderStore(folder.path().to_owned()));
    let l2 = L2::new(store, &Namespace::new("example")?, &L2Config::default())?;
    let key = EntryKey::new(&KeyParts {
        database: "chat",
        catalog: 1,
        scope: b"",
        sql: "SELECT 1",
        params: &[],
    });
    let origin = Origin {
        epoch: 1,
        first: vec![],
        then: vec![(7, 3)],
        cost_us: 900,
        filled_at_ms: 0,
    };
    l2.fill(Fill {
        key: key.clone(),
        origin,
        rows: RowSet::empty(),
        ttl: None,
    });
    while l2.stats().fills == 0 {
        tokio::task::yield_now().await;
    }
    // Whoever reads says whether an entry is fresh: here, whether slot 7 is still at version 3.
    let found = l2
        .get(&key, |origin| (origin.then == [(7, 3)]).then_some(()))
        .await;
    assert!(found.is_some() && l2.get(&key, |_| None::<()>).await.is_none());
    println!("{:?}; removed {}", l2.stats(), l2.clear().await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_keeps_and_finds_a_result() -> Result<(), Box<dyn std::error::Error>> {
        super::main()
    }
}
