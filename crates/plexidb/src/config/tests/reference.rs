//! The reference and the declarations that it is made from.

use super::super::field::{Fields, Section};
use super::super::kind::{Kind, Raw};
use super::super::reference::EXAMPLE;
use super::super::{Config, DatabaseConfig, RedisConfig, ReplicaConfig, config_reference};
use super::load;

#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == config_reference(),
        "docs/configuration.md is not up to date; run `cargo xtask docs`"
    );
}

#[test]
fn the_example_is_valid() {
    let config = load(EXAMPLE, [("CHAT_PASSWORD", "p@ss")]).unwrap();
    assert_eq!(config.databases.len(), 2);
    assert_eq!(config.databases[0].connection_pool_size, 20);
}

fn check_section<S: Section + Default>(also: &[&'static str]) {
    let mut spellings: Vec<_> = S::spellings().chain(also.iter().copied()).collect();
    let count = spellings.len();
    spellings.sort_unstable();
    spellings.dedup();
    assert_eq!(spellings.len(), count, "two settings share a spelling");
    for key in S::PARTS {
        assert!(S::field(key).is_some_and(|field| field.key == *key), "{key}");
    }
    for field in S::FIELDS {
        assert!(
            field.doc.trim().ends_with('.') && field.doc.starts_with(' '),
            "{}",
            field.key
        );
        let defaults = S::default();
        assert!(
            (field.number)(&defaults).is_none_or(|number| field.kind.admits(number)),
            "{}",
            field.key
        );
        let words = if let Kind::Choice(words) = field.kind {
            words
        } else {
            &[]
        };
        for word in words {
            let raw = Raw::Text((*word).to_owned());
            assert!(
                (field.read)(&mut S::default(), &raw, &field.kind),
                "{} takes {word}",
                field.key
            );
        }
    }
}

#[test]
fn declarations_are_consistent() {
    check_section::<Config>(&["redis", "database", "databases"]);
    check_section::<DatabaseConfig>(&[]);
    check_section::<RedisConfig>(&[]);
    check_section::<ReplicaConfig>(&[]);
}

#[test]
fn the_defaults_that_the_reference_shows_read_back_as_the_defaults() {
    fn lines<S: Fields + Default>() -> String {
        let defaults = S::default();
        let shown = S::FIELDS.iter().filter_map(|field| {
            Some(format!(
                "{} = {}\n",
                field.key,
                (field.show)(&defaults, &field.kind)?
            ))
        });
        shown.collect()
    }
    let text = format!(
        "{}[database.x]\nurl = \"sqlite:x\"\n{}",
        lines::<Config>(),
        lines::<DatabaseConfig>()
    );
    assert!(
        text.contains("l1_bytes_max = \"64 MiB\"\n") && text.contains("pool_timeout = 30\n"),
        "{text}"
    );
    let plain = load("[database.x]\nurl = \"sqlite:x\"\n", []).unwrap();
    assert_eq!(format!("{:?}", load(&text, []).unwrap()), format!("{plain:?}"));
}

#[test]
fn every_setting_and_spelling_is_in_the_reference() {
    let reference = config_reference();
    let spellings = Config::spellings()
        .chain(DatabaseConfig::spellings())
        .chain(RedisConfig::spellings());
    for spelling in spellings {
        assert!(reference.contains(&format!("`{spelling}`")), "{spelling}");
    }
}
