//! The session that a scoped request used, in the hands of the next borrower.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use plexidb::{Manager, params};

use super::{Shop, TITLES, prime, texts};
use crate::databases::NONE;

/// Shows that the only connection of the pool has no tenant.
async fn assert_without_tenant(db: &Manager) {
    let sql = "SELECT COALESCE(current_setting('app.tenant', true), '') || current_setting('app.user', true)";
    let rows = db.query(sql, NONE).await.unwrap();
    assert_eq!(rows[0].get::<Option<String>>(0).unwrap().unwrap_or_default(), "");
    assert!(texts(&db.query(TITLES, NONE).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_connection_is_used_again_without_the_scope() {
    let shop = Shop::with_connections(1).await;
    let backend = "SELECT pg_backend_pid()::text";
    let before = texts(&shop.db.query(backend, NONE).await.unwrap());
    let scope = shop.tenant("a").scope("app.user", "u").unwrap();
    for _ in 0..3 {
        assert_eq!(texts(&scope.query(backend, NONE).await.unwrap()), before);
        assert_without_tenant(&shop.db).await;
        scope.execute("UPDATE docs SET views = 1", NONE).await.unwrap();
        assert_without_tenant(&shop.db).await;
        // Refused by the database: the session is as good as before.
        scope
            .query("SELECT 1 / views FROM docs WHERE id = :id", params! { id: "x" })
            .await
            .unwrap_err();
        scope
            .execute("INSERT INTO docs VALUES (1, 'a', 'twice')", NONE)
            .await
            .unwrap_err();
        assert_without_tenant(&shop.db).await;
    }
    assert_eq!(texts(&shop.db.query(backend, NONE).await.unwrap()), before);
}

#[tokio::test]
async fn what_a_scoped_statement_sets_itself_goes_with_its_connection() {
    let shop = Shop::with_connections(1).await;
    for sql in ["SET app.tenant = 'b'", "SET app.\"user\" = 'b'"] {
        shop.tenant("a").execute(sql, NONE).await.unwrap();
        assert_without_tenant(&shop.db).await;
    }
    shop.tenant("a")
        .query("SELECT set_config('app.user', 'b', false)", NONE)
        .await
        .unwrap();
    assert_without_tenant(&shop.db).await;
}

/// Polls the future so many times and drops it; whether it was finished before.
async fn drop_after_polls<F: Future>(future: F, polls: usize) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
        {
            return true;
        }
        // Gives the server time to answer, so that each poll sees another state.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_future_takes_its_scope_along_wherever_it_was() {
    let shop = Shop::with_connections(1).await;
    let tenant = shop.tenant("a");
    let mut finished = [false; 3];
    for polls in 0..14 {
        let read = tenant.query("SELECT title FROM docs WHERE now() > '2000-01-01'", NONE);
        finished[0] |= drop_after_polls(read, polls).await;
        assert_without_tenant(&shop.db).await;
        let write = tenant.execute("UPDATE docs SET views = views + 1 WHERE id = 1", NONE);
        finished[1] |= drop_after_polls(write, polls).await;
        assert_without_tenant(&shop.db).await;
        let transaction = async {
            let mut transaction = tenant.begin().await?;
            transaction.query(TITLES, NONE).await?;
            transaction.commit().await
        };
        finished[2] |= drop_after_polls(transaction, polls).await;
        assert_without_tenant(&shop.db).await;
    }
    assert_eq!(finished, [true; 3], "the last rounds must reach the end");
    prime(&tenant, TITLES).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_leaves_no_scope() {
    let shop = Shop::with_connections(1).await;
    let execution = plexidb::Execution {
        timeout: Some(Duration::from_millis(100)),
        ..plexidb::Execution::default()
    };
    shop.tenant("a")
        .query_with("SELECT pg_sleep(30)", NONE, execution)
        .await
        .unwrap_err();
    assert_without_tenant(&shop.db).await;
}
