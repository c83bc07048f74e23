//! Reads from replicas, on servers that replicate: what a reader has written it sees, whoever serves it; servers come and go.

use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Manager, ReplicaConfig, Replicas, Rows, Source, params};
use plexidb_testkit::PostgresCluster;

/// The longest that anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

const SELECT: &str = "SELECT body FROM notes WHERE id = 1";

async fn connect(cluster: &PostgresCluster) -> Manager {
    let database = DatabaseConfig {
        replicas: cluster
            .replicas
            .iter()
            .map(|replica| ReplicaConfig::from_url(replica.url()))
            .collect(),
        replica_check_interval: Duration::from_millis(50),
        ..DatabaseConfig::from_url("chat", cluster.primary.url())
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

/// Reads past the cache.
async fn read(db: &Manager, replicas: Replicas) -> Rows {
    let select = db.select(SELECT).replicas(replicas).no_cache();
    select.fetch().await.unwrap()
}

fn body(rows: &Rows) -> &str {
    rows[0].get("body").unwrap()
}

/// Whether a replica has served it.
fn is_of_replica(rows: &Rows, cluster: &PostgresCluster) -> bool {
    let port = format!(":{}", cluster.primary.port());
    !rows.endpoint().unwrap().contains(&port)
}

/// Reads until a replica serves it.
async fn read_from_replica(db: &Manager, cluster: &PostgresCluster, replicas: Replicas) -> Rows {
    let reading = async {
        loop {
            let rows = read(db, replicas).await;
            if is_of_replica(&rows, cluster) {
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
    let db = connect(&cluster).await;
    assert_eq!(
        body(&read_from_replica(&db, &cluster, Replicas::Strict).await),
        "old"
    );
    assert!(!is_of_replica(&read(&db, Replicas::Never).await, &cluster));

    cluster.replicas[0].pause_replay().unwrap();
    db.execute("UPDATE notes SET body = 'new' WHERE id = 1", params![])
        .await
        .unwrap();
    // Through several checks: none of them may take the paused replica for fresh.
    for _ in 0..100 {
        let rows = db.query(SELECT, params![]).await.unwrap();
        assert_eq!(body(&rows), "new");
        assert!(rows.source() == Source::L1 || !is_of_replica(&rows, &cluster));
        let rows = read(&db, Replicas::Strict).await;
        assert_eq!(body(&rows), "new");
        tokio::time::sleep(POLL_INTERVAL).await;
    }

    // Whoever asks for less gets what the replica shows, and the cache does not.
    let lag = Replicas::Lag(PATIENCE);
    let rows = db.select(SELECT).replicas(lag).no_cache().fetch().await.unwrap();
    assert!(is_of_replica(&rows, &cluster));
    assert_eq!(body(&rows), "old");
    db.clear_cache();
    let rows = db.select(SELECT).replicas(lag).fetch().await.unwrap();
    assert!(is_of_replica(&rows, &cluster));
    assert_eq!((body(&rows), rows.is_kept()), ("old", false));
    assert_eq!(body(&db.query(SELECT, params![]).await.unwrap()), "new");

    cluster.replicas[0].resume_replay().unwrap();
    assert_eq!(
        body(&read_from_replica(&db, &cluster, Replicas::Strict).await),
        "new"
    );
    let (_, stats) = &db.stats().endpoints[0];
    assert_eq!(stats.endpoints.len(), 2);
    assert!(stats.primary.is_some() && stats.endpoints[1].chosen > 0);
    db.close().await;
}
