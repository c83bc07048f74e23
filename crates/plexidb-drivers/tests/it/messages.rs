//! What a user reads when no connection can be made: what failed, what to do, each thing once, and no secret.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::error::Error;

use plexidb_core::DriverError;
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::{MariaDb, Postgres, Proxy, Traffic, mariadb, postgres};

const SECRET: &str = "hidden-secret";

async fn refusal(url: &str) -> DriverError {
    let connector = connector(url, &ConnectOptions::default()).unwrap();
    let mut held = Vec::new();
    loop {
        match connector.connect().await {
            Ok(connection) => held.push(connection),
            Err(error) => return error,
        }
        assert!(held.len() < 20, "{url} was accepted");
    }
}

/// Checks a message with its causes, as a log shows them.
async fn tells(url: &str, parts: &[&str]) {
    let error = refusal(url).await;
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    for text in causes.map(ToString::to_string).chain([message]) {
        assert!(!text.contains(SECRET), "{text}");
        let pieces: Vec<&str> = text.split([':', ';']).map(str::trim).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let is_repeated = piece.len() > 8 && pieces[..at].contains(piece);
            assert!(!is_repeated, "{piece:?} comes twice: {text}");
        }
    }
}

#[tokio::test]
async fn of_a_server_that_is_not_there() {
    let closed = Proxy::start("127.0.0.1:1").unwrap();
    closed.set(Traffic::Refuse).unwrap();
    let hangs_up = Proxy::start("127.0.0.1:1").unwrap();
    for (scheme, socket) in [
        ("postgres", "host=/nowhere"),
        ("mariadb", "socket=/nowhere/my.sock"),
    ] {
        let at = |place: &str| format!("{scheme}://ada:{SECRET}@{place}/app");
        tells(
            &at(&closed.address()),
            &["(dial)", "refused", "check that the server runs"],
        )
        .await;
        tells(&at(&hangs_up.address()), &["reset"]).await;
        tells(
            &at("no-such-host.invalid"),
            &["(resolve)", "no-such-host.invalid", "check"],
        )
        .await;
        let url = format!("{}?{socket}", at("localhost"));
        tells(
            &url,
            &[
                "(dial)",
                "/nowhere/",
                "No such file",
                "check that the server runs",
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn of_a_login_that_is_refused() {
    let servers = [
        (postgres().url(), postgres().user(), postgres().password()),
        (mariadb().url(), mariadb().user(), mariadb().password()),
    ];
    for (url, user, password) in servers {
        let refused = format!("refused the login of user \"{user}\"");
        tells(
            &url.replace(password, SECRET),
            &[&refused, "check user, password"],
        )
        .await;
        tells(&url.replace(&format!(":{password}"), ""), &[&refused]).await;
        let (place, _) = url.rsplit_once('/').unwrap();
        tells(
            &format!("{place}/nowhere"),
            &["has no database \"nowhere\"", "create it"],
        )
        .await;
    }
}

#[tokio::test]
async fn of_tls_that_is_not_to_be_had() {
    let plain = Postgres::start_private_with(&["-c", "ssl=off"]).unwrap();
    tells(
        &format!("{}?sslmode=require", plain.url()),
        &["(TLS)", "offers no TLS", "sslmode=prefer"],
    )
    .await;
    let plain = MariaDb::start_private_with(&["--skip-ssl"]).unwrap();
    tells(
        &format!("{}?ssl-mode=required", plain.url()),
        &["(TLS)", "ssl-mode=preferred"],
    )
    .await;
    let stranger = postgres().stranger_ca_certificate().display().to_string();
    tells(
        &format!("{}?sslmode=verify-full&sslrootcert={stranger}", postgres().url()),
        &["(TLS)", "UnknownIssuer", &stranger],
    )
    .await;
    let stranger = mariadb().stranger_ca_certificate().display().to_string();
    tells(
        &format!("{}?ssl-mode=verify_identity&ssl-ca={stranger}", mariadb().url()),
        &["(TLS)", "UnknownIssuer", "ssl-ca"],
    )
    .await;
}

#[tokio::test]
async fn of_a_server_that_is_full() {
    let settings = [
        "-c",
        "max_connections=5",
        "-c",
        "superuser_reserved_connections=0",
        "-c",
        "max_wal_senders=0",
    ];
    let server = Postgres::start_private_with(&settings).unwrap();
    tells(
        &server.url(),
        &["(login)", "too many clients", "make pools smaller"],
    )
    .await;
    let server = MariaDb::start_private_with(&["--max-connections=10"]).unwrap();
    tells(
        &server.url(),
        &["(login)", "Too many connections", "make pools smaller"],
    )
    .await;
}
