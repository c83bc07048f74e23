//! Where the caret stands.

use plexidb::{DriverError, SqlError};

use super::{Failure, marked_line};

#[test]
fn the_caret_stands_under_the_character() {
    let sql = "SELECT id,\n       nam\nFROM users";
    let position = u32::try_from(sql.find("nam").unwrap()).unwrap() + 1;
    let marked = marked_line(sql, position).unwrap();
    let (line, caret) = marked.split_once('\n').unwrap();
    assert_eq!(line, "line 2:        nam");
    assert_eq!(caret.find('^'), line.find("nam"));
}

#[test]
fn positions_count_characters_and_may_be_the_end() {
    let marked = marked_line("SELECT 'äöü' FROM", 18).unwrap();
    let (line, caret) = marked.split_once('\n').unwrap();
    assert_eq!(line.chars().count(), caret.chars().count() - 1);
    assert!(marked_line("SELECT 1", 0).is_none());
    assert!(marked_line("SELECT 1", 500).unwrap().ends_with("        ^"));
    assert!(marked_line("", 1).is_some());
}

#[test]
fn a_long_line_is_quoted_around_the_place() {
    let sql = format!("SELECT {} oops {}", "a, ".repeat(100), "b, ".repeat(100));
    let marked = marked_line(&sql, u32::try_from(sql.find("oops").unwrap()).unwrap() + 1).unwrap();
    let (line, caret) = marked.split_once('\n').unwrap();
    assert!(line.chars().count() < 100, "{line}");
    let at = caret.chars().count() - 1;
    assert!(
        line.chars().skip(at).collect::<String>().starts_with("oops"),
        "{marked}"
    );
}

#[test]
fn an_error_without_a_place_is_told_alone() {
    let error = SqlError {
        message: "no such table: t".into(),
        code: Some(1),
        ..SqlError::default()
    };
    let failure = Failure::Database(DriverError::from(Box::new(error)).into());
    assert_eq!(
        failure.report("SELECT * FROM t"),
        "error: no such table: t (code 1)"
    );
}
