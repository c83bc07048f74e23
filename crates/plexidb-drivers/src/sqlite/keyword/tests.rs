//! Statements by their first words.

use super::{Control, Kind};

#[test]
fn reads_are_told_from_what_changes_the_session() {
    for sql in [
        "SELECT 1",
        " /* hint */ -- more\n select 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1)",
        "EXPLAIN QUERY PLAN DELETE FROM t",
    ] {
        assert_eq!(Kind::of(sql, true), Kind::Read, "{sql}");
    }
    for sql in [
        "BEGIN",
        "COMMIT",
        "ATTACH 'x' AS y",
        "SAVEPOINT a",
        "RELEASE a",
        "",
    ] {
        assert_eq!(Kind::of(sql, true), Kind::Other, "{sql}");
    }
}

#[test]
fn a_pragma_reads_where_it_is_known_to_and_has_no_value() {
    for sql in [
        "PRAGMA user_version",
        "pragma main.user_version ;",
        "PRAGMA table_info(users)",
        "PRAGMA main . index_list = users",
    ] {
        assert_eq!(Kind::of(sql, true), Kind::ReadSetting, "{sql}");
    }
    for sql in [
        "PRAGMA foreign_keys = OFF",
        "PRAGMA foreign_keys(0)",
        "PRAGMA optimize",
        "PRAGMA wal_checkpoint",
        "PRAGMA shrink_memory",
        "PRAGMA something_new",
    ] {
        assert_eq!(Kind::of(sql, true), Kind::Other, "{sql}");
    }
}

#[test]
fn writes_are_told_apart() {
    assert_eq!(Kind::of("insert into t values (1)", false), Kind::Insert);
    assert_eq!(Kind::of("REPLACE INTO t VALUES (1)", false), Kind::Insert);
    assert_eq!(Kind::of("UPDATE t SET a = 1", false), Kind::Change);
    assert_eq!(
        Kind::of("WITH a AS (SELECT 1) DELETE FROM t", false),
        Kind::Change
    );
    assert_eq!(
        Kind::of("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", false),
        Kind::Insert
    );
    assert_eq!(Kind::of("CREATE TABLE t (a)", false), Kind::Other);
}

#[test]
fn only_a_deferred_begin_starts_without_a_lock() {
    assert_eq!(Control::of("BEGIN"), Control::Start);
    assert_eq!(Control::of("begin deferred transaction"), Control::Start);
    assert_eq!(Control::of("BEGIN IMMEDIATE"), Control::Lock);
    assert_eq!(Control::of("BEGIN /* now */ EXCLUSIVE"), Control::Lock);
    assert_eq!(Control::of("SAVEPOINT a"), Control::Start);
    assert_eq!(Control::of("ROLLBACK TO a"), Control::End);
    assert_eq!(Control::of("PRAGMA optimize"), Control::Other);
}
