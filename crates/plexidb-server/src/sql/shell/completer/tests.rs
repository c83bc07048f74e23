//! What the Tab key offers.

use std::collections::HashMap;

use plexidb::{Catalog, CatalogColumn, Dialect, Table, TableKind, TableName};

use super::{candidates, word_before_cursor};

fn catalog() -> Catalog {
    let mut users = Table::new(TableName::new("main", "users"), TableKind::Table);
    users.columns = ["id", "user_name"]
        .map(|name| CatalogColumn {
            name: name.to_owned(),
            type_name: "TEXT".to_owned(),
            is_nullable: true,
            is_generated: false,
            comparison: Default::default(),
            is_set_on_update: false,
            is_auto: false,
            default: None,
            collation: None,
        })
        .into();
    Catalog::new(
        Dialect::Sqlite,
        "3".to_owned(),
        vec!["main".to_owned()],
        vec![users],
        HashMap::new(),
    )
}

#[test]
fn tables_come_first_then_columns_then_keywords() {
    let offered = candidates("SELECT us", "us", &catalog());
    assert_eq!(offered, ["users", "user_name", "using"]);
}

#[test]
fn keywords_follow_the_case_of_the_user() {
    assert_eq!(candidates("SEL", "SEL", &catalog()), ["SELECT"]);
    assert_eq!(candidates("sel", "sel", &catalog()), ["select"]);
}

#[test]
fn commands_are_offered_where_a_command_can_be() {
    assert_eq!(word_before_cursor("\\ti"), "\\ti");
    assert_eq!(candidates("\\ti", "\\ti", &catalog()), ["\\timing"]);
    assert!(candidates("SELECT \\ti", "\\ti", &catalog()).is_empty());
}

#[test]
fn the_word_ends_at_the_cursor_and_is_whole_characters() {
    assert_eq!(word_before_cursor("SELECT id, größ"), "größ");
    assert_eq!(word_before_cursor("SELECT users."), "");
    assert!(candidates("ä", "ä", &catalog()).is_empty());
}
