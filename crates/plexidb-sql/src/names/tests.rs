//! Named placeholders and the numbers of native ones.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};
use plexidb_core::ValueRef;

use super::{NameError, bind_names, placeholder_count};

fn bound(sql: &str, dialect: Dialect) -> (String, Vec<String>) {
    let bound = bind_names(sql, dialect).unwrap();
    (bound.sql, bound.names)
}

#[test]
fn a_name_becomes_what_the_database_binds() {
    let sql = "SELECT :a, :b, :a FROM t WHERE x = ':c' AND y::int = :a -- :d";
    assert_eq!(
        bound(sql, Postgres),
        (
            "SELECT $1, $2, $1 FROM t WHERE x = ':c' AND y::int = $1 -- :d".into(),
            vec!["a".into(), "b".into()]
        )
    );
    let sql = "SELECT :a, @b, $a /* :c */";
    assert_eq!(
        bound(sql, Sqlite),
        ("SELECT ?1, ?2, ?1 /* :c */".into(), vec!["a".into(), "b".into()])
    );
    let sql = "SELECT :a, :b, :a, @v, `:c` # :d";
    assert_eq!(
        bound(sql, MySql),
        (
            "SELECT ?, ?, ?, @v, `:c` # :d".into(),
            vec!["a".into(), "b".into(), "a".into()]
        )
    );
    assert_eq!(bound("SELECT 1 LIMIT:n", Postgres).0, "SELECT 1 LIMIT $1");
    assert_eq!(
        bound("SELECT a ? 'b', c[1:2]", Postgres),
        ("SELECT a ? 'b', c[1:2]".into(), vec![])
    );
}

#[test]
fn kinds_of_placeholders_do_not_mix() {
    assert!(matches!(
        bind_names("SELECT :a, $1", Postgres),
        Err(NameError::Mixed { .. })
    ));
    assert!(matches!(
        bind_names("SELECT :a, ?", MySql),
        Err(NameError::Mixed { .. })
    ));
    let error = bind_names("SELECT ?1, ?2", Sqlite).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statement has positional placeholders (\"?1\"), named values were given; write :name instead"
    );
}

#[test]
fn values_come_in_the_order_of_the_positions() {
    let named = bind_names("SELECT :b, :a, :b", MySql).unwrap();
    let given = [("a", ValueRef::Int(1)), ("b", ValueRef::Text("x"))];
    let values: Vec<ValueRef<'_>> = named.values(&given).unwrap();
    assert_eq!(
        values,
        [ValueRef::Text("x"), ValueRef::Int(1), ValueRef::Text("x")]
    );
}

#[test]
fn missing_and_superfluous_values_are_named() {
    let named = bind_names("SELECT :a, :b", Sqlite).unwrap();
    let missing = named.values::<Vec<_>>(&[("a", ValueRef::Int(1))]).unwrap_err();
    assert_eq!(missing.to_string(), "no value was given for \":b\"; given are: a");
    let given = [
        ("a", ValueRef::Int(1)),
        ("b", ValueRef::Int(2)),
        ("c", ValueRef::Int(3)),
    ];
    let unused = named.values::<Vec<_>>(&given).unwrap_err();
    assert_eq!(
        unused.to_string(),
        "the statement has no placeholder \":c\"; it has: a, b"
    );
}

#[test]
fn native_placeholders_are_counted_as_the_database_counts_them() {
    for (sql, dialect, count) in [
        ("SELECT $1, $3, $2, $1, '$9'", Postgres, 3),
        ("SELECT a ? 'b'", Postgres, 0),
        ("SELECT ?, ?, '?', `?` # ?", MySql, 2),
        ("SELECT ?, ?5, ?", Sqlite, 6),
        ("SELECT :a, :b, :a, @a", Sqlite, 3),
        ("SELECT ?2, ?2", Sqlite, 2),
        ("SELECT 1", Sqlite, 0),
    ] {
        assert_eq!(placeholder_count(sql, dialect), count, "{sql}");
    }
}
