//! What a profile says beyond tables: kinds, columns, keys, parameters.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};

use crate::kind::{StatementKind, TransactionControl};
use crate::profile::{KeyValue, Profile};

fn kind(sql: &str, dialect: Dialect) -> StatementKind {
    Profile::analyze(sql, dialect).kind()
}

#[test]
fn kinds_follow_what_a_statement_does_to_the_session() {
    use StatementKind::{Ddl, Maintenance, Procedure, Read, Session, Transaction, Unknown, Write};
    use TransactionControl::{Begin, Commit, Release, Rollback, RollbackTo, Savepoint};
    for (sql, dialect, expected) in [
        ("SELECT 1", Sqlite, Read),
        ("  /* x */ (SELECT 1)", Postgres, Read),
        ("EXPLAIN SELECT 1", Sqlite, Read),
        ("EXPLAIN ANALYZE DELETE FROM t", Postgres, Write),
        (
            "WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x",
            Postgres,
            Write,
        ),
        ("SELECT * INTO x FROM t", Postgres, Ddl),
        ("SELECT * INTO TEMP x FROM t", Postgres, Session),
        ("SELECT set_config('a', 'b', false)", Postgres, Session),
        ("SELECT pg_advisory_lock(1)", Postgres, Session),
        ("SELECT @a := 1", MySql, Session),
        ("SELECT GET_LOCK('a', 1)", MySql, Session),
        ("CREATE INDEX i ON t (a)", Sqlite, Ddl),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;",
            Sqlite,
            Ddl,
        ),
        ("CREATE TEMP TABLE t (a)", Sqlite, Session),
        (
            "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1",
            Postgres,
            Session,
        ),
        ("TRUNCATE t", MySql, Ddl),
        ("TRUNCATE t", Postgres, Write),
        ("OPTIMIZE TABLE t", MySql, Ddl),
        ("VACUUM", Postgres, Maintenance),
        ("PRAGMA journal_mode = WAL", Sqlite, Session),
        ("PRAGMA journal_mode", Sqlite, Read),
        ("PRAGMA main.table_info(t)", Sqlite, Read),
        ("PRAGMA optimize", Sqlite, Maintenance),
        ("SET x = 1", Postgres, Session),
        ("USE app", MySql, Session),
        ("LOCK TABLES t WRITE", MySql, Session),
        ("BEGIN", Sqlite, Transaction(Begin)),
        ("BEGIN IMMEDIATE TRANSACTION", Sqlite, Transaction(Begin)),
        ("START TRANSACTION READ ONLY", MySql, Transaction(Begin)),
        ("BEGIN WORK", MySql, Transaction(Begin)),
        ("BEGIN NOT ATOMIC SELECT 1; END", MySql, Procedure),
        ("END", Postgres, Transaction(Commit)),
        ("COMMIT AND CHAIN", Postgres, Transaction(Commit)),
        ("PREPARE TRANSACTION 'x'", Postgres, Transaction(Commit)),
        ("COMMIT PREPARED 'x'", Postgres, Procedure),
        ("ABORT", Postgres, Transaction(Rollback)),
        ("ROLLBACK TO SAVEPOINT a", Postgres, Transaction(RollbackTo)),
        ("ROLLBACK WORK TO a", MySql, Transaction(RollbackTo)),
        ("ROLLBACK", MySql, Transaction(Rollback)),
        ("SAVEPOINT a", Sqlite, Transaction(Savepoint)),
        ("RELEASE a", Sqlite, Transaction(Release)),
        ("CALL p()", MySql, Procedure),
        ("DO 1", MySql, Procedure),
        ("FROBNICATE", Sqlite, Unknown),
    ] {
        assert_eq!(kind(sql, dialect), expected, "{sql} on {dialect}");
    }
}

#[test]
fn equality_keys_are_conjuncts_of_the_outermost_where() {
    let keys = |sql, dialect| -> Vec<String> {
        Profile::analyze(sql, dialect)
            .equality_keys()
            .iter()
            .map(|key| {
                let qualifier = key
                    .column
                    .qualifier
                    .as_ref()
                    .map(|name| format!("{name}."))
                    .unwrap_or_default();
                let value = match &key.value {
                    KeyValue::Literal(text) => text.clone(),
                    KeyValue::Parameter(number) => format!("#{number}"),
                };
                format!("{qualifier}{}={value}", key.column.name)
            })
            .collect()
    };
    let sql =
        "SELECT * FROM t WHERE a = 1 AND (t.B = $2 AND 'x' = c) AND (d = 1 OR e = 2) AND NOT f = 1 AND g = h";
    assert_eq!(keys(sql, Postgres), ["a=1", "t.b=#2", "c='x'"]);
    assert_eq!(
        keys("UPDATE t SET a = ? WHERE b = ? AND c = ?", MySql),
        ["b=#2", "c=#3"]
    );
    assert_eq!(
        keys("DELETE FROM t WHERE id = :id AND x = ?7", Sqlite),
        ["id=#1", "x=#7"]
    );
    assert_eq!(
        keys("SELECT * FROM (SELECT * FROM t WHERE a = 1) x", Sqlite),
        Vec::<String>::new()
    );
    assert_eq!(
        keys("SELECT * FROM t WHERE a = NULL", Sqlite),
        Vec::<String>::new()
    );
    assert_eq!(
        keys("SELECT 1 FROM t WHERE a = 1 UNION SELECT 2 FROM t", Sqlite),
        Vec::<String>::new()
    );
}

#[test]
fn columns_are_those_that_are_named_and_any_for_a_star() {
    let profile = Profile::analyze(
        "SELECT u.Name, lower(email) FROM users u WHERE u.id = 1 ORDER BY seen",
        Postgres,
    );
    let named: Vec<String> = profile
        .columns()
        .named
        .iter()
        .map(|column| column.name.clone())
        .collect();
    assert_eq!(named, ["email", "seen", "id", "name"]);
    assert!(!profile.columns().may_be_any);
    for sql in ["SELECT * FROM users", "DELETE FROM users RETURNING id"] {
        assert!(Profile::analyze(sql, Sqlite).columns().may_be_any, "{sql}");
    }
    let of_one = Profile::analyze("SELECT u.* FROM users u", Sqlite);
    assert!(of_one.columns().all_of.contains("u") && !of_one.columns().may_be_any);
    assert!(
        !Profile::analyze("SELECT count(*) FROM users", Sqlite)
            .columns()
            .may_be_any
    );
}

#[test]
fn limits_and_parameters_are_counted() {
    let profile = Profile::analyze("SELECT * FROM t WHERE a = ?3 LIMIT ?", Sqlite);
    assert_eq!(profile.placeholder_count(), 4);
    assert!(profile.has_limit());
    assert!(!Profile::analyze("SELECT limit_ FROM t", Sqlite).has_limit());
}

#[test]
fn functions_are_named_in_lower_case_with_their_schema() {
    let sql = "SELECT Lower(a), public.\"F\"(1, 2), EXTRACT(day FROM b), current_date FROM g(1)";
    let profile = Profile::analyze(sql, Postgres);
    let found: Vec<String> = profile
        .functions()
        .map(|call| format!("{call}/{:?}/{}", call.arguments, call.is_table))
        .collect();
    assert_eq!(
        found,
        [
            "current_date/Some(0)/false",
            "extract/None/false",
            "g/Some(1)/true",
            "lower/Some(1)/false",
            "public.f/Some(2)/false",
        ]
    );
}
