//! Normalised forms.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};

use crate::profile::Profile;

fn normalised(sql: &str, dialect: Dialect) -> String {
    Profile::analyze(sql, dialect).normalised().to_owned()
}

#[test]
fn literals_lists_and_rows_are_evened_out() {
    for (sql, expected) in [
        (
            "SELECT  *\nFROM t WHERE a=1 AND b = 'secret';",
            "select * from t where a = ? and b = ?",
        ),
        (
            "SELECT * FROM t WHERE a IN(1,2, 3)",
            "select * from t where a in (?)",
        ),
        (
            "SELECT * FROM t WHERE a IN ( SELECT b FROM c )",
            "select * from t where a in (select b from c)",
        ),
        (
            "SELECT * FROM t WHERE a IN (b, 1)",
            "select * from t where a in (b, ?)",
        ),
        (
            "INSERT INTO t (a,b) VALUES (1,'x'),(2,NULL)",
            "insert into t(a, b) values (...)",
        ),
        (
            "INSERT INTO t VALUES (f(1)), (2)",
            "insert into t values (f(?)), (?)",
        ),
        (
            "SELECT count( * ),t . a FROM t -- x",
            "select count(*), t.a from t",
        ),
        ("SELECT -1.5e3, x'4D'", "select - ?, ?"),
    ] {
        for dialect in [Sqlite, Postgres, MySql] {
            assert_eq!(normalised(sql, dialect), expected, "{dialect}");
        }
    }
}

#[test]
fn placeholders_and_literals_have_one_form() {
    assert_eq!(
        normalised("SELECT $1::int", Postgres),
        normalised("SELECT 5 :: INT", Postgres)
    );
    assert_eq!(normalised("SELECT :a, ?2, 'x'", Sqlite), "select ?, ?, ?");
    assert_eq!(normalised("SELECT \"x\", `y`", MySql), "select ?, `y`");
}

#[test]
fn names_keep_their_case_where_it_tells_tables_apart() {
    assert_eq!(
        normalised("SELECT Code FROM Users", MySql),
        "select Code from Users"
    );
    assert_eq!(
        normalised("SELECT Code FROM Users", Postgres),
        "select code from users"
    );
    assert_eq!(
        normalised("SELECT \"Id\" FROM Users", Postgres),
        "select \"Id\" from users"
    );
}

#[test]
fn text_that_does_not_parse_has_a_form_too() {
    assert_eq!(normalised("FROBNICATE 'secret' NOW", Sqlite), "frobnicate ? now");
    assert_eq!(normalised("SELECT 'secret", Sqlite), "select ?");
}
