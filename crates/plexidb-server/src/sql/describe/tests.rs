//! What `\d` tells of a schema.

use std::collections::HashMap;

use plexidb::{Catalog, Dialect, ForeignKey, ForeignKeyAction, Table, TableKind, TableName};

use super::{describe, list};
use crate::sql::meta::Listing;
use crate::sql::output::table::Look;

fn catalog() -> Catalog {
    let name = TableName::new;
    let mut messages = Table::new(name("public", "messages"), TableKind::Table);
    messages.foreign_keys.push(ForeignKey {
        columns: vec!["author".to_owned()],
        parent: name("public", "users"),
        parent_columns: vec!["id".to_owned()],
        on_delete: ForeignKeyAction::Cascade,
        on_update: ForeignKeyAction::Refuse,
        is_enforced: true,
    });
    messages.triggers.push(plexidb::Trigger::unknown("log"));
    let tables = vec![
        messages,
        Table::new(name("public", "users"), TableKind::Table),
        Table::new(name("public", "Mixed"), TableKind::View),
        Table::new(name("a", "twice"), TableKind::Table),
        Table::new(name("b", "twice"), TableKind::Table),
        Table::new(name("b", "once"), TableKind::Table),
    ];
    Catalog::new(
        Dialect::Postgres,
        "15".to_owned(),
        vec!["public".to_owned()],
        tables,
        HashMap::new(),
    )
}

fn heading(name: &str) -> String {
    let text = describe(&catalog(), name, Look::plain(None)).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn names_are_found_as_people_write_them() {
    assert_eq!(heading("users"), "table public.users");
    assert_eq!(heading("USERS"), "table public.users");
    assert_eq!(heading("\"Mixed\""), "view public.Mixed");
    assert_eq!(heading("mixed"), "view public.Mixed");
    assert_eq!(heading("a.twice"), "table a.twice");
    assert_eq!(heading("once"), "table b.once");
}

#[test]
fn what_cannot_be_found_is_told() {
    let tell = |name| describe(&catalog(), name, Look::plain(None)).unwrap_err();
    assert!(tell("nope").contains("no table or view nope"));
    assert_eq!(
        tell("twice"),
        "there are several: a.twice, b.twice; name its schema"
    );
    assert!(tell("a.users").contains("no table"));
}

#[test]
fn foreign_keys_are_told_on_both_sides() {
    let child = describe(&catalog(), "messages", Look::plain(None)).unwrap();
    assert!(
        child.contains("foreign key (author) references public.users (id) on delete cascade"),
        "{child}"
    );
    assert!(child.contains("has triggers or rules"), "{child}");
    let parent = describe(&catalog(), "users", Look::plain(None)).unwrap();
    assert!(
        parent.contains("referenced by public.messages (author)"),
        "{parent}"
    );
    assert!(!parent.contains("triggers"), "{parent}");
}

#[test]
fn listings_know_tables_from_views() {
    let views = list(&catalog(), Listing::Views, Look::plain(None));
    assert!(views.contains("Mixed") && !views.contains("users"), "{views}");
    let tables = list(&catalog(), Listing::Tables, Look::plain(None));
    assert!(!tables.contains("Mixed") && tables.contains("users"), "{tables}");
}
