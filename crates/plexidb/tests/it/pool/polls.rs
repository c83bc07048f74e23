//! Every call of plexidb, dropped at each of its polls: no slot of the pool or the cache stays taken, and whoever comes next gets
//! a clean session and the rows of its own statement.

use std::future::{Future, poll_fn};
use std::task::Poll;

use plexidb::{DatabaseConfig, Error, Manager, Value, params};

use super::{connect, pool_stats, until};
use crate::databases::{NONE, TestDatabase, on_each_database};

on_each_database! {
    a_read_can_be_dropped_at_each_poll
    a_write_can_be_dropped_at_each_poll
    many_writes_can_be_dropped_at_each_poll
    a_transaction_can_be_dropped_at_each_poll
    a_rollback_can_be_dropped_at_each_poll
    a_stream_can_be_dropped_at_each_poll
}

/// More polls than any of these calls takes.
const POLLS_MAX: usize = 400;

/// Polls the future up to so many times, whenever it is woken, and drops it at the next wake-up.
async fn drop_at_poll<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Drops a call at each of its polls, until it has ended by itself.
async fn drop_at_each_poll(database: TestDatabase, call: impl AsyncFn(&Manager) -> Result<(), Error>) {
    let db = connect(DatabaseConfig {
        connection_pool_size: 2,
        max_overflow: 0,
        ..DatabaseConfig::from_url("chat", database.url.as_str())
    })
    .await;
    db.execute_script(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(50) NOT NULL);
         INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    )
    .await
    .unwrap();
    for polls in 0..POLLS_MAX {
        let outcome = drop_at_poll(call(&db), polls).await;
        assert_clean(&db, polls).await;
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(polls > 0);
            return;
        }
    }
    panic!("it did not end within {POLLS_MAX} polls");
}

async fn assert_clean(db: &Manager, polls: usize) {
    // Two at once, so that each connection of the pool is met.
    let own = |number: i64| async move {
        let rows = db
            .select("SELECT body, :number AS own FROM notes WHERE id = 3")
            .bind_named("number", number)
            .no_cache()
            .fetch()
            .await
            .unwrap();
        assert_eq!((rows.len(), rows.columns().len()), (1, 2), "{polls} polls");
        let found = rows[0].get::<&str>("body").unwrap();
        assert_eq!(found, "three", "{polls} polls: the row of another statement");
    };
    tokio::join!(own(1), own(2));
    until("all connections are back", || {
        let stats = pool_stats(db);
        stats.active == 0 && stats.waiting == 0
    })
    .await;
    until("no write is in doubt", || db.stats().slots[0].1.held == 0).await;
    assert_eq!(db.stats().slots[0].1.abandoned, 0, "{polls} polls");
    // A session that was left in a transaction would not show this to the others.
    let sql = "UPDATE notes SET body = :body WHERE id = 2";
    let body = format!("after {polls} polls");
    db.execute(sql, params! { body: body.as_str() }).await.unwrap();
    for _ in 0..2 {
        let rows = db
            .query("SELECT body FROM notes WHERE id = 2", NONE)
            .await
            .unwrap();
        assert_eq!(rows[0].get::<&str>("body").unwrap(), body);
    }
}

async fn a_read_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        let rows = db.select("SELECT id, body FROM notes").no_cache().fetch().await?;
        assert_eq!(rows.len(), 3);
        Ok(())
    })
    .await;
}

async fn a_write_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        db.execute("UPDATE notes SET body = 'dropped' WHERE id = 1", NONE)
            .await?;
        Ok(())
    })
    .await;
}

async fn many_writes_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        let rows: Vec<_> = (0..3)
            .map(|number| vec![Value::from(format!("dropped {number}"))])
            .collect();
        let placeholder = match db.databases()[0].dialect() {
            plexidb::Dialect::Postgres => "$1",
            _ => "?",
        };
        let sql = format!("UPDATE notes SET body = {placeholder} WHERE id = 1");
        db.execute_many(&sql, &rows).await?;
        Ok(())
    })
    .await;
}

async fn a_transaction_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        let mut transaction = db.begin().await?;
        transaction
            .execute("UPDATE notes SET body = 'dropped' WHERE id = 1", NONE)
            .await?;
        transaction
            .query("SELECT body FROM notes WHERE id = 1", NONE)
            .await?;
        let mut savepoint = transaction.savepoint().await?;
        savepoint
            .execute("UPDATE notes SET body = 'deeper' WHERE id = 1", NONE)
            .await?;
        savepoint.rollback().await?;
        transaction.commit().await
    })
    .await;
}

async fn a_rollback_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        let mut transaction = db.begin().await?;
        transaction
            .execute("UPDATE notes SET body = 'undone' WHERE id = 1", NONE)
            .await?;
        transaction.rollback().await
    })
    .await;
}

async fn a_stream_can_be_dropped_at_each_poll(database: TestDatabase) {
    drop_at_each_poll(database, async |db| {
        // Some chunks.
        let sql = "SELECT a.id FROM notes a, notes b, notes c, notes d, notes e, notes f, notes g";
        let mut stream = db.stream(sql, NONE).await?;
        let mut rows = 0;
        while stream.next().await?.is_some() {
            rows += 1;
        }
        assert_eq!(rows, 3_i32.pow(7));
        Ok(())
    })
    .await;
}
