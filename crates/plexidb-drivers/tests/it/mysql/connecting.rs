//! Making a connection: ways in, TLS, and everything that can go wrong on the way.

use std::time::Duration;

use plexidb_core::{ConnectPhase, DriverError, ErrorKind, Value};
use plexidb_drivers::{ConnectOptions, connector as make};
use plexidb_testkit::{MariaDb, Proxy, Traffic, mariadb};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::{connect, connector, value};

async fn refusal(url: &str) -> DriverError {
    match connector(url).connect().await {
        Ok(_) => panic!("{url} was let in"),
        Err(error) => error,
    }
}

fn phase(error: &DriverError) -> ConnectPhase {
    match error {
        DriverError::Connect { phase, .. } => *phase,
        other => panic!("{other}"),
    }
}

/// The TLS version of a connection; empty for a plain one.
async fn tls_version(url: &str) -> String {
    let mut connection = connect(url).await;
    let sql =
        "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_version'";
    match value(&mut *connection, sql, &[]).await {
        Value::Text(version) => version,
        other => panic!("{other:?}"),
    }
}

/// A URL of the server whose host is this; `to` forwards there.
fn url_at(host: &str, port: u16, options: &str) -> String {
    let (user, password) = (mariadb().user(), mariadb().password());
    format!("mariadb://{user}:{password}@{host}:{port}/?{options}")
}

#[tokio::test]
async fn tcp_and_unix_socket_lead_to_the_same_server() {
    let database = mariadb().fresh_database();
    for url in [database.url(), database.url_unix()] {
        let mut connection = connect(&url).await;
        let name = value(&mut *connection, "SELECT DATABASE()", &[]).await;
        assert_eq!(name, Value::Text(database.name().to_owned()));
    }
}

#[tokio::test]
async fn tls_is_used_as_the_mode_says() {
    let url = mariadb().url();
    let ca = mariadb().ca_certificate().display().to_string();
    assert!(tls_version(&url).await.starts_with("TLS"));
    assert_eq!(tls_version(&format!("{url}?ssl-mode=DISABLED")).await, "");
    for options in [
        "ssl-mode=REQUIRED".to_owned(),
        "ssl-mode=PREFERRED".to_owned(),
        format!("ssl-mode=VERIFY_CA&ssl-ca={ca}"),
        format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"),
    ] {
        let version = tls_version(&format!("{url}?{options}")).await;
        assert!(version.starts_with("TLS"), "{options}: {version}");
    }
}

#[tokio::test]
async fn a_strange_authority_is_refused_by_the_modes_that_verify() {
    let url = mariadb().url();
    let stranger = mariadb().stranger_ca_certificate().display().to_string();
    for options in [
        format!("ssl-mode=VERIFY_CA&ssl-ca={stranger}"),
        format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={stranger}"),
        "ssl-mode=VERIFY_IDENTITY".to_owned(),
        format!("ssl-ca={stranger}"),
    ] {
        let error = refusal(&format!("{url}?{options}")).await;
        assert_eq!(phase(&error), ConnectPhase::Tls, "{error}");
        assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    }
    let unverified = format!("{url}?ssl-mode=REQUIRED&ssl-ca={stranger}");
    assert!(tls_version(&unverified).await.starts_with("TLS"));
}

/// The certificate names 127.0.0.1 and localhost; here the server answers at 127.0.0.2.
#[tokio::test]
async fn the_hosts_name_counts_for_verify_identity_alone() {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let forwarder = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect((mariadb().host(), mariadb().port()))
                .await
                .unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let ca = mariadb().ca_certificate().display().to_string();
    let identity = url_at(
        "127.0.0.2",
        port,
        &format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"),
    );
    let error = refusal(&identity).await;
    assert_eq!(phase(&error), ConnectPhase::Tls, "{error}");
    assert!(error.to_string().contains("not valid for name"), "{error}");
    let authority = url_at("127.0.0.2", port, &format!("ssl-mode=VERIFY_CA&ssl-ca={ca}"));
    assert!(tls_version(&authority).await.starts_with("TLS"));
    let stranger = mariadb().stranger_ca_certificate().display().to_string();
    let strange = url_at(
        "127.0.0.2",
        port,
        &format!("ssl-mode=VERIFY_CA&ssl-ca={stranger}"),
    );
    assert!(refusal(&strange).await.to_string().contains("UnknownIssuer"));
    forwarder.abort();
}

#[tokio::test]
async fn a_server_without_tls_is_reached_where_the_mode_allows_it() {
    let server = MariaDb::start_private_with(&["--skip-ssl"]).unwrap();
    let connector = connector(&server.url());
    for _ in 0..2 {
        let connection = connector.connect().await.unwrap();
        connection.close().await;
    }
    let error = refusal(&format!("{}?ssl-mode=required", server.url())).await;
    assert_eq!(phase(&error), ConnectPhase::Tls, "{error}");
    assert!(error.to_string().contains("preferred"), "{error}");
}

#[tokio::test]
async fn an_unreadable_authority_is_named() {
    let error = refusal(&format!("{}?ssl-ca=/nowhere/ca.pem", mariadb().url())).await;
    assert_eq!(phase(&error), ConnectPhase::Tls);
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let url = mariadb().url().replace(mariadb().password(), "not-it");
    let error = refusal(&url).await;
    assert!(
        matches!(&error, DriverError::Authentication { user, .. } if user == mariadb().user()),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("not-it"), "{error:?}");
}

#[tokio::test]
async fn an_unknown_database_is_named() {
    let error = refusal(&format!("{}nowhere", mariadb().url())).await;
    assert!(
        matches!(&error, DriverError::UnknownDatabase { database, .. } if database == "nowhere"),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_on_which_nobody_listens_is_a_failed_dial() {
    let proxy = Proxy::start(mariadb().host()).unwrap();
    proxy.set(Traffic::Refuse).unwrap();
    let error = refusal(&format!("mysql://root@127.0.0.1:{}/", proxy.port())).await;
    assert_eq!(phase(&error), ConnectPhase::Dial, "{error}");
    let error = refusal("mysql://root@localhost/?socket=/nowhere/my.sock").await;
    assert_eq!(phase(&error), ConnectPhase::Dial, "{error}");
    assert!(error.to_string().contains("/nowhere/my.sock"), "{error}");
}

#[tokio::test]
async fn a_host_without_an_address_is_a_failed_resolution() {
    let error = refusal("mysql://root@no.such.host.invalid/").await;
    assert_eq!(phase(&error), ConnectPhase::Resolve, "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = ConnectOptions {
        connect_timeout: Duration::from_millis(100),
        ..ConnectOptions::default()
    };
    let connector = make(&format!("mysql://root@127.0.0.1:{port}/"), &options).unwrap();
    let Err(error) = connector.connect().await else {
        panic!("nobody answered")
    };
    assert_eq!(phase(&error), ConnectPhase::Auth);
    assert!(
        error.to_string().contains("the login is not done within 100ms"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_mysql_server_is_said_to_be_none() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        stream
    });
    let error = refusal(&format!("mysql://root@127.0.0.1:{port}/")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("does not speak MySQL"), "{error}");
    server.abort();
}

#[tokio::test]
async fn a_full_server_says_so() {
    let server = MariaDb::start_private_with(&["--max-connections=10"]).unwrap();
    let connector = connector(&server.url());
    let mut held = Vec::new();
    let error = loop {
        match connector.connect().await {
            Ok(connection) => held.push(connection),
            Err(error) => break error,
        }
        assert!(held.len() <= 12, "no bound");
    };
    assert_eq!(phase(&error), ConnectPhase::Auth);
    assert!(error.to_string().contains("Too many connections"), "{error}");
}
