//! Reads from replicas, on servers that replicate: what a reader has written it sees, whoever serves it; servers come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Manager, ReplicaConfig, Replicas, Rows, Source, params};
use plexidb_testkit::{MariaDbCluster, PostgresCluster};

/// The longest that anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

const SELECT: &str = "SELECT body FROM notes WHERE id = 1";

async fn connect(primary: String, replicas: impl Iterator<Item = String>) -> Manager {
    let database = DatabaseConfig {
        replicas: replicas.map(ReplicaConfig::from_url).collect(),
        replica_check_interval: Duration::from_millis(50),
        ..DatabaseConfig::from_url("chat", primary)
    };
    let config = Config::builder().database(database).build().unwrap();
    let db = Manager::from_config(config).await.unwrap();
    db.execute_script(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
         CREATE TABLE others (id INTEGER PRIMARY KEY);
         INSERT INTO notes VALUES (1, 'old');",
    )
    .await
    .unwrap();
    db
}

async fn connect_postgres(cluster: &PostgresCluster) -> Manager {
    let replicas = cluster.replicas.iter().map(|replica| replica.url());
    connect(cluster.primary.url(), replicas).await
}

/// Reads past the cache.
async fn read(db: &Manager, replicas: Replicas) -> Rows {
    let select = db.select(SELECT).replicas(replicas).no_cache();
    select.fetch().await.unwrap()
}

fn body(rows: &Rows) -> &str {
    rows[0].get("body").unwrap()
}

/// Whether a replica has served it.
fn is_of_replica(rows: &Rows, primary_port: u16) -> bool {
    let port = format!(":{primary_port}");
    !rows.endpoint().unwrap().contains(&port)
}

/// Reads until a replica serves it.
async fn read_from_replica(db: &Manager, primary_port: u16, replicas: Replicas) -> Rows {
    let reading = async {
        loop {
            let rows = read(db, replicas).await;
            if is_of_replica(&rows, primary_port) {
                return rows;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_seen_whatever_the_replicas_have_replayed() {
    let cluster = PostgresCluster::start(1).unwrap();
    let port = cluster.primary.port();
    let db = connect_postgres(&cluster).await;
    assert_eq!(body(&read_from_replica(&db, port, Replicas::Strict).await), "old");
    assert!(!is_of_replica(&read(&db, Replicas::Never).await, port));

    cluster.replicas[0].pause_replay().unwrap();
    db.execute("UPDATE notes SET body = 'new' WHERE id = 1", params![])
        .await
        .unwrap();
    // Through several checks: none of them may take the paused replica for fresh.
    for _ in 0..100 {
        let rows = db.query(SELECT, params![]).await.unwrap();
        assert_eq!(body(&rows), "new");
        assert!(rows.source() == Source::L1 || !is_of_replica(&rows, port));
        let rows = read(&db, Replicas::Strict).await;
        assert_eq!(body(&rows), "new");
        tokio::time::sleep(POLL_INTERVAL).await;
    }

    // Whoever asks for less gets what the replica shows, and the cache does not.
    let lag = Replicas::Lag(PATIENCE);
    let rows = db.select(SELECT).replicas(lag).no_cache().fetch().await.unwrap();
    assert!(is_of_replica(&rows, port));
    assert_eq!(body(&rows), "old");
    db.clear_cache();
    let rows = db.select(SELECT).replicas(lag).fetch().await.unwrap();
    assert!(is_of_replica(&rows, port));
    assert_eq!((body(&rows), rows.is_kept()), ("old", false));
    assert_eq!(body(&db.query(SELECT, params![]).await.unwrap()), "new");

    cluster.replicas[0].resume_replay().unwrap();
    assert_eq!(body(&read_from_replica(&db, port, Replicas::Strict).await), "new");
    let (_, stats) = &db.stats().endpoints[0];
    assert_eq!(stats.endpoints.len(), 2);
    assert!(stats.primary.is_some() && stats.endpoints[1].chosen > 0);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_to_mariadb_is_seen_whatever_the_replica_has_replayed() {
    let cluster = MariaDbCluster::start(1).unwrap();
    let port = cluster.primary.port();
    let database = |url: String| format!("{}/chat", url.trim_end_matches('/'));
    cluster.primary.client("CREATE DATABASE chat");
    cluster.catch_up().unwrap();
    let replicas = cluster.replicas.iter().map(|replica| database(replica.url()));
    let db = connect(database(cluster.primary.url()), replicas).await;
    assert_eq!(body(&read_from_replica(&db, port, Replicas::Strict).await), "old");

    cluster.replicas[0].pause_replay().unwrap();
    db.execute("UPDATE notes SET body = 'new' WHERE id = 1", params![])
        .await
        .unwrap();
    for _ in 0..40 {
        assert_eq!(body(&db.query(SELECT, params![]).await.unwrap()), "new");
        assert_eq!(body(&read(&db, Replicas::Strict).await), "new");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let rows = read(&db, Replicas::Lag(PATIENCE)).await;
    assert_eq!((body(&rows), is_of_replica(&rows, port)), ("old", true));

    cluster.replicas[0].resume_replay().unwrap();
    assert_eq!(body(&read_from_replica(&db, port, Replicas::Strict).await), "new");
    db.close().await;
}

/// Reads past the cache without a pause until it is told to stop; the bodies of all reads, each of which succeeds.
fn read_on(db: &Manager, is_over: &Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    let (db, is_over) = (db.clone(), Arc::clone(is_over));
    tokio::spawn(async move {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(body(&read(&db, Replicas::Strict).await), "old");
            count += 1;
        }
        count
    })
}

/// Polls until it is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_die_and_are_replaced_without_a_failed_read_or_a_lost_write() {
    let cluster = PostgresCluster::start(2).unwrap();
    let port = cluster.primary.port();
    let db = connect_postgres(&cluster).await;
    read_from_replica(&db, port, Replicas::Strict).await;

    // A replica dies under readers.
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| read_on(&db, &is_over)).collect();
    cluster.replicas[1].kill().unwrap();
    let has_noticed = || {
        let stats = db.stats();
        stats.endpoints[0].1.endpoints[2].errors > 0
    };
    until(has_noticed).await;

    // The primary dies with a write under way. What was read before is read on from the replica.
    let writing = {
        let db = db.clone();
        let sql = "UPDATE notes SET body = 'lost' WHERE id = 1 AND pg_sleep(60) IS NOT NULL";
        tokio::spawn(async move { db.execute(sql, params![]).await })
    };
    let is_under_way = || db.stats().slots[0].1.held > 0;
    until(is_under_way).await;
    cluster.primary.kill().unwrap();
    let error = writing.await.unwrap().unwrap_err();
    assert!(error.driver().unwrap().outcome_is_unknown(), "{error}");
    cluster.replicas[0].promote().unwrap();

    // Writes resume on the promoted server. Those whose outcome is unknown are not sent again by plexidb, but by this test.
    let insert = async {
        while let Err(error) = db.execute("INSERT INTO others VALUES (1)", params![]).await {
            assert!(
                error
                    .driver()
                    .is_some_and(plexidb::DriverError::outcome_is_unknown),
                "{error}"
            );
        }
    };
    tokio::time::timeout(PATIENCE, insert).await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    let count = db
        .query("SELECT count(*) AS count FROM others", params![])
        .await
        .unwrap();
    assert_eq!(count[0].get::<i64>("count").unwrap(), 1);
    // The doubt about the lost write ends with the server that had it.
    until(|| db.stats().slots[0].1.held == 0).await;

    // The old primary comes back, takes writes, and gets none.
    let is_left_alone = || {
        let stats = db.stats();
        stats.endpoints[0].1.endpoints[0].breaker != plexidb::BreakerState::Closed
    };
    until(is_left_alone).await;
    cluster.primary.start_again().unwrap();
    until(|| !is_left_alone()).await;
    for id in 2..50 {
        db.execute("INSERT INTO others VALUES ($1)", params![id])
            .await
            .unwrap();
        assert_eq!(body(&read(&db, Replicas::Strict).await), "old");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let counts = |node: &plexidb_testkit::PostgresNode| node.client("SELECT count(*) FROM others");
    assert_eq!(
        (
            counts(&cluster.replicas[0]).as_str(),
            counts(&cluster.primary).as_str()
        ),
        ("49", "0")
    );
    db.close().await;
}
