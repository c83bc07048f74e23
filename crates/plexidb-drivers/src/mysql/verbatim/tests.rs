//! Texts with colons, and what is prepared in their place.

use super::{is_write, may_choose_database, preparable};

#[test]
fn most_texts_are_prepared_as_they_are() {
    for sql in [
        "SELECT 1",
        "SELECT '12:30', @a := 1",
        r#"SELECT '{"a":true}' FROM t WHERE id = ?"#,
        "SELECT \"x :y\", `a:b` FROM t",
    ] {
        assert_eq!(preparable(sql).as_deref(), Some(sql));
    }
}

#[test]
fn texts_that_the_library_misreads_get_a_comment_before_them() {
    for sql in [
        "SELECT 5-'at :noon'",
        "SELECT ?/'5:a'",
        "SELECT :name",
        "CREATE PROCEDURE p() again:loop leave again; end loop",
    ] {
        assert_eq!(preparable(sql).unwrap(), format!("/**/{sql}"));
    }
}

#[test]
fn some_texts_cannot_be_prepared() {
    assert_eq!(preparable("SELECT /* why */ 5-'at :noon'"), None);
}

#[test]
fn writes_are_known_by_their_first_word() {
    for sql in [
        "insert into t values (1) returning id",
        " /* a */ /* b */\nDELETE FROM t RETURNING id",
        "REPLACE t VALUES (1)",
    ] {
        assert!(is_write(sql), "{sql}");
    }
    for sql in ["SELECT 1", "", "/* DELETE", "INSERTS"] {
        assert!(!is_write(sql), "{sql}");
    }
}

#[test]
fn the_first_word_stands_behind_comments() {
    for sql in [
        "USE other",
        "/* a */ use other",
        "-- a\n# b\nUSE `other`",
        "/*!50000 USE other */",
        "EXECUTE s",
    ] {
        assert!(may_choose_database(sql), "{sql}");
    }
    for sql in ["SELECT 'USE'", "BEGIN", "-- USE\nCOMMIT", "users"] {
        assert!(!may_choose_database(sql), "{sql}");
    }
    assert!(is_write("/* a */\n-- b\ninsert INTO t VALUES (1) RETURNING id"));
    assert!(!is_write("SELECT 1"));
}
