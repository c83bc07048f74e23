//! TLS and passwords are real: the right authority and password are accepted, the wrong ones refused, by the servers' own clients.

use std::path::Path;
use std::process::{Command, Output};

use plexidb_testkit::{mariadb, postgres};

fn psql(ca: &Path, password: &str) -> Output {
    let server = postgres();
    Command::new("psql")
        .arg(format!(
            "host={} port={} user={} dbname=postgres sslmode=verify-full sslrootcert={}",
            server.host(),
            server.port(),
            server.user(),
            ca.display()
        ))
        .args([
            "-At",
            "-c",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ])
        .env("PGPASSWORD", password)
        .output()
        .unwrap()
}

#[test]
fn postgres_presents_a_certificate_of_its_authority() {
    let server = postgres();
    let output = psql(&server.ca_certificate(), server.password());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "t\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = psql(&server.stranger_ca_certificate(), server.password());
    assert!(String::from_utf8_lossy(&output.stderr).contains("certificate verify failed"));
}

#[test]
fn postgres_refuses_a_wrong_password() {
    let output = psql(&postgres().ca_certificate(), "wrong");
    assert!(String::from_utf8_lossy(&output.stderr).contains("password authentication failed"));
}

fn mariadb_over_tls(ca: &Path, password: &str) -> Output {
    let server = mariadb();
    Command::new("mariadb")
        .args([
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            "--protocol=tcp",
            "--ssl-verify-server-cert",
        ])
        .arg(format!("--host={}", server.host()))
        .arg(format!("--port={}", server.port()))
        .arg(format!("--user={}", server.user()))
        .arg(format!("--ssl-ca={}", ca.display()))
        .args(["--execute", "SHOW STATUS LIKE 'Ssl_version'"])
        .env("MYSQL_PWD", password)
        .output()
        .unwrap()
}

#[test]
fn mariadb_presents_a_certificate_of_its_authority() {
    let server = mariadb();
    let output = mariadb_over_tls(&server.ca_certificate(), server.password());
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(
        answer.starts_with("Ssl_version\tTLSv1"),
        "{answer}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = mariadb_over_tls(&server.stranger_ca_certificate(), server.password());
    assert!(!output.status.success());
}

#[test]
fn mariadb_refuses_a_wrong_password() {
    let output = mariadb_over_tls(&mariadb().ca_certificate(), "wrong");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Access denied"));
}
