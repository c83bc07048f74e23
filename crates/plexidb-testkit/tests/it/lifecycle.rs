//! A private server can be killed, paused and restarted, keeps its data and its port, and leaves nothing behind.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use plexidb_testkit::{MariaDb, Postgres, Redis};

use crate::assert_silent;

/// Long enough for any answer of a server on this machine; only a paused one lets it pass.
const SILENCE: Duration = Duration::from_millis(300);
/// A limit for answers that must come, so that a defect fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_killed_postgres_refuses_and_comes_back_with_its_data() {
    let server = Postgres::start_private().unwrap();
    server.client("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7); CHECKPOINT");
    let port = server.port();
    server.kill().unwrap();
    assert!(!server.is_running().unwrap());
    let refusal = TcpStream::connect((server.host(), port)).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::ConnectionRefused);
    server.start_again().unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(server.client("SELECT id FROM kept"), "7");
}

#[test]
fn a_restarted_mariadb_keeps_its_data() {
    let server = MariaDb::start_private().unwrap();
    server.client("CREATE DATABASE d; CREATE TABLE d.kept (id int); INSERT INTO d.kept VALUES (7)");
    server.restart().unwrap();
    assert_eq!(server.client("SELECT id FROM d.kept"), "7");
    server.kill().unwrap();
    server.start_again().unwrap();
    assert_eq!(server.client("SELECT id FROM d.kept"), "7");
}

/// A paused server says nothing, neither on an open connection nor on a new one; resumed, it answers what was asked meanwhile.
fn assert_pause(address: (&str, u16), question: &[u8], pause: impl Fn(), resume: impl Fn()) {
    let mut open = TcpStream::connect(address).unwrap();
    pause();
    let mut new = TcpStream::connect(address).unwrap();
    for stream in [&mut open, &mut new] {
        stream.write_all(question).unwrap();
        assert_silent(stream, SILENCE);
    }
    resume();
    for mut stream in [open, new] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
}

#[test]
fn a_paused_postgres_is_silent_until_it_is_resumed() {
    let server = Postgres::start_private().unwrap();
    // The request for TLS: its length, 8, and its code.
    let question = [0, 0, 0, 8, 4, 210, 22, 47];
    let address = (server.host(), server.port());
    assert_pause(
        address,
        &question,
        || server.pause().unwrap(),
        || server.resume().unwrap(),
    );
    assert_eq!(server.client("SELECT 1"), "1");
}

#[test]
fn a_paused_redis_is_silent_until_it_is_resumed_and_can_be_killed_paused() {
    let server = Redis::start_private().unwrap();
    let address = (server.host(), server.port());
    assert_pause(
        address,
        b"PING\r\n",
        || server.pause().unwrap(),
        || server.resume().unwrap(),
    );
    server.pause().unwrap();
    server.kill().unwrap();
    assert!(!server.is_running().unwrap());
}

#[test]
fn a_dropped_server_takes_its_folder_with_it() {
    let server = Postgres::start_private().unwrap();
    let folder = server.socket_folder().to_path_buf();
    assert!(folder.join("data").is_dir());
    server.pause().unwrap();
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_server_that_cannot_start_says_what_its_log_says() {
    let error = Postgres::start_private_with(&["-c", "no_such_setting=1"]).unwrap_err();
    let message = format!("{error:#}");
    assert!(
        message.contains("cannot start PostgreSQL") && message.contains("no_such_setting"),
        "{message}"
    );
}

#[test]
fn extra_settings_reach_the_server() {
    let server = Postgres::start_private_with(&["-c", "max_connections=17"]).unwrap();
    assert_eq!(server.client("SHOW max_connections"), "17");
}
