//! The settings of pools, from each source.

use std::time::Duration;

use super::super::{Config, DatabaseConfig};
use super::{load, problems};

const TEXT: &str = r#"
    [[database]]
    name = "chat"
    url = "postgres://app@db.example/chat"
    min_idle = 3
    overflow_idle_timeout = 0
    waiting_max = 100
    shedding_target = 0.05
    shedding_interval = 0.5
    leak_after = 0
    server_connections_max = 90
"#;

#[test]
fn a_file_gives_all_of_them() {
    let config = load(TEXT, []).unwrap();
    let chat = &config.databases[0];
    assert_eq!((chat.min_idle, chat.waiting_max), (3, 100));
    assert_eq!(chat.overflow_idle_timeout, Duration::ZERO);
    assert_eq!(chat.shedding_target, Some(Duration::from_millis(50)));
    assert_eq!(chat.shedding_interval, Duration::from_millis(500));
    assert_eq!((chat.leak_after, chat.server_connections_max), (None, Some(90)));
}

#[test]
fn the_environment_lies_over_the_file_and_can_lift_bounds() {
    let config = load(
        TEXT,
        [
            ("PLEXIDB_DATABASE_CHAT_MIN_IDLE", "5"),
            ("PLEXIDB_DATABASE_CHAT_SHEDDING_TARGET", "0"),
            ("PLEXIDB_DATABASE_CHAT_LEAK_AFTER", "1.5"),
            ("PLEXIDB_DATABASE_CHAT_SERVER_CONNECTIONS_MAX", "0"),
        ],
    )
    .unwrap();
    let chat = &config.databases[0];
    assert_eq!((chat.min_idle, chat.shedding_target), (5, None));
    assert_eq!(chat.leak_after, Some(Duration::from_millis(1_500)));
    assert_eq!(chat.server_connections_max, None);
}

#[test]
fn more_ready_connections_than_the_pool_keeps_are_refused() {
    let text = "[database.chat]\nurl = \"sqlite:a\"\nmin_idle = 3\npool_size = 2\n";
    assert_eq!(
        problems(load(text, [])),
        [
            "TOML:3:1: `min_idle` is more than `connection_pool_size`; lower it, or raise `connection_pool_size`"
        ]
    );
}

#[test]
fn a_file_has_no_server_to_bound() {
    let database = DatabaseConfig {
        server_connections_max: Some(4),
        ..DatabaseConfig::from_url("chat", "sqlite:chat.db")
    };
    let error = Config::builder()
        .database(database)
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("SQLite has no server"), "{error}");
}
