//! While servers die, are replaced, freeze or cannot be reached, no read is wrong, no acknowledged write is lost, and nothing leaks.

use plexidb_bench::{ChaosOptions, Product, chaos};

use crate::TURN;

async fn nothing_goes_wrong(product: Product, seconds: u64) {
    let _turn = TURN.lock().await;
    let is_full = std::env::var_os("PLEXIDB_TEST_FULL").is_some();
    let options = ChaosOptions {
        database: Some(product),
        seed: 1,
        seconds: Some(if is_full { 3_600 } else { seconds }),
    };
    for findings in chaos(options, true).await.unwrap() {
        assert!(findings.violations().is_empty(), "{}", findings.text());
        // A run that hardly reads or writes, or hardly breaks anything, shows nothing.
        assert!(findings.reads() > 200, "{}", findings.text());
        assert!(findings.reads_of_replicas() > 0, "{}", findings.text());
        assert!(findings.writes() > 50, "{}", findings.text());
        assert!(findings.episodes() > 0, "{}", findings.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_wrong_while_postgres_fails() {
    nothing_goes_wrong(Product::Postgres, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_wrong_while_mariadb_fails() {
    nothing_goes_wrong(Product::MariaDb, 12).await;
}
