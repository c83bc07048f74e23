//! URLs of every kind, and messages that tell no secret.

use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::*;

fn tcp(host: &str, port: u16) -> ServerAddress {
    ServerAddress {
        host: host.into(),
        port,
    }
}

#[test]
fn one_server_with_account_database_and_tls() {
    let config = parse("redis://host").unwrap();
    assert!(
        matches!(config.servers, RedisServers::One(RedisAddress::Tcp(ref at)) if *at == tcp("host", 6379))
    );
    assert_eq!((config.database, config.tls), (0, None));

    let config = parse("rediss://app:p%40ss%3A@[::1]:7000/3?ca=/etc/ca.pem").unwrap();
    assert!(
        matches!(config.servers, RedisServers::One(RedisAddress::Tcp(ref at)) if *at == tcp("::1", 7000))
    );
    assert_eq!(config.username.as_deref(), Some("app"));
    assert_eq!(config.password.unwrap().expose_secret(), "p@ss:");
    assert_eq!(config.database, 3);
    let tls = config.tls.unwrap();
    assert_eq!(tls.ca_file, Some(PathBuf::from("/etc/ca.pem")));

    let config = parse("redis://:secret@host").unwrap();
    assert_eq!(config.username, None);
    assert_eq!(config.password.unwrap().expose_secret(), "secret");
}

#[test]
fn sockets_sentinels_and_clusters() {
    let config = parse("redis+unix:///run/redis%20one.sock?db=4&user=app&password=pw").unwrap();
    assert!(
        matches!(config.servers, RedisServers::One(RedisAddress::Unix(ref path)) if path.to_str() == Some("/run/redis one.sock"))
    );
    assert_eq!((config.database, config.username.as_deref()), (4, Some("app")));

    let config = parse("redis+sentinel://:pw@a,b:1/main/2?sentinel_password=spw").unwrap();
    let RedisServers::Sentinel {
        sentinels,
        service,
        password,
        ..
    } = config.servers
    else {
        panic!("not sentinels");
    };
    assert_eq!(sentinels, [tcp("a", 26379), tcp("b", 1)]);
    assert_eq!((service.as_str(), config.database), ("main", 2));
    assert_eq!(password.unwrap().expose_secret(), "spw");

    let config = parse("rediss+cluster://a,b:1").unwrap();
    assert!(matches!(config.servers, RedisServers::Cluster { ref seeds } if seeds.len() == 2));
    assert!(config.tls.is_some());
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    for (url, expected) in [
        ("http://hunter2", "must begin with"),
        ("hunter2", "must begin with"),
        ("redis://:hunter2@a,b", "several servers"),
        ("redis://:hunter2@host:port", "port"),
        ("redis://:hunter2@host/x", "database"),
        ("redis://:hunter2@", "host is missing"),
        ("redis+sentinel://:hunter2@a", "service"),
        ("redis+cluster://:hunter2@a/1", "database 0"),
        ("redis+unix://:hunter2@host", "absolute"),
        ("redis://host?passwort=hunter2", "unknown option"),
        ("redis://:hunter2@host?ca=x", "rediss"),
        ("rediss://:hunter2@host?cert=x", "belong together"),
        ("redis://:hunter2%ff@host", "not UTF-8"),
    ] {
        let error = parse(url).unwrap_err();
        assert!(error.contains(expected), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{url}: {error}");
    }
    let config = parse("redis://:hunter2@host").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
