//! Names that are taken, what a scope sends, and numbers that are never given twice.

use std::collections::HashSet;

use plexidb_core::{Dialect, ValueRef};

use super::{ScopeError, ScopeNumbers, ScopeSettings};

fn scope(pairs: &[(&str, &str)], numbers: &ScopeNumbers) -> ScopeSettings {
    let none = ScopeSettings::none(Dialect::Postgres).unwrap();
    pairs.iter().fold(none, |settings, (name, value)| {
        settings.with(name, value, numbers).unwrap()
    })
}

#[test]
fn only_names_of_two_identifiers_or_more_are_taken() {
    let none = ScopeSettings::none(Dialect::Postgres).unwrap();
    let numbers = ScopeNumbers::default();
    let long = format!("app.{}", "x".repeat(64));
    for name in [
        "",
        ".",
        "tenant",
        "role",
        "app.",
        ".tenant",
        "app..tenant",
        "app.1st",
        "app tenant.x",
        "app.ten-ant",
        "app.tenant;",
        "app.\"x\"",
        "app.tenänt",
        "app.x'",
        &long,
    ] {
        let refused = none.with(name, "x", &numbers).err();
        assert_eq!(refused, Some(ScopeError::Name { name: name.into() }));
    }
    for name in ["app.tenant", "_a.b.C9_", "user.select"] {
        assert!(none.with(name, "x", &numbers).is_ok(), "{name}");
    }
}

#[test]
fn values_and_their_number_are_bounded() {
    let none = ScopeSettings::none(Dialect::Postgres).unwrap();
    let numbers = ScopeNumbers::default();
    for value in ["a\0b".to_owned(), "x".repeat(1025)] {
        let refused = none.with("App.secret", &value, &numbers).err().unwrap();
        assert_eq!(
            refused,
            ScopeError::Value {
                name: "app.secret".into()
            }
        );
        assert!(!refused.to_string().contains(&value));
    }
    let mut settings = none;
    for at in 0..8 {
        settings = settings.with(&format!("app.n{at}"), "x", &numbers).unwrap();
    }
    assert!(settings.with("APP.N3", "y", &numbers).is_ok());
    assert_eq!(
        settings.with("app.n8", "x", &numbers).err(),
        Some(ScopeError::TooMany)
    );
    for dialect in [Dialect::Sqlite, Dialect::MySql] {
        assert_eq!(
            ScopeSettings::none(dialect).err(),
            Some(ScopeError::Unsupported { dialect })
        );
    }
}

#[test]
fn the_same_pairs_have_the_same_number_in_any_order_and_case() {
    let numbers = ScopeNumbers::default();
    let one = scope(&[("app.a", "1"), ("app.b", "2")], &numbers);
    let same = scope(&[("APP.B", "2"), ("app.a", "0"), ("app.A", "1")], &numbers);
    assert_eq!(one.number(), same.number());
    assert!(one.sets_all(&["app.a".into(), "app.b".into()]) && !one.sets_all(&["app.c".into()]));
    let values: Vec<ValueRef<'_>> = same.values().into_iter().collect();
    assert_eq!(values, ["app.a", "1", "app.b", "2"].map(ValueRef::Text));
    // What lies between name and value must not matter less than they do.
    let others = [
        scope(&[("app.a", "2"), ("app.b", "1")], &numbers),
        scope(&[("app.a", "1")], &numbers),
        scope(&[("app.a", "1"), ("app.b", "2"), ("app.c", "")], &numbers),
        scope(&[("app.a", "1 "), ("app.b", "2")], &numbers),
    ];
    let mut different: HashSet<u64> = others.iter().map(ScopeSettings::number).collect();
    different.insert(one.number());
    assert_eq!(different.len(), 5);
    let elsewhere = ScopeNumbers::default();
    assert_ne!(
        scope(&[("app.a", "1"), ("app.b", "2")], &elsewhere).number(),
        one.number()
    );
}

#[test]
fn values_that_mean_the_current_time_are_noticed() {
    let numbers = ScopeNumbers::default();
    let with = |value: &str| scope(&[("app.day", value), ("app.tenant", "a")], &numbers);
    assert!(with("today").has_time_word() && with("Now").has_time_word());
    assert!(!with("2026-01-02").has_time_word());
}

#[test]
fn a_forgotten_scope_never_shares_a_number() {
    let numbers = ScopeNumbers::with_bytes(2_000);
    let mut given = HashSet::new();
    for round in 0..2 {
        for value in 0..500 {
            let number = scope(&[("app.tenant", &format!("{value}"))], &numbers).number();
            // Only the second round may meet a scope that is still known.
            assert!(
                given.insert(number) || round == 1,
                "{number} stands for two scopes"
            );
        }
    }
    assert!(given.len() > 600, "nothing was forgotten");
}
