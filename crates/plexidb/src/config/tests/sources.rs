//! Defaults, files, the environment and the builder, and which of them wins.

use std::time::Duration;

use plexidb_core::Dialect;
use secrecy::ExposeSecret as _;

use super::super::{Config, DatabaseConfig, RedisConfig, Role};
use super::{build_alone, load};

const ONE: &str = "[[database]]\nname = \"chat\"\nurl = \"sqlite:chat.db\"\n";

#[test]
fn a_url_alone_comes_with_the_documented_defaults() {
    let config = Config::for_url("sqlite:chat.db").unwrap();
    assert!(config.enable_query_cache && config.enable_query_optimization && config.auto_tune_enabled);
    assert_eq!(
        (
            config.l1_bytes_max,
            config.l1_entry_bytes_max,
            config.statements_max
        ),
        (64 << 20, 1 << 20, 4_096)
    );
    assert_eq!(config.cache_ttl, Duration::from_secs(600));
    assert!(config.redis.is_none());
    let [database] = config.databases.as_slice() else {
        panic!("one database")
    };
    assert_eq!(
        (database.name.as_str(), database.role),
        ("default", Role::Primary)
    );
    assert_eq!((database.connection_pool_size, database.max_overflow), (10, 10));
    assert_eq!(database.pool_timeout, Duration::from_secs(30));
    assert_eq!(database.pool_recycle, Duration::from_secs(1_800));
    assert_eq!((database.min_idle, database.waiting_max), (0, 65_536));
    assert_eq!(database.overflow_idle_timeout, Duration::from_secs(1));
    assert_eq!(
        (database.shedding_target, database.server_connections_max),
        (None, None)
    );
    assert_eq!(database.leak_after, Some(Duration::from_secs(600)));
    assert_eq!(database.connect_timeout, Duration::from_secs(10));
    assert_eq!(
        (database.statement_timeout, database.result_rows_max),
        (None, None)
    );
    assert_eq!(database.result_bytes_max, 1 << 30);
    assert_eq!((database.enable_query_cache, database.cache_ttl), (None, None));
}

#[test]
fn every_kind_of_value_is_read_from_a_file() {
    let config = load(
        r#"
        enable_query_cache = false
        cache_ttl = 0x10
        l1_bytes_max = "1 GiB"
        l1_entry_bytes_max = 4096
        [redis]
        host = "cache"
        db = 3
        [[database]]
        name = "chat"
        type = "mariadb"
        role = "replica"
        host = "db"
        user = "ada"
        db = "chat"
        pool_size = 3
        pool_timeout = 0.25
        statement_timeout = 1.5
        max_rows = 100
        enable_query_cache = true
        ttl = 5
        "#,
        [],
    )
    .unwrap();
    assert!(!config.enable_query_cache);
    assert_eq!(
        (
            config.cache_ttl.as_secs(),
            config.l1_bytes_max,
            config.l1_entry_bytes_max
        ),
        (16, 1 << 30, 4_096)
    );
    assert_eq!(
        config.redis.unwrap().url().expose_secret(),
        "redis://cache:6379/3"
    );
    let database = &config.databases[0];
    assert_eq!(
        (database.dialect, database.role),
        (Some(Dialect::MySql), Role::Replica)
    );
    assert_eq!(database.url().expose_secret(), "mysql://ada@db/chat");
    assert_eq!(
        (database.connection_pool_size, database.pool_timeout),
        (3, Duration::from_millis(250))
    );
    assert_eq!(
        (database.statement_timeout, database.result_rows_max),
        (Some(Duration::from_millis(1_500)), Some(100))
    );
    assert_eq!(
        (database.enable_query_cache, database.cache_ttl),
        (Some(true), Some(Duration::from_secs(5)))
    );
}

#[test]
fn databases_keep_the_order_of_the_file_in_every_form() {
    let named = "[database.zoo]\nurl = \"sqlite:z\"\n[databases.ant]\nurl = \"sqlite:a\"\n";
    let array = "[[databases]]\nname = \"zoo\"\nurl = \"sqlite:z\"\n[[databases]]\nname = \"ant\"\nurl = \"sqlite:a\"\n";
    for text in [named, array] {
        let config = load(text, []).unwrap();
        let names: Vec<_> = config
            .databases
            .iter()
            .map(|database| database.name.as_str())
            .collect();
        assert_eq!(names, ["zoo", "ant"]);
    }
}

#[test]
fn the_environment_lies_over_the_file_and_the_builder_over_both() {
    let text = format!("cache_ttl = 1\nstatements_max = 100\n{ONE}max_overflow = 1\npool_timeout = 1\n");
    let variables = [
        ("PLEXIDB_CACHE_TTL", "2"),
        ("PLEXIDB_L1_BYTES_MAX", "2 MiB"),
        ("PLEXIDB_DATABASE_CHAT_MAX_OVERFLOW", "2"),
    ];
    let builder = Config::builder()
        .cache_ttl(Duration::from_secs(3))
        .toml(text)
        .environment();
    let config = builder.build_in(&variables.into()).unwrap();
    assert_eq!(
        (
            config.statements_max,
            config.l1_bytes_max,
            config.cache_ttl.as_secs()
        ),
        (100, 2 << 20, 3)
    );
    assert_eq!(
        (
            config.databases[0].max_overflow,
            config.databases[0].pool_timeout.as_secs()
        ),
        (2, 1)
    );
}

#[test]
fn the_builder_replaces_a_database_as_a_whole() {
    let given = DatabaseConfig::from_url("CHAT", "sqlite:other.db");
    let text = format!("{ONE}max_overflow = 1\n");
    let config = build_alone(Config::builder().database(given).toml(text)).unwrap();
    let [database] = config.databases.as_slice() else {
        panic!("one database")
    };
    assert_eq!(
        (database.url().expose_secret(), database.max_overflow),
        ("sqlite:other.db", 10)
    );
}

#[test]
fn the_builder_says_where_redis_is() {
    let text = format!("[redis]\nhost = \"cache\"\n{ONE}");
    let config = build_alone(
        Config::builder()
            .redis(RedisConfig::from_url("rediss://r/1"))
            .toml(text),
    )
    .unwrap();
    assert_eq!(config.redis.unwrap().url().expose_secret(), "rediss://r/1");
}

#[test]
fn a_url_from_the_environment_replaces_the_parts_of_the_file() {
    let text = "[database.chat]\ntype = \"mysql\"\nhost = \"db\"\npassword = \"p\"\nuser = \"u\"\nmax_overflow = 1\n";
    let config = load(text, [("PLEXIDB_DATABASE_CHAT_URL", "sqlite:chat.db")]).unwrap();
    assert_eq!(config.databases[0].url().expose_secret(), "sqlite:chat.db");
    assert_eq!(config.databases[0].max_overflow, 1);
}

#[test]
fn a_later_source_can_lift_a_bound() {
    let text = format!("{ONE}statement_timeout = 5\nresult_rows_max = 9\n");
    let none = [
        ("PLEXIDB_DATABASE_CHAT_STATEMENT_TIMEOUT", "0"),
        ("PLEXIDB_DATABASE_CHAT_RESULT_ROWS_MAX", "0"),
    ];
    let config = load(&text, none).unwrap();
    assert_eq!(
        (
            config.databases[0].statement_timeout,
            config.databases[0].result_rows_max
        ),
        (None, None)
    );
}

#[test]
fn a_file_is_loaded_from_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plexidb.toml");
    std::fs::write(&path, ONE).unwrap();
    assert_eq!(
        build_alone(Config::builder().file(&path)).unwrap().databases[0].name,
        "chat"
    );
    assert_eq!(Config::load(&path).unwrap().databases[0].name, "chat");
}

#[test]
fn tables_have_settings_of_their_own() {
    let config = load(
        r#"
        [[database]]
        name = "chat"
        url = "sqlite:chat.db"
        [database.tables.messages]
        cache_ttl = 60
        trigger_writes = ["audit", "main.log"]
        [database.tables."main.users"]
        cached = false
        trigger_writes = []
        "#,
        [],
    )
    .unwrap();
    let [messages, users] = config.databases[0].tables.as_slice() else {
        panic!("two tables: {:?}", config.databases[0].tables)
    };
    assert_eq!(
        (messages.name.as_str(), messages.enable_query_cache),
        ("messages", true)
    );
    assert_eq!(messages.cache_ttl, Some(Duration::from_secs(60)));
    assert_eq!(
        messages.trigger_writes.as_deref(),
        Some(["audit".to_owned(), "main.log".to_owned()].as_slice())
    );
    assert_eq!(
        (users.name.as_str(), users.enable_query_cache),
        ("main.users", false)
    );
    assert_eq!(
        (users.cache_ttl, users.trigger_writes.as_deref()),
        (None, Some([].as_slice()))
    );
    let other = load(
        "[database.chat]\nurl = \"sqlite:chat.db\"\n[database.chat.tables.messages]\ntrigger_writes = \"audit, log\"\n",
        [],
    );
    let table = &other.unwrap().databases[0].tables[0];
    assert_eq!(table.trigger_writes.as_ref().map(Vec::len), Some(2));
}

#[test]
fn wrong_settings_of_tables_are_told_with_their_place() {
    let text = "[[database]]\nname = \"chat\"\nurl = \"sqlite:c\"\n[database.tables]\na = 1\n\
                [database.tables.b]\ntl = 5\ncache_ttl = 0\ntrigger_writes = [1]\n";
    let found: Vec<String> = load(text, [])
        .unwrap_err()
        .0
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "TOML:5:1: `a` is not the table of a table; write `[database.tables.NAME]`",
            "TOML:7:1: unknown key `tl`; did you mean `ttl`?",
            "TOML:9:1: `trigger_writes` does not take an array; set it to a list of names, such as [\"a\", \"b\"]",
            "TOML:8:1: `cache_ttl` is out of bounds; set it to a number of seconds from 1 to 31536000",
        ]
    );
}
