//! A MariaDB cluster replicates, lags, fails over and heals as its handles say, seen by the client on each node.

use std::process::Command;
use std::thread;
use std::time::Duration;

use plexidb_testkit::{MariaDb, MariaDbCluster, MariaDbNode, MariaDbUser, Proxy};

use crate::cluster_tests::tests_of_each_cluster;
use crate::until;

/// A delay that no test lives to see the end of.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Ends by itself, so that a failed test does.
const SLEEP: &str = "SELECT sleep(30)";

fn rows(node: &MariaDbNode) -> String {
    node.client("SELECT coalesce(group_concat(id ORDER BY id), 'none') FROM d.t")
}

fn insert(node: &MariaDbNode, id: u32) -> String {
    node.client(&format!("INSERT INTO d.t VALUES ({id})"));
    node.position().unwrap()
}

fn cluster_with_table(replicas: usize) -> MariaDbCluster {
    let cluster = MariaDbCluster::start(replicas).unwrap();
    cluster
        .primary
        .client("CREATE DATABASE d; CREATE TABLE d.t (id int)");
    cluster.catch_up().unwrap();
    cluster
}

fn follow_through(replica: &MariaDbNode, proxy: &Proxy, _: &MariaDbNode) {
    replica.follow_through(proxy).unwrap();
}

fn has_sent(primary: &MariaDbNode, _: &str) -> bool {
    let sent = "SELECT count(*) FROM information_schema.processlist WHERE command = 'Binlog Dump' \
                AND state LIKE 'Master has sent all binlog%'";
    primary.client(sent) != "0"
}

tests_of_each_cluster!();

/// The client as that user, over TCP.
fn as_user(user: &MariaDbUser, server: &MariaDb, sql: &str) -> Result<String, String> {
    let output = Command::new("mariadb")
        .args([
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            "--protocol=tcp",
        ])
        .arg(format!("--host={}", server.host()))
        .arg(format!("--port={}", server.port()))
        .arg(format!("--user={}", user.name()))
        .args(["--execute", sql])
        .env("MYSQL_PWD", user.password())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

#[test]
fn a_failover_loses_no_row_and_the_old_primary_comes_back_as_a_liar_and_then_as_a_replica() {
    let cluster = cluster_with_table(2);
    let MariaDbCluster {
        primary: old,
        replicas,
    } = &cluster;
    let (new, other) = (&replicas[0], &replicas[1]);
    let user = MariaDbUser::create(old).unwrap();
    insert(old, 1);
    cluster.catch_up().unwrap();
    assert!(!old.is_replica().unwrap());
    for replica in replicas {
        assert_eq!(rows(replica), "1");
        assert!(replica.is_replica().unwrap());
        let refusal = as_user(&user, replica, "INSERT INTO d.t VALUES (9)").unwrap_err();
        assert!(refusal.contains("ERROR 1290"), "{refusal}");
    }

    old.kill().unwrap();
    new.promote().unwrap();
    assert!(!new.is_replica().unwrap());
    other.follow(new).unwrap();
    as_user(&user, new, "INSERT INTO d.t VALUES (2)").unwrap();
    new.restart().unwrap();
    as_user(&user, new, "INSERT INTO d.t VALUES (3)").unwrap();
    other.wait_until_replayed(&new.position().unwrap()).unwrap();
    assert_eq!(rows(other), "1,2,3");

    old.restart_read_only().unwrap();
    assert_eq!(as_user(&user, old, "SELECT id FROM d.t").unwrap(), "1");
    assert!(!old.is_replica().unwrap());
    let refusal = as_user(&user, old, "INSERT INTO d.t VALUES (9)").unwrap_err();
    assert!(refusal.contains("ERROR 1290"), "{refusal}");
    old.allow_writes().unwrap();
    assert_eq!(
        as_user(&user, old, "DELETE FROM d.t WHERE id = 9"),
        Ok(String::new())
    );
    old.follow(new).unwrap();
    old.wait_until_replayed(&new.position().unwrap()).unwrap();
    assert_eq!(rows(old), "1,2,3");
    for _ in ["live", "after a restart"] {
        let refusal = as_user(&user, old, "INSERT INTO d.t VALUES (9)").unwrap_err();
        assert!(refusal.contains("ERROR 1290"), "{refusal}");
        old.restart().unwrap();
    }
}

#[test]
fn an_old_primary_that_went_its_own_way_is_not_let_in_before_it_is_rebuilt() {
    let cluster = cluster_with_table(1);
    let (old, new) = (&cluster.primary, &cluster.replicas[0]);
    insert(old, 1);
    cluster.catch_up().unwrap();
    new.promote().unwrap();
    insert(old, 8);
    insert(old, 9);
    insert(new, 2);
    let refusal = format!("{:#}", old.follow(new).unwrap_err());
    assert!(refusal.contains("the replica has stopped"), "{refusal}");
    old.rebuild_from(new).unwrap();
    old.wait_until_replayed(&new.position().unwrap()).unwrap();
    assert_eq!(rows(old), "1,2");
}

#[test]
fn a_semi_synchronous_commit_waits_for_a_replica_which_then_has_it() {
    let cluster = cluster_with_table(1);
    let (primary, replica) = (&cluster.primary, &cluster.replicas[0]);
    primary.set_semi_synchronous(true).unwrap();
    replica.kill().unwrap();
    thread::scope(|scope| {
        let write = scope.spawn(|| insert(primary, 1));
        let waits = "SELECT count(*) FROM information_schema.processlist WHERE state LIKE '%semi-sync ACK%'";
        until("the commit waits", || {
            assert!(!write.is_finished(), "the commit did not wait");
            primary.client(waits) == "1"
        });
        replica.start_again().unwrap();
        write.join().unwrap();
    });
    primary.kill().unwrap();
    replica.promote().unwrap();
    assert_eq!(rows(replica), "1");
}

#[test]
fn an_application_meets_the_limits_and_the_new_password_of_its_user() {
    let cluster = MariaDbCluster::start_with(1, &["--max-connections=10"]).unwrap();
    let primary = &cluster.primary;
    let mut user = MariaDbUser::create(primary).unwrap();
    cluster.catch_up().unwrap();
    for node in cluster.nodes() {
        let name = as_user(&user, node, "SELECT current_user()").unwrap();
        assert!(name.starts_with(user.name()), "{name}");
    }
    let sleeping = format!(
        "SELECT count(*) FROM information_schema.processlist WHERE user = '{}'",
        user.name()
    );
    thread::scope(|scope| {
        let mut sleepers = Vec::new();
        let refusal = loop {
            assert!(sleepers.len() < 20, "nobody is refused");
            let sleeper = scope.spawn(|| as_user(&user, primary, SLEEP));
            let count = (sleepers.len() + 1).to_string();
            // The administrator's own last session may still hold the place that is kept for him.
            until("one more sleeps, or is refused", || {
                sleeper.is_finished() || primary.try_client(&sleeping).is_ok_and(|found| found == count)
            });
            if sleeper.is_finished() {
                break sleeper.join().unwrap().unwrap_err();
            }
            sleepers.push(sleeper);
        };
        assert!(refusal.contains("ERROR 1040"), "{refusal}");
        let mut ended = None;
        until("the administrator gets in", || {
            ended = user.end_sessions(primary).ok();
            ended.is_some()
        });
        assert_eq!(ended, Some(sleepers.len()));
        assert!(
            sleepers
                .into_iter()
                .all(|sleeper| sleeper.join().unwrap().is_err())
        );
    });
    user.limit_connections(primary, 1).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| as_user(&user, primary, SLEEP));
        until("one is in", || primary.client(&sleeping) == "1");
        let refusal = as_user(&user, primary, "SELECT 1").unwrap_err();
        assert!(refusal.contains("ERROR 1226"), "{refusal}");
        user.end_sessions(primary).unwrap();
        assert!(sleeper.join().unwrap().is_err());
    });

    let before = user.clone();
    user.rotate_password(primary, "another-secret").unwrap();
    cluster.catch_up().unwrap();
    until("the session that was ended is gone", || {
        primary.client(&sleeping) == "0"
    });
    for node in cluster.nodes() {
        let refusal = as_user(&before, node, "SELECT 1").unwrap_err();
        assert!(refusal.contains("Access denied"), "{refusal}");
        assert_eq!(as_user(&user, node, "SELECT 1").unwrap(), "1");
    }
}
