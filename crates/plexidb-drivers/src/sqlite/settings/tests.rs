//! Which settings a URL gives.

use std::time::Duration;

use super::{Location, Mode, Settings};

fn settings(url: &str) -> Settings {
    Settings::from_url(&url.parse().unwrap()).unwrap()
}

fn error(url: &str) -> String {
    Settings::from_url(&url.parse().unwrap()).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_safe_and_need_an_existing_file() {
    let settings = settings("sqlite:chat.db");
    assert_eq!(settings.location, Location::File("chat.db".into()));
    assert_eq!(settings.mode, Mode::Write);
    assert_eq!(settings.busy_timeout, Duration::from_secs(5));
    assert!(settings.are_foreign_keys_on && !settings.is_immutable && !settings.is_cache_shared);
    assert_eq!((settings.journal_mode, settings.synchronous), (None, None));
}

#[test]
fn every_option_is_read() {
    let settings = settings(
        "sqlite:///a.db?mode=rwc&cache=shared&immutable=1&busy_timeout=250&journal_mode=DELETE&synchronous=2\
         &foreign_keys=off&cache_size=-100&mmap_size=4096",
    );
    assert_eq!(settings.target(), "/a.db");
    assert_eq!(settings.mode, Mode::Create);
    assert!(settings.is_cache_shared && settings.is_immutable && !settings.are_foreign_keys_on);
    assert_eq!(settings.busy_timeout, Duration::from_millis(250));
    assert_eq!(
        (settings.journal_mode, settings.synchronous),
        (Some("delete"), Some("full"))
    );
    assert_eq!((settings.cache_size, settings.mmap_size), (-100, 4096));
}

#[test]
fn memory_has_several_spellings() {
    for url in [
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite:x?mode=memory",
        "sqlite:?mode=memory",
        "sqlite:file::memory:?cache=shared",
    ] {
        assert_eq!(settings(url).location, Location::Memory, "{url}");
    }
}

#[test]
fn sqlites_own_uri_form_is_understood() {
    assert_eq!(settings("sqlite:file:a.db").target(), "a.db");
    assert_eq!(settings("sqlite:file:///a.db?mode=ro").target(), "/a.db");
}

#[test]
fn wrong_values_are_refused() {
    assert!(error("sqlite:").contains("names no file"));
    assert!(error("sqlite:a?mode=rx").contains("mode=rx is none of ro, rw, rwc, memory"));
    assert!(error("sqlite:a?busy_timeout=5s").contains("busy_timeout=5s is no number of milliseconds"));
    assert!(error("sqlite:a?jurnal_mode=wal").contains("did you mean journal_mode?"));
    assert!(error("sqlite:a?foreign_keys=x").contains("neither on nor off"));
    assert!(error("sqlite:a?journal_mode=wal2").contains("none of wal"));
}
