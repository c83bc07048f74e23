//! What nobody waits for leaves the last connection to those who wait.

use std::time::Duration;

use plexidb::{DatabaseConfig, Source, params};

use super::{connect, pool_stats, until};
use crate::databases::{NONE, TestDatabase};

/// Two connections, none beyond.
fn two(database: &TestDatabase) -> DatabaseConfig {
    DatabaseConfig {
        connection_pool_size: 2,
        max_overflow: 0,
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_background_statement_waits_where_a_users_does_not() {
    let database = TestDatabase::postgres();
    let db = connect(two(&database)).await;
    let transaction = db.begin().await.unwrap();
    let background = tokio::spawn({
        let db = db.clone();
        async move {
            db.select("SELECT 1")
                .background()
                .no_cache()
                .fetch()
                .await
                .map(|rows| rows.len())
        }
    });
    until("it waits", || pool_stats(&db).waiting == 1).await;
    // Many users in a row, who all find the other connection free.
    for number in 0..20 {
        let rows = db
            .select("SELECT :n AS n")
            .bind_named("n", number)
            .no_cache()
            .fetch()
            .await;
        assert_eq!(rows.unwrap().len(), 1);
    }
    assert!(!background.is_finished());
    transaction.rollback().await.unwrap();
    assert_eq!(background.await.unwrap().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_is_fetched_anew_behind_the_users() {
    let database = TestDatabase::postgres();
    let db = connect(two(&database)).await;
    db.execute_script(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(50)); INSERT INTO notes VALUES (1, 'old')",
    )
    .await
    .unwrap();
    let read = || {
        let select = db.select("SELECT body FROM notes WHERE id = 1");
        select.stale_while_revalidate(Duration::from_secs(60)).fetch()
    };
    read().await.unwrap();
    assert_eq!(read().await.unwrap().source(), Source::L1);
    db.execute(
        "UPDATE notes SET body = :body WHERE id = 1",
        params! { body: "new" },
    )
    .await
    .unwrap();
    // Both connections are there, so that nobody waits for one to be made.
    let (other, transaction) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    other.rollback().await.unwrap();
    assert_eq!(read().await.unwrap().source(), Source::Stale);
    // One connection is free, and the new result is not worth it.
    until("it waits", || pool_stats(&db).waiting == 1).await;
    db.query("SELECT 1", NONE).await.unwrap();
    transaction.rollback().await.unwrap();
    until("nobody waits", || {
        pool_stats(&db).waiting == 0 && pool_stats(&db).active == 0
    })
    .await;
    let rows = read().await.unwrap();
    assert_eq!(rows[0].get::<&str>("body").unwrap(), "new");
}
