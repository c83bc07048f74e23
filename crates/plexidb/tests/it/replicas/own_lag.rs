//! A replica that has replayed all that it was sent, which is not all: that it lags by nothing is its own opinion.

use std::time::Duration;

use plexidb::{ObservedRole, Replicas};
use plexidb_testkit::{MariaDbNode, PostgresNode, Proxy, Traffic};

use super::cluster::{POLL_INTERVAL, body, open, read, read_from_replica, role, until};
use super::server::{Server, Stage};

/// Far less than the replica lags.
const LAG: Duration = Duration::from_millis(200);

/// What the replica lacks was written before plexidb has seen any of the two, so that no position is known which it has reached.
async fn a_line_that_brings_nothing_is_not_taken_for_none<S: Server>(
    stage: Stage<S>,
    url: impl Fn(&S) -> String,
    follow: impl Fn(&S, &Proxy, &S),
) {
    let (primary, replica) = (&stage.cluster.primary, &stage.cluster.replicas[0]);
    let line = primary.proxy();
    follow(replica, &line, primary);
    stage.catch_up();
    line.set(Traffic::Hold).unwrap();
    primary.sql("UPDATE notes SET body = 'new' WHERE id = 1");
    tokio::time::sleep(2 * LAG).await;

    let urls: Vec<_> = stage.cluster.nodes().map(url).collect();
    let db = open(&urls, |_| {}).await.unwrap();
    until(|| role(&db, 1) == Some(ObservedRole::Replica)).await;
    // Through several checks.
    for _ in 0..60 {
        assert_eq!(body(&read(&db, Replicas::Lag(LAG)).await), "new");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    // Once it has all, it serves them.
    line.set(Traffic::Pass).unwrap();
    let rows = read_from_replica(&db, primary.port(), Replicas::Lag(LAG)).await;
    assert_eq!(body(&rows), "new");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_postgres_that_is_sent_nothing_serves_no_reads_of_a_small_lag() {
    let stage = Stage::<PostgresNode>::start(1);
    a_line_that_brings_nothing_is_not_taken_for_none(
        stage,
        |node| (**node).url(),
        |replica, line, primary| replica.follow_through(line, primary).unwrap(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_mariadb_that_is_sent_nothing_serves_no_reads_of_a_small_lag() {
    let stage = Stage::<MariaDbNode>::start(1);
    a_line_that_brings_nothing_is_not_taken_for_none(
        stage,
        // The application's own user may not ask for the lag.
        |node| format!("{}/chat", (**node).url().trim_end_matches('/')),
        |replica, line, _| replica.follow_through(line).unwrap(),
    )
    .await;
}
