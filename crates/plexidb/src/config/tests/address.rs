//! The URLs that parts come to, and parts that contradict each other.

use secrecy::ExposeSecret as _;

use super::super::RedisConfig;
use super::{load, problems};

fn url(parts: &str) -> String {
    let config = load(&format!("[database.x]\n{}\n", parts.replace("; ", "\n")), []).unwrap();
    config.databases[0].url().expose_secret().to_owned()
}

#[test]
fn parts_come_to_an_encoded_url() {
    for (parts, expected) in [
        (r#"type = "sqlite"; path = "chat.db""#, "sqlite:chat.db"),
        (r#"type = "sqlite"; path = ":memory:""#, "sqlite::memory:"),
        (
            r#"type = "sqlite"; path = "/var/my data/50%?#.db"; options = "mode=ro""#,
            "sqlite:/var/my%20data/50%25%3F%23.db?mode=ro",
        ),
        (
            r#"type = "sqlite"; path = "//share/chat.db""#,
            "sqlite:////share/chat.db",
        ),
        (r#"type = "postgres""#, "postgres://localhost/"),
        (
            r#"type = "postgresql"; host = "db.example.org"; port = 5433; database = "chät/1"; username = "a@b"; password = "p:w/d?#[%é'""#,
            "postgres://a%40b:p%3Aw%2Fd%3F%23%5B%25%C3%A9%27@db.example.org:5433/ch%C3%A4t%2F1",
        ),
        (
            r#"type = "postgres"; host = "::1"; port = 5432"#,
            "postgres://[::1]:5432/",
        ),
        (
            r#"type = "postgres"; host = "[fe80::1]""#,
            "postgres://[fe80::1]/",
        ),
        (
            r#"type = "postgres"; host = "/run/postgresql""#,
            "postgres://%2Frun%2Fpostgresql/",
        ),
        (
            r#"type = "postgres"; host = "evil@elsewhere/x""#,
            "postgres://evil%40elsewhere%2Fx/",
        ),
        (
            r#"type = "mariadb"; host = "/run/my sqld.sock"; options = "ssl-mode=disabled""#,
            "mysql://localhost/?ssl-mode=disabled&socket=/run/my%20sqld.sock",
        ),
        (
            r#"url = "postgres://as:given@h/x?y=%20""#,
            "postgres://as:given@h/x?y=%20",
        ),
    ] {
        assert_eq!(url(parts), expected);
    }
}

#[test]
fn redis_parts_come_to_an_encoded_url() {
    assert_eq!(
        RedisConfig::default().url().expose_secret(),
        "redis://localhost:6379/0"
    );
    let parts = RedisConfig {
        host: Some("::1".to_owned()),
        port: Some(7_000),
        password: Some("a/b".into()),
        db: Some(2),
        tls: Some(true),
        ..RedisConfig::default()
    };
    assert_eq!(parts.url().expose_secret(), "rediss://:a%2Fb@[::1]:7000/2");
    assert_eq!(
        RedisConfig::from_url("redis://h").url().expose_secret(),
        "redis://h"
    );
}

#[test]
fn contradictory_and_missing_parts_are_refused() {
    for (parts, place, what) in [
        ("max_overflow = 1", "TOML:1:11", "the database has no address"),
        ("host = \"h\"", "TOML:1:11", "the database has no address"),
        ("type = \"sqlite\"", "TOML:1:11", "`database` is missing"),
        (
            "type = \"sqlite\"; path = \"p\"; port = 1",
            "TOML:4:1",
            "SQLite has no `port`",
        ),
        (
            "type = \"mysql\"; password = \"p\"",
            "TOML:3:1",
            "`password` is given without `username`",
        ),
        (
            "url = \"sqlite:c\"; type = \"sqlite\"; path = \"c\"",
            "TOML:3:1",
            "both `url` and `type`, `database` are given",
        ),
        (
            "url = \"oracle://h/d\"",
            "TOML:2:1",
            "the URL's scheme is not known",
        ),
        ("url = \"\"", "TOML:2:1", "the URL has no scheme"),
    ] {
        let errors = load(&format!("[database.x]\n{}\n", parts.replace("; ", "\n")), []).unwrap_err();
        let [problem] = errors.problems() else {
            panic!("one problem: {errors}")
        };
        assert_eq!((problem.place.as_str(), problem.what.as_str()), (place, what));
    }
    let text = "[redis]\nurl = \"redis://h\"\ndb = 1\n[database.x]\nurl = \"sqlite:x\"\n";
    assert_eq!(
        problems(load(text, [])),
        ["TOML:3:1: both `url` and `db` are given; keep the URL or the parts"]
    );
}
