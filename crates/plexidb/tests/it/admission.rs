//! A full cache keeps what is dear to fetch, and tells what it did not keep.

use plexidb::{Config, Manager, StatementStats, params};

/// Reads of each kind until the test gives up.
const READS_MAX: i64 = 20_000;
/// Some milliseconds of work for one small row.
const DEAR: &str = "SELECT count(*) FROM numbers a, numbers b WHERE a.id + b.id > ?";
/// 30 kB for some microseconds of work.
const CHEAP: &str = "SELECT b FROM blobs WHERE id = ?";

async fn open(folder: &tempfile::TempDir) -> Manager {
    let path = folder.path().join("full.db");
    let text = format!(
        "l1_bytes_max = \"512 KiB\"\n[database.full]\nurl = \"sqlite:{}?mode=rwc\"\nadaptive_caching = false",
        path.display()
    );
    let db = Manager::from_config(Config::from_toml(&text).unwrap())
        .await
        .unwrap();
    db.execute_script(
        "CREATE TABLE numbers (id INTEGER PRIMARY KEY);
         CREATE TABLE blobs (id INTEGER PRIMARY KEY, b BLOB NOT NULL);
         INSERT INTO numbers WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 300) SELECT id FROM n;
         INSERT INTO blobs SELECT id, zeroblob(30000) FROM numbers",
    )
    .await
    .unwrap();
    db
}

fn stats(db: &Manager, word: &str) -> StatementStats {
    db.databases()[0]
        .statement_stats()
        .into_iter()
        .find(|stats| stats.statement.starts_with("select") && stats.statement.contains(word))
        .unwrap()
}

#[tokio::test]
async fn what_is_not_kept_is_told_by_statistics_and_explain() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder).await;
    db.query(DEAR, params![0]).await.unwrap();
    db.query(CHEAP, params![1]).await.unwrap();
    assert_eq!(stats(&db, "blobs").not_admitted, 0);
    assert!(!db.explain(CHEAP).to_string().contains("not kept"));
    // Each blob is read twice, which would let it drive out the counts.
    let mut refused = 0;
    for round in 0..READS_MAX {
        db.query(DEAR, params![round % 100]).await.unwrap();
        for _ in 0..2 {
            let rows = db.query(CHEAP, params![1 + round % 300]).await.unwrap();
            assert_eq!(rows[0].get::<Vec<u8>>(0).unwrap().len(), 30_000);
        }
        refused = stats(&db, "blobs").not_admitted;
        if refused > 100 {
            break;
        }
    }
    assert!(refused > 100, "{READS_MAX} rounds refused {refused} blobs");
    let (dear, cheap) = (stats(&db, "numbers"), stats(&db, "blobs"));
    assert_eq!(
        db.cache_stats().not_admitted,
        dear.not_admitted + cheap.not_admitted
    );
    assert!(dear.not_admitted < refused / 4, "{dear:?}");
    assert!(
        cheap.fills > 0 && cheap.fills + refused <= cheap.executions,
        "{cheap:?}"
    );
    let explanation = db.explain(CHEAP);
    assert_eq!(explanation.not_admitted, refused);
    assert!(
        explanation
            .to_string()
            .contains(&format!("{refused} results were not kept")),
        "{explanation}"
    );
}
