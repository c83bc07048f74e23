//! Wrong configurations: everything at once, each with its place and its remedy.

use std::time::Duration;

use super::super::{Config, DatabaseConfig};
use super::{build_alone, load, problems};

#[test]
fn all_problems_of_all_sources_come_at_once() {
    let text = r#"enable_query_cache = "yes"
conection_pool_size = 3
cache_tll = 5
[redis]
hots = "x"
port = 70000
[[database]]
name = "chat"
url = "sqlite:chat.db"
host = "db"
connection_pool_size = 0
role = "leader"
[[database]]
name = "Chat"
type = "postgres"
pool_timeout = -1
[[database]]
url = "sqlite:x"
"#;
    let found = problems(load(text, [("PLEXIDB_STATEMENTS_MAX", "1")]));
    assert_eq!(
        found,
        [
            "TOML:17:1: the database has no `name`; add `name = \"…\"`",
            "TOML:1:1: `enable_query_cache` does not take this text; set it to true or false",
            "TOML:2:1: unknown key `conection_pool_size`; remove it; there are `enable_query_cache`, \
             `enable_query_optimization`, `enable_performance_monitoring`, `auto_tune_enabled`, `auto_tune_interval`, \
             `l1_bytes_max`, `l1_entry_bytes_max`, `cache_ttl`, `statements_max`, `redis`, `database`, `databases`",
            "TOML:3:1: unknown key `cache_tll`; did you mean `cache_ttl`?",
            "TOML:5:1: unknown key `hots`; did you mean `host`?",
            "TOML:6:1: `port` does not take this number; set it to a whole number from 1 to 65535",
            "TOML:12:1: `role` does not take this text; set it to one of `primary`, `replica`",
            "TOML:16:1: `pool_timeout` does not take this number; set it to a number of seconds from 0.001 to 86400",
            "PLEXIDB_STATEMENTS_MAX: `statements_max` is out of bounds; \
             set it to a whole number of statements from 16 to 1000000",
            "TOML:11:1: `connection_pool_size` is out of bounds; set it to a whole number of connections from 1 to 10000",
            "TOML:10:1: both `url` and `host` are given; keep the URL or the parts",
            "TOML:14:1: there is already a database of this name; \
             rename one of them; upper and lower case, `-` and `_` do not tell names apart",
        ]
    );
}

#[test]
fn every_wrong_type_is_named() {
    for (value, found) in [
        ("true", "true or false"),
        ("1.5", "this number"),
        ("\"10\"", "this text"),
        ("99999999999999999999", "a number of this size"),
        ("2024-01-01", "a date or time"),
        ("[1]", "an array"),
        ("{ a = 1 }", "a table"),
    ] {
        let text = format!("statements_max = {value}\n[database.chat]\nurl = \"sqlite:c\"\n");
        let expected = format!(
            "TOML:1:1: `statements_max` does not take {found}; set it to a whole number of statements from 16 to 1000000"
        );
        assert_eq!(problems(load(&text, [])), [expected]);
    }
}

#[test]
fn numbers_at_and_beyond_the_bounds() {
    for (line, is_valid) in [
        ("connection_pool_size = 1", true),
        ("connection_pool_size = 10000", true),
        ("connection_pool_size = 10001", false),
        ("max_overflow = 0", true),
        ("pool_timeout = 0", false),
        ("pool_timeout = nan", false),
        ("pool_timeout = inf", false),
        ("pool_timeout = 1e300", false),
        ("statement_timeout = 0", true),
        ("cache_ttl = 0", false),
        ("port = 0", false),
        ("result_bytes_max = \"4 GiB\"", false),
        ("result_bytes_max = \"3 gib\"", true),
        ("result_bytes_max = \"99999999999 TiB\"", false),
        ("result_bytes_max = \"3 gigs\"", false),
        ("host = \"\"", false),
    ] {
        let text = format!("[database.chat]\ntype = \"postgres\"\n{line}\n");
        let result = load(&text, []);
        assert_eq!(result.is_ok(), is_valid, "{line}: {result:?}");
        if let Err(errors) = result {
            assert_eq!(errors.problems().len(), 1, "{errors}");
            assert_eq!(errors.problems()[0].place, "TOML:3:1");
        }
    }
}

#[test]
fn a_setting_given_twice_by_two_spellings() {
    let found = problems(load(
        "[database.chat]\nurl = \"sqlite:c\"\npool_size = 1\nsize = 2\n",
        [],
    ));
    assert_eq!(
        found,
        ["TOML:4:1: the setting is given twice, here and at TOML:3:1; keep one of `pool_size` and `size`"]
    );
    let found = problems(load(
        "",
        [
            ("PLEXIDB_URL", "sqlite:a"),
            ("PLEXIDB_DATABASE_DEFAULT_URL", "sqlite:b"),
        ],
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("PLEXIDB_URL: the setting is given twice"),
        "{found:?}"
    );
}

#[test]
fn no_database_at_all() {
    let advice = "there is no database; add `[[database]]` with `name` and `url`, or set `PLEXIDB_URL`";
    assert_eq!(problems(load("", [])), [format!("TOML: {advice}")]);
    assert_eq!(
        problems(build_alone(Config::builder())),
        [format!("builder: {advice}")]
    );
    assert_eq!(
        problems(build_alone(Config::builder().environment())),
        [format!("environment: {advice}")]
    );
}

#[test]
fn sections_of_the_wrong_shape() {
    for (text, place, what) in [
        (
            "redis = 1\n[database.c]\nurl = \"sqlite:c\"\n",
            "TOML:1:1",
            "`redis` is not a table",
        ),
        ("database = 1\n", "TOML:1:1", "neither tables nor an array"),
        ("database = [1]\n", "TOML:1:13", "is not a table"),
        (
            "[database]\nurl = \"sqlite:c\"\n",
            "TOML:2:1",
            "`url` is not the table of a database",
        ),
        (
            "[database.c]\nname = \"d\"\nurl = \"sqlite:c\"\n",
            "TOML:2:1",
            "its name from its table",
        ),
        ("[[database]]\nname = 1\n", "TOML:2:1", "`name` is not text"),
        (
            "[database.\"a b\"]\nurl = \"sqlite:c\"\n",
            "TOML:1:11",
            "no usable name",
        ),
    ] {
        let errors = load(text, []).unwrap_err();
        let first = &errors.problems()[0];
        assert_eq!(first.place, place, "{errors}");
        assert!(first.what.contains(what), "{errors}");
    }
}

#[test]
fn files_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let latin1 = folder.path().join("latin1.toml");
    std::fs::write(&latin1, b"# caf\xE9\n").unwrap();
    let large = folder.path().join("large.toml");
    std::fs::write(&large, vec![b'#'; (1 << 20) + 1]).unwrap();
    for (path, what) in [
        (folder.path().join("none.toml"), "there is no such file"),
        (folder.path().to_owned(), "the file cannot be read"),
        (latin1, "the file is not UTF-8"),
        (large, "the file is larger than 1 MiB"),
    ] {
        // What the unread file may well have said is not reported as missing.
        let found = problems(build_alone(Config::builder().file(&path)));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(&format!("{}: {what}", path.display())),
            "{found:?}"
        );
    }
}

#[test]
fn every_syntax_error_has_its_place() {
    let found = problems(load("cache_ttl = \n\nä = 1\n\"é\" = 1 2\n", []));
    let places: Vec<_> = found
        .iter()
        .map(|problem| problem.split(": ").next().unwrap())
        .collect();
    assert_eq!(places, ["TOML:1:13", "TOML:3:1", "TOML:4:7"], "{found:#?}");
    assert!(
        found.iter().all(|problem| problem.contains("not TOML: ")),
        "{found:#?}"
    );
}

#[test]
fn what_a_program_gives_is_checked_as_well() {
    let wrong = DatabaseConfig {
        connection_pool_size: 0,
        ..DatabaseConfig::from_url("a", "sqlite:a")
    };
    let builder = Config::builder()
        .database(wrong)
        .database(DatabaseConfig::from_url("A", "chat.db"))
        .cache_ttl(Duration::ZERO);
    assert_eq!(
        problems(build_alone(builder)),
        [
            "builder: `cache_ttl` is out of bounds; set it to a number of seconds from 1 to 31536000",
            "builder: database \"a\": `connection_pool_size` is out of bounds; \
             set it to a whole number of connections from 1 to 10000",
            "builder: database \"A\": there is already a database of this name; \
             rename one of them; upper and lower case, `-` and `_` do not tell names apart",
            "builder: database \"A\": the URL has no scheme; begin it with one of `sqlite:`, `postgres:`, \
             `postgresql:`, `mysql:`, `mariadb:`",
        ]
    );
    let mut config = Config::for_url("sqlite:a").unwrap();
    config.validate().unwrap();
    config.databases[0].pool_timeout = Duration::ZERO;
    assert_eq!(
        config.validate().unwrap_err().problems()[0].place,
        "config: database \"default\""
    );
    config.databases.clear();
    assert_eq!(
        config.validate().unwrap_err().problems()[0].what,
        "there is no database"
    );
}
