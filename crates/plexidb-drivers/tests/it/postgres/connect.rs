//! Ways in, and each way in which a server cannot be reached or refuses.

use std::net::TcpListener;
use std::time::Duration;

use plexidb_core::{ConnectPhase, DriverError, ErrorKind};
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::postgres;

use super::{assert_usable, connect_error, connect_to, connector_to, query};

fn phase(error: &DriverError) -> ConnectPhase {
    match error {
        DriverError::Connect { phase, .. } => *phase,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn tcp_and_the_unix_socket_lead_in() {
    for url in [postgres().url(), postgres().url_unix()] {
        let mut connection = connect_to(&url).await;
        assert_usable(&mut connection).await;
        connection.close().await;
    }
    let database = postgres().fresh_database();
    let encoded = postgres()
        .socket_folder()
        .display()
        .to_string()
        .replace('/', "%2F");
    let url = format!(
        "postgresql://{}:{}@{encoded}:{}/{}",
        postgres().user(),
        postgres().password(),
        postgres().port(),
        database.name()
    );
    let connector = connector_to(&url);
    assert!(
        connector
            .target()
            .starts_with(&postgres().socket_folder().display().to_string())
    );
    assert!(!connector.target().contains(postgres().password()));
    let mut connection = connector.connect().await.unwrap();
    let rows = query(&mut connection, "SELECT current_database()", &[]).await;
    assert_eq!(rows[0].get::<&str>(0).unwrap(), database.name());
}

#[tokio::test]
async fn the_session_has_the_settings_of_the_url() {
    let sql = "SELECT current_setting('TimeZone'), current_setting('application_name'), current_setting('client_encoding')";
    let settings = async |options: &str| {
        let mut connection = connect_to(&format!("{}{options}", postgres().url())).await;
        let rows = query(&mut connection, sql, &[]).await;
        rows.deserialize::<(String, String, String)>().unwrap().remove(0)
    };
    assert_eq!(
        settings("").await,
        ("UTC".into(), "plexidb".into(), "UTF8".into())
    );
    let options = "?application_name=my%20app&options=-c%20TimeZone%3DEurope/Berlin";
    assert_eq!(
        settings(options).await,
        ("Europe/Berlin".into(), "my app".into(), "UTF8".into())
    );
}

#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_an_unknown_database_are_told_apart() {
    let url = postgres().url();
    let error = connect_error(&url.replace(postgres().password(), "wrong")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(
        error.to_string().contains("password authentication failed"),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong"), "{error}");

    let error = connect_error(&url.replace(&format!(":{}", postgres().password()), "")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("asks for a password"), "{error}");

    let error = connect_error(&url.replace("/postgres", "/nowhere")).await;
    assert_eq!(error.kind(), ErrorKind::UnknownDatabase);
    assert!(
        error.to_string().contains("\"nowhere\" does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn unreachable_servers_tell_the_phase_that_failed() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let error = connect_error(&format!("postgres://u:secret@127.0.0.1:{port}/d")).await;
    assert_eq!(phase(&error), ConnectPhase::Dial);
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = connect_error("postgres://u@no-such-host.invalid/d").await;
    assert_eq!(phase(&error), ConnectPhase::Resolve);
    let error = connect_error("postgres://u@/d?host=/nowhere").await;
    assert_eq!(phase(&error), ConnectPhase::Dial);
    assert!(error.to_string().contains("/nowhere/.s.PGSQL.5432"), "{error}");
}

#[tokio::test]
async fn a_silent_server_times_out_and_a_stranger_is_recognised() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u@{}/d", silent.local_addr().unwrap());
    let options = ConnectOptions {
        connect_timeout: Duration::from_millis(200),
        ..ConnectOptions::default()
    };
    for (mode, expected) in [("prefer", ConnectPhase::Tls), ("disable", ConnectPhase::Auth)] {
        let connector = connector(&format!("{url}?sslmode={mode}"), &options).unwrap();
        let Err(error) = connector.connect().await else {
            panic!("a silent server was accepted");
        };
        assert_eq!(phase(&error), expected, "{error}");
        assert!(error.to_string().contains("connect_timeout"), "{error}");
    }

    let redis = plexidb_testkit::redis();
    let error = connect_error(&format!(
        "postgres://u@{}:{}/d?sslmode=disable",
        redis.host(),
        redis.port()
    ))
    .await;
    assert_eq!(phase(&error), ConnectPhase::Auth, "{error}");
}

#[tokio::test]
async fn the_servers_role_is_checked() {
    let url = postgres().url();
    for accepted in ["any", "read-write", "primary", "prefer-standby"] {
        connect_to(&format!("{url}?target_session_attrs={accepted}")).await;
    }
    for refused in ["standby", "read-only"] {
        let error = connect_error(&format!("{url}?target_session_attrs={refused}")).await;
        assert_eq!(phase(&error), ConnectPhase::Setup, "{error}");
    }
    let url = format!("{url}?options=-c%20default_transaction_read_only%3Don");
    connect_to(&format!("{url}&target_session_attrs=read-only")).await;
}
