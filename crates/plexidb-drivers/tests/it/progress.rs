//! An attempt to connect that is given up half-way tells how far it had come.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use plexidb_core::{ConnectPhase, ConnectProgress, Connector, DriverError};
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::{Proxy, Traffic, mariadb, postgres};
use tokio::net::TcpListener;

/// Gives an attempt up as soon as it has come to a phase; the harness bounds it.
async fn give_up_at(phase: ConnectPhase, url: &str) {
    let connector = connector(url, &ConnectOptions::default()).unwrap();
    let progress = ConnectProgress::new();
    tokio::select! {
        _ = connector.connect_telling(&progress) => panic!("{url}: nobody answers"),
        () = async {
            while progress.phase() != Some(phase) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        } => {}
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_stays_silent() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    for (url, phase) in [
        (
            format!("postgres://u@{address}/d?sslmode=prefer"),
            ConnectPhase::Tls,
        ),
        (
            format!("postgres://u@{address}/d?sslmode=disable"),
            ConnectPhase::Auth,
        ),
        (format!("mysql://u@{address}/d"), ConnectPhase::Auth),
        (
            format!("mysql://u@{address}/d?ssl-mode=disabled"),
            ConnectPhase::Auth,
        ),
    ] {
        give_up_at(phase, &url).await;
    }
}

#[tokio::test]
async fn a_host_that_is_switched_off() {
    let proxy = Proxy::start("127.0.0.1:1").unwrap();
    proxy.set(Traffic::Ignore).unwrap();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://u@{}/d?connect_timeout=1", proxy.address());
        let connector = connector(&url, &ConnectOptions::default()).unwrap();
        let progress = ConnectProgress::new();
        let Err(error) = connector.connect_telling(&progress).await else {
            panic!("nobody answers");
        };
        assert_eq!(progress.phase(), Some(ConnectPhase::Dial), "{error}");
        assert!(
            matches!(
                error,
                DriverError::Connect {
                    phase: ConnectPhase::Dial,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_attempt_that_succeeds_ends_with_the_setup() {
    for url in [postgres().url(), mariadb().url()] {
        let connector = connector(&url, &ConnectOptions::default()).unwrap();
        let progress = ConnectProgress::new();
        connector.connect_telling(&progress).await.unwrap().close().await;
        assert_eq!(progress.phase(), Some(ConnectPhase::Setup));
    }
}
