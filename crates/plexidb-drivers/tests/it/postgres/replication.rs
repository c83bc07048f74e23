//! What servers of a cluster tell of their part in it, while they lag, fail over, and lie.

use std::time::Duration;

use plexidb_core::{Connection, Position, ReplicationRole, ReplicationState};
use plexidb_testkit::{PostgresCluster, PostgresRole};

use super::{connect_to, query};

/// Within this everything happens that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

async fn state(connection: &mut Box<dyn Connection>) -> ReplicationState {
    connection.replication().await.unwrap()
}

async fn position(connection: &mut Box<dyn Connection>) -> Position {
    state(connection).await.position.unwrap()
}

async fn covers(replica: &mut Box<dyn Connection>, written: &Position) -> bool {
    let replayed = state(replica).await.position;
    replayed.is_some_and(|replayed| replayed.covers(written))
}

/// Asks until the answer is yes.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let happened = tokio::time::timeout(PATIENCE, asking).await;
    assert!(happened.is_ok(), "not within {PATIENCE:?}: {what}");
}

async fn run(connection: &mut Box<dyn Connection>, sql: &str) {
    connection.execute(sql, &[]).await.unwrap();
}

async fn count(connection: &mut Box<dyn Connection>) -> i64 {
    query(connection, "SELECT count(*) FROM t", &[]).await[0]
        .get(0)
        .unwrap()
}

fn cluster_with_table(replicas: usize, extra: &[&str]) -> PostgresCluster {
    let cluster = PostgresCluster::start_with(replicas, extra).unwrap();
    cluster.primary.client("CREATE TABLE t (id int4)");
    cluster.catch_up().unwrap();
    cluster
}

#[tokio::test]
async fn a_replica_covers_a_commit_once_it_has_replayed_it_whoever_asks() {
    let cluster = cluster_with_table(1, &[]);
    let replica = &cluster.replicas[0];
    let role = PostgresRole::create(&cluster.primary).unwrap();
    cluster.catch_up().unwrap();
    for url in [replica.url(), role.url(replica, "postgres")] {
        let mut primary = connect_to(&cluster.primary.url()).await;
        let mut follower = connect_to(&url).await;
        assert_eq!(state(&mut primary).await.role, ReplicationRole::Primary);
        assert!(!state(&mut primary).await.refuses_writes);
        assert_eq!(state(&mut primary).await.replay_lag, Some(Duration::ZERO));

        replica.pause_replay().unwrap();
        run(&mut primary, "INSERT INTO t VALUES (1)").await;
        let written = position(&mut primary).await;
        replica
            .wait_until_received(&cluster.primary.position().unwrap())
            .unwrap();
        let paused = state(&mut follower).await;
        assert_eq!(
            (paused.role, paused.refuses_writes),
            (ReplicationRole::Replica, true)
        );
        assert!(
            paused
                .position
                .as_ref()
                .is_some_and(|position| !position.covers(&written)),
            "{paused:?}"
        );
        assert!(
            paused.replay_lag.is_some_and(|lag| lag > Duration::ZERO),
            "{paused:?}"
        );
        let rows_before = count(&mut follower).await;

        replica.resume_replay().unwrap();
        until("the replica covers the commit", async || {
            covers(&mut follower, &written).await
        })
        .await;
        assert_eq!(count(&mut follower).await, rows_before + 1);
        until("the replica has replayed all", async || {
            state(&mut follower).await.replay_lag == Some(Duration::ZERO)
        })
        .await;
    }
}

#[tokio::test]
async fn a_commit_that_is_acknowledged_before_it_is_flushed_is_covered_with_its_row_alone() {
    // Nothing is flushed by itself.
    let cluster = cluster_with_table(
        1,
        &["-c", "wal_writer_delay=10s", "-c", "wal_writer_flush_after=1GB"],
    );
    let mut primary = connect_to(&cluster.primary.url()).await;
    let mut replica = connect_to(&cluster.replicas[0].url()).await;
    run(&mut primary, "SET synchronous_commit = off").await;
    for rows in 1..=20 {
        run(&mut primary, "INSERT INTO t VALUES (1)").await;
        let written = position(&mut primary).await;
        let is_covered = covers(&mut replica, &written).await;
        assert!(
            !is_covered || count(&mut replica).await == rows,
            "covered without its row"
        );
    }
    let written = position(&mut primary).await;
    cluster.primary.client("CREATE TABLE flushed ()");
    until("the replica covers the commit", async || {
        covers(&mut replica, &written).await
    })
    .await;
    assert_eq!(count(&mut replica).await, 20);
}

#[tokio::test]
async fn a_replica_that_has_all_covers_a_primary_whose_log_ends_at_a_file_s_end() {
    let cluster = cluster_with_table(1, &[]);
    let mut primary = connect_to(&cluster.primary.url()).await;
    let mut replica = connect_to(&cluster.replicas[0].url()).await;
    until("nothing else is logged for a moment", async || {
        cluster.primary.client("INSERT INTO t VALUES (1)");
        cluster.primary.client("SELECT pg_switch_wal()");
        let written = position(&mut primary).await;
        cluster.catch_up().unwrap();
        let is_covered = covers(&mut replica, &written).await;
        let is_quiet = position(&mut primary).await == written;
        assert!(is_covered || !is_quiet, "{written} is not covered");
        is_quiet
    })
    .await;
}

#[tokio::test]
async fn a_promotion_begins_a_history_that_does_not_compare_and_the_old_primary_lies() {
    let cluster = cluster_with_table(2, &[]);
    let role = PostgresRole::create(&cluster.primary).unwrap();
    cluster.catch_up().unwrap();
    let (promoted, other) = (&cluster.replicas[0], &cluster.replicas[1]);
    let mut old = connect_to(&cluster.primary.url()).await;
    let mut new = connect_to(&promoted.url()).await;
    run(&mut old, "INSERT INTO t VALUES (1)").await;
    let of_old = position(&mut old).await;
    cluster.catch_up().unwrap();

    cluster.primary.kill().unwrap();
    promoted.promote().unwrap();
    let now = state(&mut new).await;
    assert_eq!((now.role, now.refuses_writes), (ReplicationRole::Primary, false));
    run(&mut new, "INSERT INTO t VALUES (2)").await;
    let of_new = position(&mut new).await;
    assert_eq!(of_new.partial_cmp(&of_old), None, "{of_new} {of_old}");

    other.follow(promoted).unwrap();
    let mut follower = connect_to(&other.url()).await;
    until("the other replica covers the new primary", async || {
        covers(&mut follower, &of_new).await
    })
    .await;
    assert!(!covers(&mut follower, &of_old).await);
    let mut application = connect_to(&role.url(other, "postgres")).await;
    until("its control file tells the timeline", async || {
        promoted.client("CHECKPOINT");
        other.client("CHECKPOINT");
        covers(&mut application, &of_new).await
    })
    .await;

    cluster.primary.restart_read_only().unwrap();
    let mut liar = connect_to(&cluster.primary.url()).await;
    let lie = state(&mut liar).await;
    assert_eq!((lie.role, lie.refuses_writes), (ReplicationRole::Primary, true));
    let refusal = liar.execute("INSERT INTO t VALUES (3)", &[]).await.unwrap_err();
    assert!(refusal.retires_endpoint(), "{refusal}");
    cluster.primary.allow_writes().unwrap();
    assert!(!state(&mut liar).await.refuses_writes);
}

#[tokio::test]
async fn a_replica_without_its_primary_does_not_claim_to_be_up_to_date() {
    let cluster = cluster_with_table(1, &[]);
    let mut replica = connect_to(&cluster.replicas[0].url()).await;
    until("the replica has replayed all", async || {
        state(&mut replica).await.replay_lag == Some(Duration::ZERO)
    })
    .await;
    cluster.primary.kill().unwrap();
    until("the replica misses its primary", async || {
        state(&mut replica)
            .await
            .replay_lag
            .is_some_and(|lag| lag > Duration::ZERO)
    })
    .await;
}

#[tokio::test]
async fn asking_in_a_failed_transaction_is_an_error_and_leaves_the_connection_usable() {
    let mut connection = super::connect().await;
    connection.control("BEGIN").await.unwrap();
    connection.execute("SELECT 1 / 0", &[]).await.unwrap_err();
    let error = connection.replication().await.unwrap_err();
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("25P02"));
    connection.control("ROLLBACK").await.unwrap();
    assert_eq!(state(&mut connection).await.role, ReplicationRole::Primary);
    super::assert_usable(&mut connection).await;
}
