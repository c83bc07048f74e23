//! libpq's options, as users write them in URLs.

use super::*;

fn settings(url: &str) -> Result<Settings, DriverError> {
    Settings::from_url(&url.parse()?, &ConnectOptions::default())
}

fn refusal(url: &str) -> String {
    match settings(url) {
        Ok(_) => panic!("{url} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_parts_of_a_url_arrive() {
    let settings = settings("postgresql://ada:s%40fe@db.example:5433/chat?connect_timeout=3").unwrap();
    assert_eq!(settings.target(), "db.example:5433/chat");
    assert_eq!(settings.user, "ada");
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(settings.tls.mode, TlsMode::Prefer);
    assert!(!settings.tls.is_explicit);
}

#[test]
fn options_go_before_the_parts_and_the_database_defaults_to_the_user() {
    let settings = settings("postgres://x@y:1/z?host=/tmp/sockets&port=6000&user=ada").unwrap();
    assert_eq!(settings.target(), "/tmp/sockets/.s.PGSQL.6000/z");
    let settings = self::settings("postgres://ada@%2Fvar%2Frun:6001").unwrap();
    assert_eq!(settings.target(), "/var/run/.s.PGSQL.6001/ada");
}

#[test]
fn a_root_certificate_makes_require_verify() {
    let mode = |query: &str| settings(&format!("postgres://u@h/d?{query}")).unwrap().tls.mode;
    assert_eq!(mode("sslmode=require"), TlsMode::Require);
    assert_eq!(mode("sslmode=require&sslrootcert=/ca.pem"), TlsMode::VerifyCa);
    assert_eq!(mode("sslrootcert=system"), TlsMode::VerifyFull);
    assert!(refusal("postgres://u@h/d?sslrootcert=system&sslmode=require").contains("verify-full"));
}

#[test]
fn what_is_misspelt_or_impossible_is_refused_by_name() {
    assert!(refusal("postgres://u@h/d?sslmod=require").contains("did you mean sslmode?"));
    assert!(refusal("postgres://u@h/d?sslmode=required").contains("verify-full"));
    assert!(refusal("postgres://u@h/d?host=a,b").contains("several hosts"));
    assert!(refusal("postgres://u@h/d?client_encoding=LATIN1").contains("UTF8"));
    assert!(refusal("postgres://u@h/d?sslcert=/c.pem").contains("sslkey"));
    assert!(refusal("postgres://u@h/d?connect_timeout=soon").contains("connect_timeout=soon"));
}

#[test]
fn the_command_line_of_the_url_goes_before_the_sessions_defaults() {
    let settings = settings("postgres://u@h/d?options=-c%20timezone%3DEurope/Berlin").unwrap();
    let names: Vec<&str> = settings.startup.iter().map(|(name, _)| *name).collect();
    assert!(!names.contains(&"TimeZone"), "{names:?}");
    assert!(names.contains(&"DateStyle") && names.contains(&"options"));
}
