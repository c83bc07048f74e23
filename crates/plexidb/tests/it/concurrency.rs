//! Many readers and writers at once: no result older than an acknowledged write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use plexidb::{Manager, Source, params};

use crate::databases::{NONE, TestDatabase, on_each_database};

on_each_database! {
    no_read_is_older_than_an_acknowledged_write
    both_rows_of_a_transaction_change_together
}

/// Rows on which the writers count; each has one writer.
const REGISTERS: i64 = 4;

/// Each register counts up. A read that begins after count n was acknowledged must see at least n.
async fn no_read_is_older_than_an_acknowledged_write(database: TestDatabase) {
    let db = counters(&database).await;
    let acknowledged: Arc<Vec<AtomicI64>> = Arc::new((0..REGISTERS).map(|_| AtomicI64::new(0)).collect());
    let is_over = Arc::new(AtomicBool::new(false));
    let rounds = if std::env::var_os("PLEXIDB_TEST_FULL").is_some() {
        5_000
    } else {
        150
    };

    let readers: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(read_until(
                db.clone(),
                Arc::clone(&acknowledged),
                Arc::clone(&is_over),
            ))
        })
        .collect();
    let writers: Vec<_> = (0..REGISTERS)
        .map(|id| {
            let (db, acknowledged) = (db.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for count in 1..=rounds {
                    db.execute("UPDATE counters SET n = n + 1 WHERE id = :id", params! { id: id })
                        .await
                        .unwrap();
                    acknowledged[id as usize].store(count, Ordering::SeqCst);
                    // Time for readers to hit what they have just stored.
                    if count % 8 == 0 {
                        tokio::time::sleep(Duration::from_millis(3)).await;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    is_over.store(true, Ordering::SeqCst);
    let mut hits = 0;
    for reader in readers {
        hits += reader.await.unwrap();
    }
    assert!(hits > 0, "a run without a hit has shown nothing");
}

async fn read_until(db: Manager, acknowledged: Arc<Vec<AtomicI64>>, is_over: Arc<AtomicBool>) -> u64 {
    let mut hits = 0;
    let mut last = vec![0; REGISTERS as usize];
    while !is_over.load(Ordering::SeqCst) {
        // Several reads of one register in a row, so that some of them are hits; then a pause for the writers.
        for id in (0..REGISTERS).flat_map(|id| [id; 4]) {
            let floor = acknowledged[id as usize]
                .load(Ordering::SeqCst)
                .max(last[id as usize]);
            let rows = db
                .query("SELECT n FROM counters WHERE id = :id", params! { id: id })
                .await
                .unwrap();
            let n: i64 = rows[0].get(0).unwrap();
            assert!(
                n >= floor,
                "register {id}: read {n} from {} after {floor} was acknowledged or read",
                rows.source()
            );
            last[id as usize] = n;
            hits += u64::from(rows.source() == Source::L1);
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    hits
}

/// Two rows are always written together; a read of both must never see one without the other.
async fn both_rows_of_a_transaction_change_together(database: TestDatabase) {
    let db = counters(&database).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (db, is_over) = (db.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                let rows = db
                    .query("SELECT n FROM counters WHERE id IN (0, 1) ORDER BY id", NONE)
                    .await
                    .unwrap();
                let (left, right): (i64, i64) = (rows[0].get(0).unwrap(), rows[1].get(0).unwrap());
                assert_eq!(left, right, "torn read from {}", rows.source());
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        })
    };
    for _ in 0..60 {
        let mut transaction = db.begin().await.unwrap();
        for id in [0, 1] {
            transaction
                .execute("UPDATE counters SET n = n + 1 WHERE id = :id", params! { id: id })
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
    is_over.store(true, Ordering::SeqCst);
    reader.await.unwrap();
}

async fn counters(database: &TestDatabase) -> Manager {
    let db = database.connect().await;
    db.execute(
        "CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
        NONE,
    )
    .await
    .unwrap();
    for id in 0..REGISTERS {
        db.execute("INSERT INTO counters VALUES (:id, 0)", params! { id: id })
            .await
            .unwrap();
    }
    db
}
