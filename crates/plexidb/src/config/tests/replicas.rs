//! Replicas in a configuration: lists of URLs, which are checked and never shown.

use super::super::ReplicaConfig;
use super::{load, problems};
use secrecy::ExposeSecret as _;

fn urls(replicas: &[ReplicaConfig]) -> Vec<&str> {
    replicas
        .iter()
        .map(|replica| replica.url.expose_secret())
        .collect()
}

#[test]
fn replicas_are_urls_whose_secrets_may_come_from_the_environment() {
    let text = r#"
        [[database]]
        name = "chat"
        url = "postgres://app@one/chat"
        replicas = ["postgres://app:${SECRET}@two/chat", "postgres://app@three/chat"]
        balance = "round_robin"
        max_replica_lag = 2
    "#;
    let config = load(text, [("SECRET", "hunter2")]).unwrap();
    let chat = &config.databases[0];
    let expected = ["postgres://app:hunter2@two/chat", "postgres://app@three/chat"];
    assert_eq!(urls(&chat.replicas), expected);
    assert!(!format!("{config:?}").contains("hunter2"));

    let address = "postgres://app@one/chat";
    let variables = [
        ("PLEXIDB_DATABASE_CHAT_URL", address),
        (
            "PLEXIDB_DATABASE_CHAT_REPLICAS",
            "postgres://a,b@two/chat postgres://three/chat",
        ),
    ];
    let config = load("", variables).unwrap();
    let expected = ["postgres://a,b@two/chat", "postgres://three/chat"];
    assert_eq!(urls(&config.databases[0].replicas), expected);
}

#[test]
fn replicas_that_cannot_be_are_named() {
    let found = |more: &str| {
        let text = format!("[[database]]\nname = \"chat\"\n{more}");
        problems(load(&text, []))
    };
    let primary = "url = \"postgres://app@one/chat\"";
    for (more, expected) in [
        (
            format!("{primary}\nreplicas = [\"mysql://two/chat\"]"),
            "replica 1 is another type of database than its primary",
        ),
        (
            format!("{primary}\nreplicas = [\"two/chat\"]"),
            "the URL of replica 1 has no scheme that is known",
        ),
        (
            format!("{primary}\nreplicas = [\"postgres://two/chat\", \"postgres://two/chat\"]"),
            "the address of replica 2 is given twice",
        ),
        (
            format!("{primary}\nrole = \"replica\"\nreplicas = [\"postgres://two/chat\"]"),
            "`role` is `replica`, and there are `replicas`",
        ),
        (
            "url = \"sqlite:a.db\"\nreplicas = [\"sqlite:b.db\"]".to_owned(),
            "SQLite has no replicas",
        ),
        (
            format!("{primary}\nmax_replica_lag = 1"),
            "there are no replicas that could lag",
        ),
        (
            format!("{primary}\nreplicas = 3"),
            "`replicas` does not take this number; set it to a list of URLs",
        ),
    ] {
        let found = found(&more);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{more}: {found:?}"
        );
    }
}
