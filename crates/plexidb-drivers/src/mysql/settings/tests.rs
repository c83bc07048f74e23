//! What a URL becomes, and what its errors advise.

use std::path::PathBuf;
use std::time::Duration;

use plexidb_core::DriverError;
use secrecy::ExposeSecret;

use super::{Place, Settings, SslMode};
use crate::options::ConnectOptions;

fn settings(url: &str) -> Result<Settings, DriverError> {
    Settings::from_url(&url.parse()?, &ConnectOptions::default())
}

fn ssl_mode(url: &str) -> SslMode {
    settings(url).unwrap().ssl_mode
}

#[test]
fn every_part_is_taken_over() {
    let given =
        settings("mariadb://ada:p%40ss@db.example:3307/chat?charset=UTF8MB4&connect_timeout=3").unwrap();
    assert_eq!(given.place, Place::Tcp("db.example".into(), 3307));
    assert_eq!(given.user, "ada");
    assert_eq!(given.password.get().unwrap().expose_secret(), "p@ss");
    assert_eq!(given.database.as_deref(), Some("chat"));
    assert_eq!(given.connect_timeout, Duration::from_secs(3));
    assert_eq!(given.target, "db.example:3307/chat");
}

#[test]
fn what_a_url_leaves_out_has_mysqls_defaults() {
    let bare = settings("mysql://").unwrap();
    assert_eq!(bare.place, Place::Tcp("localhost".into(), 3306));
    assert_eq!((bare.password.get().is_none(), bare.database), (true, None));
    assert_eq!(bare.connect_timeout, Duration::from_secs(10));
    assert_eq!(bare.ssl_mode, SslMode::Preferred);
}

#[test]
fn a_socket_goes_before_the_host_and_is_never_encrypted() {
    let by_option = settings("mysql://root@localhost/app?socket=/run/my.sock").unwrap();
    assert_eq!(by_option.place, Place::Socket("/run/my.sock".into()));
    assert_eq!(by_option.ssl_mode, SslMode::Disabled);
    assert_eq!(by_option.target, "/run/my.sock/app");
    let by_host = settings("mysql://root@%2Frun%2Fmy.sock/app").unwrap();
    assert_eq!(by_host.place, by_option.place);
    let refused = settings("mysql://h/app?socket=/run/my.sock&ssl-mode=REQUIRED").unwrap_err();
    assert!(
        refused.to_string().contains("Unix socket is not encrypted"),
        "{refused}"
    );
}

#[test]
fn every_spelling_of_the_ssl_mode_is_known() {
    assert_eq!(ssl_mode("mysql://h/d?ssl-mode=DISABLED"), SslMode::Disabled);
    assert_eq!(ssl_mode("mysql://h/d?sslmode=require"), SslMode::Required);
    assert_eq!(ssl_mode("mysql://h/d?ssl_mode=VERIFY_CA"), SslMode::VerifyCa);
    assert_eq!(
        ssl_mode("mysql://h/d?ssl-mode=verify-identity"),
        SslMode::VerifyIdentity
    );
    let unknown = settings("mysql://h/d?ssl-mode=maybe").unwrap_err().to_string();
    assert!(unknown.contains("disabled, preferred, required"), "{unknown}");
}

#[test]
fn an_authority_alone_asks_for_verification() {
    let given = settings("mysql://h/d?ssl-ca=/etc/ca.pem").unwrap();
    assert_eq!(given.ssl_mode, SslMode::VerifyCa);
    assert_eq!(given.tls_files.authorities, Some(PathBuf::from("/etc/ca.pem")));
    assert_eq!(
        ssl_mode("mysql://h/d?ssl-ca=/etc/ca.pem&ssl-mode=required"),
        SslMode::Required
    );
}

#[test]
fn mistakes_are_named() {
    let message = |url: &str| settings(url).unwrap_err().to_string();
    assert!(message("mysql://h/d?ssl-moed=required").contains("did you mean ssl-mode?"));
    assert!(message("mysql://h/d?charset=latin1").contains("utf8mb4"));
    assert!(message("mysql://h/d?ssl-cert=/c.pem").contains("ssl-key"));
    assert!(message("mysql://h/d?connect_timeout=soon").contains("seconds"));
}

#[test]
fn a_password_is_not_printed() {
    let given = settings("mysql://ada:hunter2@h/d").unwrap();
    assert!(!format!("{given:?}").contains("hunter2"));
}
