//! A configuration that cannot work is refused before anything is connected to.

use std::time::Duration;

use super::*;

#[track_caller]
fn refusal(config: RedisConfig) -> String {
    match Target::new(config) {
        Ok(_) => panic!("taken all the same"),
        Err(error) => error.to_string(),
    }
}

fn of_url(url: &str) -> RedisConfig {
    RedisConfig::from_url(url).unwrap()
}

#[test]
fn what_does_not_fit_together_is_said() {
    let nobody = RedisConfig::new(RedisServers::Cluster { seeds: Vec::new() });
    assert!(refusal(nobody).contains("no node"));
    let mut numbered = of_url("redis+cluster://host");
    numbered.database = 1;
    assert!(refusal(numbered).contains("database 0"));
    assert!(refusal(of_url("redis://app@host")).contains("needs a password"));
    let mut hasty = of_url("redis://host");
    hasty.call_timeout = Duration::ZERO;
    assert!(refusal(hasty).contains("timeout of zero"));
    let mut socket = of_url("redis+unix:///socket");
    socket.tls = of_url("rediss://host").tls;
    assert!(refusal(socket).contains("not encrypted"));
}

#[test]
fn a_missing_or_a_wrong_file_is_named() {
    assert!(refusal(of_url("rediss://host?ca=/nowhere/ca.pem")).contains("cannot read /nowhere/ca.pem"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(
        &file,
        "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let error = refusal(of_url(&format!("rediss://host?ca={}", file.display())));
    assert!(
        error.contains("ca.pem") && error.contains("no certificate"),
        "{error}"
    );
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let made = super::super::RedisConnection::new(of_url("redis://host"));
    assert_eq!(made.unwrap_err(), RedisConfigError::NoRuntime);
}
