//! A PostgreSQL cluster replicates, lags, fails over and heals as its handles say, seen by psql on each node.

use std::process::Command;
use std::thread;
use std::time::Duration;

use plexidb_testkit::{Postgres, PostgresCluster, PostgresNode, PostgresRole, Proxy, postgres};

use crate::cluster_tests::tests_of_each_cluster;
use crate::until;

/// A delay that no test lives to see the end of.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Ends by itself, so that a failed test does.
const SLEEP: &str = "SELECT pg_sleep(30)";

fn rows(node: &PostgresNode) -> String {
    node.client("SELECT coalesce(string_agg(id::text, ',' ORDER BY id), 'none') FROM t")
}

fn insert(node: &PostgresNode, id: u32) -> String {
    node.client(&format!("INSERT INTO t VALUES ({id})"));
    node.position().unwrap()
}

fn cluster_with_table(replicas: usize) -> PostgresCluster {
    let cluster = PostgresCluster::start(replicas).unwrap();
    cluster.primary.client("CREATE TABLE t (id int)");
    cluster.catch_up().unwrap();
    cluster
}

fn follow_through(replica: &PostgresNode, proxy: &Proxy, primary: &PostgresNode) {
    replica.follow_through(proxy, primary).unwrap();
}

fn has_sent(primary: &PostgresNode, position: &str) -> bool {
    primary.client(&format!(
        "SELECT sent_lsn >= '{position}' FROM pg_stat_replication"
    )) == "t"
}

tests_of_each_cluster!();

fn as_role(role: &PostgresRole, server: &Postgres, sql: &str) -> Result<String, String> {
    psql(&role.url(server, "postgres"), sql)
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new("psql").args([url, "-Atqc", sql]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

#[test]
fn rows_arrive_at_both_replicas_which_refuse_writes() {
    let cluster = cluster_with_table(2);
    insert(&cluster.primary, 7);
    cluster.catch_up().unwrap();
    assert_eq!(cluster.nodes().count(), 3);
    assert!(!cluster.primary.is_replica().unwrap());
    for replica in &cluster.replicas {
        assert_eq!(rows(replica), "7");
        assert!(replica.is_replica().unwrap());
        let refusal = replica.try_client("INSERT INTO t VALUES (8)").unwrap_err();
        assert!(refusal.to_string().contains("read-only transaction"), "{refusal}");
    }
}

#[test]
fn a_failover_loses_no_acknowledged_row_and_the_old_primary_comes_back_as_a_liar_and_then_as_a_replica() {
    let cluster = cluster_with_table(2);
    let PostgresCluster {
        primary: old,
        replicas,
    } = &cluster;
    let (new, other) = (&replicas[0], &replicas[1]);

    old.set_synchronous_replicas(2).unwrap();
    insert(old, 1);
    old.kill().unwrap();
    new.promote().unwrap();
    other.follow(new).unwrap();
    let position = insert(new, 2);
    other.wait_until_replayed(&position).unwrap();
    assert_eq!(rows(other), "1,2");

    old.restart_read_only().unwrap();
    old.set_synchronous_replicas(0).unwrap();
    assert_eq!(rows(old), "1");
    assert!(!old.is_replica().unwrap());
    let refusal = old.try_client("INSERT INTO t VALUES (3)").unwrap_err();
    assert!(refusal.to_string().contains("read-only transaction"), "{refusal}");
    old.allow_writes().unwrap();
    insert(old, 3);
    assert_eq!(rows(new), "1,2");

    old.rebuild_from(new).unwrap();
    let position = insert(new, 4);
    old.wait_until_replayed(&position).unwrap();
    assert_eq!(rows(old), "1,2,4");
}

#[test]
fn a_promoted_replica_shows_what_it_had_received_although_its_replay_lagged() {
    let cluster = cluster_with_table(1);
    let replica = &cluster.replicas[0];
    replica.set_replay_delay(FOR_EVER).unwrap();
    let position = insert(&cluster.primary, 1);
    replica.wait_until_received(&position).unwrap();
    cluster.primary.kill().unwrap();
    replica.promote().unwrap();
    assert_eq!(rows(replica), "1");
}

#[test]
fn a_replica_that_was_down_catches_up_and_one_commit_waits_for_it() {
    let cluster = cluster_with_table(1);
    let (primary, replica) = (&cluster.primary, &cluster.replicas[0]);
    primary.set_synchronous_replicas(1).unwrap();
    replica.kill().unwrap();
    thread::scope(|scope| {
        let write = scope.spawn(|| insert(primary, 1));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("the commit waits", || {
            assert!(!write.is_finished(), "the commit did not wait");
            primary.client(waits) == "1"
        });
        replica.start_again().unwrap();
        let position = write.join().unwrap();
        replica.wait_until_replayed(&position).unwrap();
    });
    assert_eq!(rows(replica), "1");
}

#[test]
fn an_application_meets_the_limits_and_the_new_password_of_its_role() {
    let cluster =
        PostgresCluster::start_with(1, &["-c", "max_connections=6", "-c", "max_wal_senders=3"]).unwrap();
    let primary = &cluster.primary;
    let mut role = PostgresRole::create(primary).unwrap();
    cluster.catch_up().unwrap();
    for node in cluster.nodes() {
        assert_eq!(as_role(&role, node, "SELECT current_user").unwrap(), role.name());
    }
    assert!(as_role(&role, primary, "CREATE TABLE t (id int)").is_err());

    let sleeping = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'",
        role.name()
    );
    thread::scope(|scope| {
        let mut sleepers = Vec::new();
        let refusal = loop {
            assert!(sleepers.len() < 20, "nobody is refused");
            let sleeper = scope.spawn(|| as_role(&role, primary, SLEEP));
            let count = (sleepers.len() + 1).to_string();
            until("one more sleeps, or is refused", || {
                sleeper.is_finished() || primary.client(&sleeping) == count
            });
            if sleeper.is_finished() {
                break sleeper.join().unwrap().unwrap_err();
            }
            sleepers.push(sleeper);
        };
        assert!(
            refusal.contains("remaining connection slots are reserved"),
            "{refusal}"
        );
        assert_eq!(role.end_sessions(primary).unwrap(), sleepers.len());
        assert!(
            sleepers
                .into_iter()
                .all(|sleeper| sleeper.join().unwrap().is_err())
        );
    });
    role.limit_connections(primary, 0).unwrap();
    let refusal = as_role(&role, primary, "SELECT 1").unwrap_err();
    assert!(refusal.contains("too many connections for role"), "{refusal}");
    role.limit_connections(primary, 1).unwrap();

    let before = role.clone();
    role.rotate_password(primary, "another-secret").unwrap();
    cluster.catch_up().unwrap();
    for node in cluster.nodes() {
        let refusal = as_role(&before, node, "SELECT 1").unwrap_err();
        assert!(refusal.contains("password authentication failed"), "{refusal}");
        assert_eq!(as_role(&role, node, "SELECT 1").unwrap(), "1");
    }
}

#[test]
fn a_role_is_to_be_had_on_the_shared_server_too() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int); INSERT INTO t VALUES (7)");
    let role = PostgresRole::create(postgres()).unwrap();
    let url = role.url(postgres(), database.name());
    assert_eq!(psql(&url, "SELECT id FROM t").unwrap(), "7");
    assert_eq!(psql(&url, "UPDATE t SET id = 8 RETURNING id").unwrap(), "8");
}
