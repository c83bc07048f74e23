//! What a reader has written it sees, whatever the replicas have replayed.

use plexidb::{Replicas, Source, params};
use plexidb_testkit::{MariaDbCluster, PostgresCluster};

use super::cluster::{
    PATIENCE, POLL_INTERVAL, SELECT, body, connect, connect_postgres, is_of_replica, read, read_from_replica,
};

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
    db.clear_cache().await.unwrap();
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
