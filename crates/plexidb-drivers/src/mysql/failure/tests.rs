//! Errors of the server and the library, and the kind that a caller sees.

use std::io;

use mysql_async::{DriverError as ClientError, Error, ServerError};
use plexidb_core::{ConnectPhase, DriverError, ErrorKind};

use super::{of_connect, of_setup, of_statement};

fn server(code: u16, message: &str) -> Error {
    Error::Server(ServerError {
        code,
        message: message.to_owned(),
        state: "HY000".to_owned(),
    })
}

fn kind(code: u16, message: &str) -> ErrorKind {
    of_statement(server(code, message), "db:3306/app", true).kind()
}

fn phase(error: Error) -> ConnectPhase {
    match of_connect(error, "db:3306/app", "ada", Some("app")) {
        DriverError::Connect { phase, .. } => phase,
        other => panic!("{other}"),
    }
}

#[test]
fn the_servers_numbers_have_kinds() {
    assert_eq!(kind(1205, "Lock wait timeout exceeded"), ErrorKind::Locked);
    assert_eq!(kind(1792, "READ ONLY transaction"), ErrorKind::ReadOnly);
    assert_eq!(
        kind(1290, "is running with the --read-only option"),
        ErrorKind::ReadOnly
    );
    assert_eq!(
        kind(1290, "is running with the --secure-file-priv option"),
        ErrorKind::Sql
    );
    assert_eq!(
        kind(1317, "Query execution was interrupted"),
        ErrorKind::Cancelled
    );
    assert_eq!(kind(1969, "max_statement_time exceeded"), ErrorKind::Cancelled);
    assert_eq!(kind(1064, "You have an error in your SQL syntax"), ErrorKind::Sql);
}

#[test]
fn only_what_certainly_did_not_run_is_said_not_to_have_run() {
    let unknown = |error| of_statement(error, "t", true).outcome_is_unknown();
    assert!(unknown(server(1927, "Connection was killed")));
    assert!(unknown(Error::from(io::Error::from(
        io::ErrorKind::ConnectionReset
    ))));
    assert!(!unknown(server(4031, "disconnected because of inactivity")));
    assert!(!unknown(Error::from(ClientError::ConnectionClosed)));
    let unsent = of_statement(
        Error::from(io::Error::from(io::ErrorKind::ConnectionReset)),
        "t",
        false,
    );
    assert!(!unsent.outcome_is_unknown());
}

#[test]
fn a_failed_login_tells_how_far_it_came() {
    assert_eq!(
        phase(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
        ConnectPhase::Dial
    );
    assert_eq!(
        phase(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        ConnectPhase::Auth
    );
    assert_eq!(phase(server(1040, "Too many connections")), ConnectPhase::Auth);
    assert_eq!(
        phase(ClientError::NoClientSslFlagFromServer.into()),
        ConnectPhase::Tls
    );
    let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    assert_eq!(phase(io::Error::other(certificate).into()), ConnectPhase::Tls);
}

#[test]
fn refused_logins_and_missing_databases_are_their_own_errors() {
    let error = of_connect(server(1045, "Access denied"), "db:3306/app", "ada", Some("app"));
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("\"ada\""), "{error}");
    let error = of_connect(
        server(1049, "Unknown database 'app'"),
        "db:3306/app",
        "ada",
        Some("app"),
    );
    assert!(
        matches!(error, DriverError::UnknownDatabase { ref database, .. } if database == "app"),
        "{error}"
    );
}

#[test]
fn a_server_that_ends_or_refuses_writes_is_left() {
    let retires = |code, message| of_statement(server(code, message), "t", true).retires_endpoint();
    assert!(retires(1053, "Server shutdown in progress"));
    assert!(retires(1927, "Connection was killed"));
    assert!(retires(
        1792,
        "Cannot execute statement in a READ ONLY transaction"
    ));
    // As a proxy says of the server behind it.
    assert!(retires(2006, "MySQL server has gone away"));
    assert!(retires(2013, "Lost connection to MySQL server during query"));
    assert!(retires(1290, "is running with the --read-only option"));
    assert!(retires(1836, "Running in read-only mode"));
    assert!(!retires(4031, "disconnected because of inactivity"));
    assert!(!retires(1064, "You have an error in your SQL syntax"));
    let login = |code| of_connect(server(code, "no"), "t", "ada", None).retires_endpoint();
    assert!(login(1053));
    assert!(!login(1040));
}

#[test]
fn a_message_and_its_cause_say_each_thing_once() {
    let reset = || Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
    for error in [
        of_setup(reset(), "db:3306/app"),
        of_connect(reset(), "db:3306/app", "ada", None),
    ] {
        let cause = std::error::Error::source(&error).unwrap();
        assert!(cause.is::<io::Error>(), "{cause:?}");
        assert!(!error.to_string().contains("Input/output"), "{error}");
    }
    let full = of_connect(server(1040, "Too many connections"), "db:3306/app", "ada", None);
    assert!(full.to_string().contains("make pools smaller"), "{full}");
}
