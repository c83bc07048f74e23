//! Redis with TLS, with a replica, watched by a sentinel, and as a cluster: each by redis-cli, which knows nothing of us.

use std::process::Command;

use plexidb_testkit::{Redis, RedisCluster, RedisSentinel};

use crate::until;

#[test]
fn tls_is_answered_by_a_certificate_of_the_authority() {
    let server = Redis::start_private_tls().unwrap();
    let ping = |url: String| {
        let (address, authority) = url.split_once("/0?ca=").unwrap();
        let port = address.rsplit_once(':').unwrap().1;
        let output = Command::new("redis-cli")
            .args([
                "-h",
                "localhost",
                "-p",
                port,
                "--tls",
                "--cacert",
                authority,
                "PING",
            ])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(ping(server.url_tls().unwrap()), "PONG");
    assert_ne!(ping(server.url_tls_of_a_stranger().unwrap()), "PONG");
    assert!(Redis::start_private().unwrap().url_tls().is_err());
}

#[test]
fn a_sentinel_promotes_the_replica_of_a_killed_primary() {
    let primary = Redis::start_private().unwrap();
    primary.client(&["SET", "word", "über"]);
    let replica = primary.start_replica().unwrap();
    assert_eq!(replica.client(&["GET", "word"]), "über");
    let refused = replica.try_client(&["SET", "word", "x"]).unwrap_err();
    assert!(format!("{refused:#}").contains("READONLY"), "{refused:#}");

    let sentinel = RedisSentinel::start(&primary).unwrap();
    assert_eq!(sentinel.primary_port().unwrap(), primary.port());
    sentinel.await_replicas(1).unwrap();
    primary.kill().unwrap();
    until("the replica is the primary", || {
        sentinel.primary_port().unwrap() == replica.port()
            && replica.try_client(&["SET", "word", "x"]).is_ok()
    });
}

#[test]
fn a_cluster_shares_its_slots() {
    let cluster = RedisCluster::start().unwrap();
    let answers: Vec<bool> = cluster
        .nodes
        .iter()
        .map(|node| node.try_client(&["SET", "word", "über"]).is_ok())
        .collect();
    assert_eq!(
        answers.iter().filter(|is_owner| **is_owner).count(),
        1,
        "{answers:?}"
    );
}
