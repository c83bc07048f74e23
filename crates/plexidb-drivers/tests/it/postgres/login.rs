//! The server's access rules: each way to authenticate, and rules that depend on encryption.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use plexidb_core::ErrorKind;
use plexidb_testkit::{Postgres, Private};

use super::{assert_usable, connect_error, connect_to};

const RULES: &str = "\
local   all all                  trust
host    all plexidb 127.0.0.1/32 scram-sha-256
hostssl all tls     127.0.0.1/32 scram-sha-256
hostnossl all plain 127.0.0.1/32 scram-sha-256
host    all old     127.0.0.1/32 md5
host    all clear   127.0.0.1/32 password
host    all open    127.0.0.1/32 trust
";
/// A password with everything that a URL has to escape.
const PASSWORD: &str = "p ss/@:ü%?#";
const ENCODED: &str = "p%20ss%2F%40%3A%C3%BC%25%3F%23";

/// A server of its own with these rules, and the file that holds them.
fn server() -> (Private<Postgres>, tempfile::NamedTempFile) {
    let mut rules = tempfile::NamedTempFile::new().unwrap();
    rules.write_all(RULES.as_bytes()).unwrap();
    rules
        .as_file()
        .set_permissions(Permissions::from_mode(0o644))
        .unwrap();
    let setting = format!("hba_file={}", rules.path().display());
    let server = Postgres::start_private_with(&["-c", &setting]).unwrap();
    for user in ["tls", "plain", "clear", "open"] {
        server.client(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'"));
    }
    server.client(&format!(
        "SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD '{PASSWORD}'; \
         CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC"
    ));
    (server, rules)
}

#[tokio::test]
async fn each_way_to_log_in() {
    let (server, _rules) = server();
    let url = |user: &str, rest: &str| {
        format!(
            "postgres://{user}:{ENCODED}@{}:{}/{rest}",
            server.host(),
            server.port()
        )
    };
    for (user, mode) in [
        ("tls", "prefer"),
        ("tls", "allow"),
        ("tls", "require"),
        ("plain", "prefer"),
        ("plain", "allow"),
        ("plain", "disable"),
        ("old", "prefer"),
        ("old", "disable"),
        ("clear", "require"),
        ("clear", "disable"),
        ("open", "prefer"),
    ] {
        let url = url(user, &format!("postgres?sslmode={mode}"));
        let mut connection = connect_to(&url).await;
        assert_usable(&mut connection).await;
        connection.close().await;
    }
    let error = connect_error(&url("tls", "postgres?sslmode=disable")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let error = connect_error(&url("plain", "postgres?sslmode=require")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let error = connect_error(&url("open", "closed")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.to_string().contains("permission denied"), "{error}");
    let error = connect_error(&url("old", "postgres?channel_binding=require")).await;
    assert!(error.to_string().contains("channel_binding=require"), "{error}");

    // sslmode=allow begins without encryption, and no password is worth that.
    let error = connect_error(&url("clear", "postgres?sslmode=allow")).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.to_string().contains("clear text"), "{error}");
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    let error = connect_error(&url("old", "postgres").replace(ENCODED, "other")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
}
