//! A replica lags, freezes, dies and comes back while others write and read: nobody sees less than what was acknowledged.

use std::time::Duration;

use plexidb::Replicas;

use super::cluster::{PATIENCE, body, is_of_replica, open, read, read_from_replica, until};
use super::crew::Crew;
use super::server::{Server, Stage, on_each_server};

on_each_server! {
    a_replica_lags_freezes_dies_and_comes_back
}

async fn a_replica_lags_freezes_dies_and_comes_back<S: Server>() {
    let stage = Stage::<S>::start(1);
    let (primary, replica) = (&stage.cluster.primary, &stage.cluster.replicas[0]);
    let port = primary.port();
    let edit = |database: &mut plexidb::DatabaseConfig| {
        database.statement_timeout = Some(Duration::from_millis(1_500));
    };
    let db = open(&stage.urls(), edit).await.unwrap();
    let crew = Crew::begin(&db, 1);
    read_from_replica(&db, port, Replicas::Strict).await;

    replica.set_replay_delay(Duration::from_secs(3600));
    crew.makes_progress().await;
    let update = "UPDATE notes SET body = 'new' WHERE id = 1";
    db.execute(update, plexidb::params![]).await.unwrap();
    assert_eq!(body(&read(&db, Replicas::Strict).await), "new");
    let lagging = read_from_replica(&db, port, Replicas::Lag(PATIENCE)).await;
    assert_eq!(body(&lagging), "old");
    // However long it waits, it does not become any fresher.
    until_it_lags(&db, Duration::from_millis(700)).await;
    let rows = read(&db, Replicas::Lag(Duration::from_millis(500))).await;
    assert!(!is_of_replica(&rows, port) && body(&rows) == "new");
    replica.set_replay_delay(Duration::ZERO);
    assert_eq!(body(&read_from_replica(&db, port, Replicas::Strict).await), "new");

    replica.pause();
    crew.makes_progress().await;
    until(|| !has_strict_replica(&db)).await;
    crew.makes_progress().await;
    let failed_by_freezing = crew.reads_failed();
    replica.resume();
    read_from_replica(&db, port, Replicas::Strict).await;

    replica.kill();
    crew.makes_progress().await;
    until(|| db.stats().endpoints[0].1.endpoints[1].breaker != plexidb::BreakerState::Closed).await;
    crew.makes_progress().await;
    replica.start_again();
    read_from_replica(&db, port, Replicas::Strict).await;

    // Only those that were under way at the frozen server got no answer.
    assert!(
        failed_by_freezing <= 2 * Crew::WRITERS,
        "{failed_by_freezing} reads failed"
    );
    let book = crew.end().await;
    assert_eq!(
        book.reads_failed, failed_by_freezing,
        "reads failed by the death of the replica\n{book:#?}"
    );
    assert_eq!((book.unknown.len(), book.refused.len()), (0, 0), "{book:#?}");
    book.is_kept_by(primary);
    stage.catch_up();
    book.is_kept_by(replica);
    db.close().await;
}

/// Waits until the replica is known to be further behind than that.
async fn until_it_lags(db: &plexidb::Manager, lag: Duration) {
    until(|| {
        let endpoint = &db.stats().endpoints[0].1.endpoints[1];
        endpoint.lag.is_none_or(|known| known > lag)
    })
    .await;
}

/// Whether the replica is taken for one that answers.
fn has_strict_replica(db: &plexidb::Manager) -> bool {
    db.stats().endpoints[0].1.endpoints[1].lag.is_some()
}
