//! Hits answer at once, and are no burden to the tasks beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plexidb::{Source, params};

/// More than a task may make at a stretch.
const HITS_MAX: usize = 2_000;
const READ: &str = "SELECT b FROM t WHERE id = ?";

/// Both ways to a hit, each in a loop on the only thread of its runtime.
#[tokio::test]
async fn a_loop_of_hits_lets_other_tasks_run() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("hits.db").display());
    let db = plexidb::connect(&url).await.unwrap();
    db.execute_script("CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (7, 'b')")
        .await
        .unwrap();
    for has_settings in [false, true] {
        db.query(READ, params![7]).await.unwrap();
        let has_run = Arc::new(AtomicBool::new(false));
        let other = tokio::spawn({
            let has_run = Arc::clone(&has_run);
            async move { has_run.store(true, Ordering::Relaxed) }
        });
        let mut hits = 0;
        while !has_run.load(Ordering::Relaxed) {
            let rows = if has_settings {
                db.query_with(READ, params![7], plexidb::Execution::default())
                    .await
            } else {
                db.query(READ, params![7]).await
            };
            assert_eq!(rows.unwrap().source(), Source::L1);
            hits += 1;
            assert!(hits < HITS_MAX, "nothing else has run during {hits} hits");
        }
        assert!(
            hits > 100,
            "a hit waits for nothing, and a task ran after {hits} of them"
        );
        other.await.unwrap();
    }
}
