//! What servers of a cluster tell of their part in it, while they lag, fail over, and lie.

use std::time::Duration;

use plexidb_core::{Connection, ConnectionStatus, Position, ReplicationRole, ReplicationState};
use plexidb_testkit::{MariaDb, MariaDbCluster, MariaDbUser, mariadb};

use super::{connect, value};

/// Within this everything happens that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

async fn state(connection: &mut Box<dyn Connection>) -> ReplicationState {
    connection.replication().await.unwrap()
}

async fn position(connection: &mut Box<dyn Connection>) -> Position {
    state(connection).await.position.unwrap()
}

async fn covers(replica: &mut Box<dyn Connection>, written: &Position) -> bool {
    position(replica).await.covers(written)
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

fn cluster_with_table(replicas: usize) -> MariaDbCluster {
    let cluster = MariaDbCluster::start(replicas).unwrap();
    cluster
        .primary
        .client("CREATE DATABASE d; CREATE TABLE d.t (id int)");
    cluster.catch_up().unwrap();
    cluster
}

/// A user that may not ask for the replication's state.
fn plain_user(server: &MariaDb) -> MariaDbUser {
    let user = MariaDbUser::create(server).unwrap();
    for host in ["localhost", "%"] {
        let revoke = format!(
            "REVOKE SLAVE MONITOR, BINLOG MONITOR ON *.* FROM '{}'@'{host}'",
            user.name()
        );
        server.client(&revoke);
    }
    user
}

#[tokio::test]
async fn a_replica_covers_a_commit_once_it_has_replayed_it_whoever_asks() {
    let cluster = cluster_with_table(1);
    let replica = &cluster.replicas[0];
    let monitor = MariaDbUser::create(&cluster.primary).unwrap();
    let plain = plain_user(&cluster.primary);
    cluster.catch_up().unwrap();
    for (user, may_ask) in [(&monitor, true), (&plain, false)] {
        let mut primary = connect(&user.url(&cluster.primary, "d")).await;
        let mut follower = connect(&user.url(replica, "d")).await;
        let at_first = state(&mut primary).await;
        assert_eq!(
            (at_first.role, at_first.refuses_writes),
            (ReplicationRole::Primary, false)
        );
        assert_eq!(at_first.replay_lag, Some(Duration::ZERO));
        assert_eq!(primary.status(), ConnectionStatus::Idle);

        replica.pause_replay().unwrap();
        run(&mut primary, "INSERT INTO t VALUES (1)").await;
        let written = position(&mut primary).await;
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
        assert_eq!(paused.replay_lag, None);

        replica.resume_replay().unwrap();
        until("the replica covers the commit", async || {
            covers(&mut follower, &written).await
        })
        .await;
        if may_ask {
            until("the replica has replayed all", async || {
                state(&mut follower).await.replay_lag == Some(Duration::ZERO)
            })
            .await;
        }
        assert_eq!(
            value(&mut *follower, "SELECT count(*) FROM t", &[]).await,
            value(&mut *primary, "SELECT count(*) FROM t", &[]).await
        );
    }
}

#[tokio::test]
async fn the_lag_of_a_late_replica_is_told() {
    let cluster = cluster_with_table(1);
    let replica = &cluster.replicas[0];
    replica.set_replay_delay(Duration::from_secs(3600)).unwrap();
    cluster.primary.client("INSERT INTO d.t VALUES (1)");
    let mut follower = connect(&replica.url()).await;
    until("the replica is late", async || {
        state(&mut follower)
            .await
            .replay_lag
            .is_some_and(|lag| lag > Duration::ZERO)
    })
    .await;
}

#[tokio::test]
async fn what_is_written_to_a_replica_itself_does_not_count() {
    let cluster = cluster_with_table(1);
    let replica = &cluster.replicas[0];
    let mut primary = connect(&cluster.primary.url()).await;
    let mut follower = connect(&replica.url()).await;
    replica.pause_replay().unwrap();
    run(&mut primary, "INSERT INTO d.t VALUES (1)").await;
    let written = position(&mut primary).await;
    for _ in 0..3 {
        // The kit's own user is an administrator, whom read_only does not bind.
        replica.client("CREATE OR REPLACE TABLE d.stray (id int)");
    }
    assert!(!covers(&mut follower, &written).await);
}

#[tokio::test]
async fn a_promotion_is_followed_and_the_old_primary_lies() {
    let cluster = cluster_with_table(2);
    let (promoted, other) = (&cluster.replicas[0], &cluster.replicas[1]);
    let user = plain_user(&cluster.primary);
    cluster.catch_up().unwrap();
    let mut old = connect(&cluster.primary.url()).await;
    let mut new = connect(&promoted.url()).await;
    let mut application = connect(&user.url(promoted, "d")).await;
    assert_eq!(state(&mut application).await.role, ReplicationRole::Replica);
    run(&mut old, "INSERT INTO d.t VALUES (1)").await;
    let of_old = position(&mut old).await;
    cluster.catch_up().unwrap();
    cluster.primary.kill().unwrap();

    promoted.promote().unwrap();
    for connection in [&mut new, &mut application] {
        let now = state(connection).await;
        assert_eq!((now.role, now.refuses_writes), (ReplicationRole::Primary, false));
        // It has replayed all, and has logged nothing of its own yet.
        assert!(covers(connection, &of_old).await);
    }
    run(&mut new, "INSERT INTO d.t VALUES (2)").await;
    let of_new = position(&mut new).await;
    assert!(of_new > of_old);
    other.follow(promoted).unwrap();
    let mut follower = connect(&other.url()).await;
    until("the other replica covers the new primary", async || {
        covers(&mut follower, &of_new).await
    })
    .await;

    cluster.primary.restart_read_only().unwrap();
    let mut liar = connect(&user.url(&cluster.primary, "d")).await;
    let lie = state(&mut liar).await;
    assert_eq!((lie.role, lie.refuses_writes), (ReplicationRole::Primary, true));
    let refusal = liar.execute("INSERT INTO t VALUES (3)", &[]).await.unwrap_err();
    assert!(refusal.retires_endpoint(), "{refusal}");
    cluster.primary.allow_writes().unwrap();
    assert!(!state(&mut liar).await.refuses_writes);
}

#[tokio::test]
async fn a_server_without_a_log_has_no_position() {
    let mut connection = connect(&mariadb().url()).await;
    let alone = state(&mut connection).await;
    assert_eq!(alone, ReplicationState::of_single(false));
    connection.ping().await.unwrap();
}
