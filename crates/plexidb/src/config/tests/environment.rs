//! Environment variables: names, words, references, and variables that are not ours.

use secrecy::ExposeSecret as _;

use super::super::Config;
use super::{load, problems};

const ONE: &str = "[database.my-shop]\nurl = \"sqlite:shop.db\"\n";

fn from_env<const N: usize>(variables: [(&str, &str); N]) -> Config {
    Config::builder()
        .environment()
        .build_in(&variables.into())
        .unwrap()
}

#[test]
fn the_environment_alone_makes_a_whole_configuration() {
    let config = from_env([
        ("PLEXIDB_ENABLE_QUERY_CACHE", "Off"),
        ("PLEXIDB_REDIS_HOST", "cache"),
        ("PLEXIDB_REDIS_TLS", "1"),
        ("PLEXIDB_DATABASE_MY_SHOP_TYPE", "postgres"),
        ("PLEXIDB_DATABASE_MY_SHOP_POOL_SIZE", "7"),
        ("PLEXIDB_DATABASE_MY_SHOP_PASSWORD", "12345"),
        ("PLEXIDB_DATABASE_MY_SHOP_USER", "ada"),
    ]);
    assert!(!config.enable_query_cache);
    assert_eq!(
        config.redis.unwrap().url().expose_secret(),
        "rediss://cache:6379/0"
    );
    let database = &config.databases[0];
    assert_eq!(
        (database.name.as_str(), database.connection_pool_size),
        ("my_shop", 7)
    );
    assert_eq!(database.url().expose_secret(), "postgres://ada:12345@localhost/");
}

#[test]
fn a_name_of_the_file_is_found_though_variables_know_neither_case_nor_hyphens() {
    let config = load(ONE, [("PLEXIDB_DATABASE_MY_SHOP_POOL_TIMEOUT", "0.5")]).unwrap();
    assert_eq!(config.databases.len(), 1);
    assert_eq!(config.databases[0].pool_timeout.as_millis(), 500);
}

#[test]
fn a_known_name_decides_where_the_key_begins() {
    let text = "[database.a]\nurl = \"sqlite:a\"\n[database.a_pool]\nurl = \"sqlite:b\"\n";
    let config = load(text, [("PLEXIDB_DATABASE_A_POOL_SIZE", "3")]).unwrap();
    assert_eq!(
        (
            config.databases[0].connection_pool_size,
            config.databases[1].connection_pool_size
        ),
        (10, 3)
    );
    let config = load(
        "[database.a]\nurl = \"sqlite:a\"\n",
        [("PLEXIDB_DATABASE_A_POOL_SIZE", "3")],
    )
    .unwrap();
    assert_eq!(config.databases[0].connection_pool_size, 3);
    let config = load(
        "[database.a]\nurl = \"sqlite:a\"\n",
        [("PLEXIDB_DATABASE_A_B_URL", "sqlite:b")],
    )
    .unwrap();
    assert_eq!(config.databases[1].name, "a_b");
}

#[test]
fn a_misspelt_key_of_a_known_name_makes_no_new_database() {
    let found = problems(load(ONE, [("PLEXIDB_DATABASE_MY_SHOP_CONECTION_POOL_SIZE", "3")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("did you mean `PLEXIDB_DATABASE_MY_SHOP_CONNECTION_POOL_SIZE`?"),
        "{found:?}"
    );
    let found = problems(load(ONE, [("PLEXIDB_DATABASE_MY_SHOP_COLOUR", "red")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("PLEXIDB_DATABASE_MY_SHOP_COLOUR: unknown key"),
        "{found:?}"
    );
}

#[test]
fn a_url_alone_names_the_default_database() {
    let both = [
        ("PLEXIDB_URL", "sqlite:own.db"),
        ("DATABASE_URL", "sqlite:shared.db"),
    ];
    let config = from_env(both);
    assert_eq!(
        (config.databases.len(), config.databases[0].name.as_str()),
        (1, "default")
    );
    assert_eq!(config.databases[0].url().expose_secret(), "sqlite:own.db");
    let shared = from_env([
        ("DATABASE_URL", "sqlite:shared.db"),
        ("PLEXIDB_DATABASE_DEFAULT_SIZE", "2"),
    ]);
    assert_eq!(shared.databases[0].url().expose_secret(), "sqlite:shared.db");
    assert_eq!(shared.databases[0].connection_pool_size, 2);
}

#[test]
fn the_shared_variable_is_left_alone_where_a_database_is_given() {
    let config = load(ONE, [("DATABASE_URL", "mongodb://elsewhere")]).unwrap();
    assert_eq!(config.databases.len(), 1);
    let parts = [
        ("DATABASE_URL", "mongodb://elsewhere"),
        ("PLEXIDB_DATABASE_DEFAULT_TYPE", "mysql"),
    ];
    assert_eq!(
        from_env(parts).databases[0].url().expose_secret(),
        "mysql://localhost/"
    );
}

#[test]
fn variables_that_a_platform_injects_do_no_harm() {
    let injected = [
        ("PLEXIDB_PORT", "tcp://10.0.0.1:5432"),
        ("PLEXIDB_SERVICE_HOST", "10.0.0.1"),
        ("PLEXIDB_PORT_5432_TCP_ADDR", "10.0.0.1"),
        ("PLEXIDB_REDIS_PORT_6379_TCP_PROTO", "tcp"),
        ("PLEXIDB_TEST_FULL", "1"),
        ("PLEXIDB_CACHE_TTL", ""),
    ];
    let config = load(ONE, injected).unwrap();
    assert!(config.redis.is_none());
    assert_eq!(config.cache_ttl.as_secs(), 600);
}

#[test]
fn misspelt_variables_are_named_with_the_right_spelling() {
    let variables = [
        ("PLEXIDB_DATABASE_MY_SHOP_POOL_TIMOUT", "1"),
        ("PLEXIDB_DATABASE_NEW_PASWORD", "p"),
        ("PLEXIDB_DATABASE_URL", "sqlite:x"),
        ("PLEXIDB_L1_BYTE_MAX", "1"),
        ("PLEXIDB_REDIS_PASSWROD", "p"),
        ("PLEXIDB_CACHE_TTL", "soon"),
    ];
    let text = format!("{ONE}[redis]\n");
    let found = problems(load(&text, variables));
    assert_eq!(
        found,
        [
            "PLEXIDB_DATABASE_URL: no key of a database ends this name; \
             name it `PLEXIDB_DATABASE_<NAME>_<KEY>`, such as `PLEXIDB_DATABASE_CHAT_URL`",
            "PLEXIDB_CACHE_TTL: `PLEXIDB_CACHE_TTL` does not take this text; \
             set it to a number of seconds from 1 to 31536000",
            "PLEXIDB_L1_BYTE_MAX: unknown key `PLEXIDB_L1_BYTE_MAX`; did you mean `PLEXIDB_L1_BYTES_MAX`?",
            "PLEXIDB_REDIS_PASSWROD: unknown key `PLEXIDB_REDIS_PASSWROD`; did you mean `PLEXIDB_REDIS_PASSWORD`?",
            "PLEXIDB_DATABASE_MY_SHOP_POOL_TIMOUT: unknown key `PLEXIDB_DATABASE_MY_SHOP_POOL_TIMOUT`; \
             did you mean `PLEXIDB_DATABASE_MY_SHOP_POOL_TIMEOUT`?",
            "PLEXIDB_DATABASE_NEW_PASWORD: unknown key `PLEXIDB_DATABASE_NEW_PASWORD`; \
             did you mean `PLEXIDB_DATABASE_NEW_PASSWORD`?",
        ]
    );
}

#[test]
fn texts_refer_to_variables() {
    let text = r#"
        statements_max = "${COUNT}"
        enable_query_cache = "${CACHE}"
        [[database]]
        name = "chat"
        type = "postgres"
        user = "u"
        password = "a${PW}b$${PW}"
        "#;
    let config = load(text, [("COUNT", "99"), ("CACHE", "no"), ("PW", "${COUNT}")]).unwrap();
    assert_eq!((config.statements_max, config.enable_query_cache), (99, false));
    assert_eq!(
        config.databases[0].password.as_ref().unwrap().expose_secret(),
        "a${COUNT}b${PW}"
    );
}

#[test]
fn a_reference_that_leads_nowhere_is_the_only_problem_reported() {
    let found = problems(load("[database.chat]\nurl = \"${NOWHERE}\"\n", []));
    assert_eq!(
        found,
        [
            "TOML:2:1: the environment variable `NOWHERE` is not set or not UTF-8; set it, or write the value itself"
        ]
    );
    for broken in ["${", "${}", "${A B}", "${A"] {
        let found = problems(load(
            &format!("[database.chat]\nurl = \"{broken}\"\n"),
            [("A", "sqlite:a")],
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("begins no reference"), "{found:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_refused_by_name() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    use super::super::environment::Environment;

    let variable = ("PLEXIDB_URL".to_owned(), OsString::from_vec(vec![b's', 0xFF]));
    let environment = Environment::from_iter([variable]);
    let found = problems(Config::builder().environment().build_in(&environment));
    assert_eq!(
        found[0],
        "PLEXIDB_URL: the value is not UTF-8; set it to UTF-8 text"
    );
}
