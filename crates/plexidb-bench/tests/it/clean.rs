//! Without a fault in the protocol no result is ever older than an acknowledged write, whatever else goes wrong.

use plexidb_bench::{CoherenceOptions, Product, coherence};

use crate::TURN;

async fn no_violation(product: Product) {
    let _turn = TURN.lock().await;
    let is_full = std::env::var_os("PLEXIDB_TEST_FULL").is_some();
    let operations = if is_full { 600_000 } else { 40_000 };
    let options = CoherenceOptions {
        database: Some(product),
        seed: 1,
        operations: Some(operations),
        replay: None,
    };
    for findings in coherence(options, true).await.unwrap() {
        assert!(
            findings.violations().is_empty(),
            "{}",
            findings.violations().join("\n\n")
        );
        assert_eq!(findings.unexpected(), None);
        assert!(findings.checked() > 10_000, "{findings:?}");
        assert!(
            findings.hit_ratio() > 0.05,
            "the cache was hardly asked: {findings:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_violation_on_sqlite() {
    no_violation(Product::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_violation_on_postgres() {
    no_violation(Product::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_violation_on_mariadb() {
    no_violation(Product::MariaDb).await;
}
