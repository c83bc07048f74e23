//! Tests of the kit itself, against the real servers.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of an integration test for ordinary code"
)]

mod cluster_tests;
mod lifecycle;
mod mariadb_cluster;
mod owner;
mod pgbouncer;
mod postgres_cluster;
mod proxy;
mod redis_deployments;
mod servers;
mod tls;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// A limit for what must happen soon, so that a defect fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the condition holds.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts that nothing arrives within `silence`. A signal (as the end of a child process sends) may interrupt a read.
fn assert_silent(stream: &mut TcpStream, silence: Duration) {
    stream.set_read_timeout(Some(silence)).unwrap();
    let error = loop {
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break error,
            Ok(count) => panic!("{count} bytes arrived"),
        }
    };
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
}
