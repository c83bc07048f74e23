//! Servers end with the process that started them, also when it is killed hard and can clean up nothing itself.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use plexidb_testkit::{mariadb, postgres, redis};

use crate::until;

/// Starts the kit's own program with so many servers of its own, and returns it with the lines that it printed.
fn owner(names: &[&str], servers: usize) -> (Child, Vec<String>) {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_plexidb-testkit"))
        .args(names)
        .env_remove("PLEXIDB_TEST_POSTGRES")
        .env_remove("PLEXIDB_TEST_MARIADB")
        .env_remove("PLEXIDB_TEST_REDIS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(owner.stdout.take().unwrap());
    let lines = output.lines().take(2 * servers).map(Result::unwrap).collect();
    (owner, lines)
}

fn address(url: &str) -> &str {
    let host = url.rsplit(['@']).next().unwrap().trim_start_matches("redis://");
    host.split('/').next().unwrap()
}

fn socket_folder(url_unix: &str) -> &Path {
    let path = url_unix
        .split(['?', '='])
        .find(|part| part.contains("/plexidb-"))
        .unwrap();
    let path = Path::new(path.trim_start_matches("redis+unix://"));
    if path.is_dir() {
        path
    } else {
        path.parent().unwrap()
    }
}

#[test]
fn all_servers_end_and_all_folders_go_when_the_owner_is_killed_hard() {
    assert_ends_with_its_owner(&["postgres", "mariadb", "redis"], 3);
}

#[test]
fn all_nodes_of_clusters_end_and_all_folders_go_when_the_owner_is_killed_hard() {
    assert_ends_with_its_owner(&["postgres-cluster", "mariadb-cluster"], 6);
}

fn assert_ends_with_its_owner(names: &[&str], count: usize) {
    let (mut owner, lines) = owner(names, count);
    let servers: Vec<(&str, &Path)> = lines
        .chunks(2)
        .map(|urls| (address(&urls[0]), socket_folder(&urls[1])))
        .collect();
    assert_eq!(servers.len(), count);
    for (address, folder) in &servers {
        assert!(TcpStream::connect(address).is_ok(), "{address}");
        assert!(folder.is_dir(), "{folder:?}");
    }
    owner.kill().unwrap();
    owner.wait().unwrap();
    for (address, folder) in &servers {
        until("the server refuses", || TcpStream::connect(address).is_err());
        until("the folder is gone", || !folder.exists());
    }
}

#[test]
fn a_signal_to_the_owner_ends_its_servers() {
    let (mut owner, lines) = owner(&["redis"], 1);
    // Kept open, since the owner also ends with its standard input, and `wait` closes that. SIGTERM and not SIGINT, since a
    // test run in the background may have inherited that the latter is ignored.
    let input = owner.stdin.take();
    let status = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", owner.id())])
        .status()
        .unwrap();
    assert!(status.success());
    owner.wait().unwrap();
    drop(input);
    until("the server refuses", || {
        TcpStream::connect(address(&lines[0])).is_err()
    });
    until("the folder is gone", || !socket_folder(&lines[1]).exists());
}

#[test]
fn a_process_without_servers_of_its_own_uses_those_of_the_run() {
    for (name, variable, folder, url) in [
        (
            "postgres",
            "PLEXIDB_TEST_POSTGRES",
            postgres().socket_folder().to_path_buf(),
            postgres().url(),
        ),
        (
            "mariadb",
            "PLEXIDB_TEST_MARIADB",
            mariadb().socket().parent().unwrap().to_path_buf(),
            mariadb().url(),
        ),
        (
            "redis",
            "PLEXIDB_TEST_REDIS",
            redis().socket().parent().unwrap().to_path_buf(),
            redis().url(),
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_plexidb-testkit"))
            .arg(name)
            .env(variable, folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).lines().next().unwrap(),
            url
        );
    }
}
