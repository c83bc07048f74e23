//! The layer behind PgBouncer in transaction mode: other server sessions from one statement to the next.

use std::time::{Duration, Instant};

use plexidb::{Manager, Source, params};
use plexidb_testkit::{PgBouncer, PostgresDatabase, postgres};

const SELECT: &str = "SELECT n FROM counters WHERE id = $1";
const PATIENCE: Duration = Duration::from_secs(30);

async fn count(db: &Manager, id: i64) -> (i64, Source) {
    let rows = db.query(SELECT, params![id]).await.unwrap();
    (rows[0].get("n").unwrap(), rows.source())
}

fn count_in(database: &PostgresDatabase<'_>, id: i64) -> i64 {
    let sql = format!("SELECT n FROM counters WHERE id = {id}");
    database.client(&sql).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_fresh_behind_a_transaction_pooler() {
    let database = postgres().fresh_database();
    database.client(
        "CREATE TABLE counters (id int PRIMARY KEY, n int); INSERT INTO counters SELECT g, 0 FROM generate_series(1, 20) g",
    );
    let pooler = PgBouncer::start(postgres(), 2, &[]).unwrap();
    let db = plexidb::connect(&pooler.through(&database.url())).await.unwrap();
    for turn in 0..20 {
        assert_eq!(count(&db, 3).await.0, turn);
        assert_eq!(count(&db, 3).await, (turn, Source::L1));
        let update = "UPDATE counters SET n = n + 1 WHERE id = $1";
        db.execute(update, params![3]).await.unwrap();
    }
    let mut transaction = db.begin().await.unwrap();
    let update = "UPDATE counters SET n = 100 WHERE id = 4";
    transaction.execute(update, params![]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&db, 4).await.0, 100);

    // Writes whose futures are dropped: in doubt until their sessions have answered, then cached again.
    for _ in 0..5 {
        let slow = "UPDATE counters SET n = n + 1 FROM pg_sleep(0.05) WHERE id = $1";
        let _ = tokio::time::timeout(Duration::from_millis(20), db.execute(slow, params![5])).await;
    }
    let begun = Instant::now();
    loop {
        let (cached, source) = count(&db, 5).await;
        if source == Source::L1 {
            assert_eq!(cached, count_in(&database, 5));
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing is cached any more");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let refused = db.execute("SET work_mem = '5MB'", params![]).await.unwrap_err();
    assert!(refused.to_string().contains("pooler"), "{refused}");
    db.close().await;
}
