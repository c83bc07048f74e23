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
fn replicas_may_be_tables_with_weights_and_tags() {
    let primary = "[[database]]\nname = \"chat\"\nurl = \"postgres://app@one/chat\"\ntags = [\"live\"]\n";
    let as_tables = "
        [[database.replicas]]
        url = \"postgres://app:${SECRET}@two/chat\"
        weight = 3
        [[database.replicas]]
        url = \"postgres://app@three/chat\"
        tags = [\"analytics\", \"exports\"]
        reserved = false
    ";
    let in_line = "replicas = [{ url = \"postgres://app:${SECRET}@two/chat\", weight = 3 }, \"postgres://app@three/chat\"]";
    for (more, tags) in [(as_tables, 2), (in_line, 0)] {
        let config = load(&format!("{primary}{more}"), [("SECRET", "hunter2")]).unwrap();
        let chat = &config.databases[0];
        let expected = ["postgres://app:hunter2@two/chat", "postgres://app@three/chat"];
        assert_eq!(urls(&chat.replicas), expected);
        assert_eq!((chat.replicas[0].weight, chat.replicas[1].weight), (3, 1));
        assert_eq!(
            (chat.replicas[1].tags.len(), chat.replicas[1].reserved),
            (tags, tags == 0)
        );
        assert_eq!(chat.tags, ["live"]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
    // A later source's list takes the place of the tables.
    let variables = [
        ("SECRET", "hunter2"),
        ("PLEXIDB_DATABASE_CHAT_REPLICAS", "postgres://four/chat"),
    ];
    let config = load(&format!("{primary}{as_tables}"), variables).unwrap();
    assert_eq!(urls(&config.databases[0].replicas), ["postgres://four/chat"]);
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
            format!("{primary}\n[[database.replicas]]\nweight = 2"),
            "replica 1 has no `url`; add its address",
        ),
        (
            format!("{primary}\n[[database.replicas]]\nurl = \"postgres://two/chat\"\nweigth = 2"),
            "TOML:6:1: unknown key `weigth`; did you mean `weight`?",
        ),
        (
            format!("{primary}\nreplicas = [{{ url = \"postgres://two/chat\", weight = 1001 }}]"),
            "replica 1: its weight is out of bounds",
        ),
        (
            format!("{primary}\nreplicas = [{{ url = \"postgres://two/chat\", tags = [\"a b\"] }}]"),
            "replica 1: one of its tags is no name",
        ),
        (
            format!("{primary}\nreplicas = [{{ url = \"postgres://two/chat\" }}, 3]"),
            "a replica is neither a table nor text",
        ),
        (
            format!(
                "{primary}\nreplica = [\"postgres://two/chat\"]\nreplicas = [{{ url = \"postgres://two/chat\" }}]"
            ),
            "the replicas are given twice; keep `replicas`",
        ),
        (
            format!("{primary}\nreplica_wait = 0.05"),
            "there are no replicas to wait for",
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
