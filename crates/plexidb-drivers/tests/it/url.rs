//! Which URLs become connectors, through the public entry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use plexidb_core::ErrorKind;
use plexidb_drivers::{ConnectOptions, DatabaseUrl, connector};

fn error(url: &str) -> (ErrorKind, String) {
    let error = connector(url, &ConnectOptions::default()).err().unwrap();
    (error.kind(), error.to_string())
}

#[test]
fn a_url_that_names_no_database_is_a_configuration_error_that_says_what_to_write() {
    for (url, advice) in [
        ("", "sqlite:PATH"),
        ("chat.db", "write sqlite:chat.db"),
        ("/data/chat.db", "write sqlite:/data/chat.db"),
        ("sqlit:chat.db", "did you mean sqlite?"),
        ("oracle://host/db", "postgres://"),
        ("postgres:host/db", "with two slashes"),
    ] {
        let (kind, message) = error(url);
        assert_eq!(kind, ErrorKind::Configuration, "{url}");
        assert!(message.contains(advice), "{url}: {message}");
    }
}

#[test]
fn a_url_prints_without_its_password() {
    let url: DatabaseUrl = "mysql://root:hunter2@db:3307/app?ssl-mode=required"
        .parse()
        .unwrap();
    assert_eq!(url.to_string(), "mysql://root:***@db:3307/app?ssl-mode=required");
}
