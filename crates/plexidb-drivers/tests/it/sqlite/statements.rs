//! Statements: what they report, how they fail, and what a change of the schema does to prepared ones.

use plexidb_core::{ConnectionStatus, DriverError, ErrorKind, Executed, Limits, SqlError, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};

use super::{Home, memory, number, query, run};

async fn sql_error(sql: &str) -> SqlError {
    let mut connection = memory().await;
    let error = query(&mut connection, sql, &[]).await.unwrap_err();
    error.sql_error().unwrap_or_else(|| panic!("{error}")).clone()
}

#[tokio::test]
async fn writes_report_rows_and_keys() {
    let mut connection = memory().await;
    run(
        &mut connection,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE)",
    )
    .await;
    run(
        &mut connection,
        "CREATE TABLE plain (k TEXT PRIMARY KEY, n) WITHOUT ROWID",
    )
    .await;
    let executed = |rows_affected, last_insert_id| Executed {
        rows_affected,
        last_insert_id,
    };
    for (sql, expected) in [
        ("INSERT INTO t (a) VALUES (10), (20), (30)", executed(3, Some(3))),
        ("UPDATE t SET a = a + 1 WHERE id > 1", executed(2, None)),
        ("CREATE INDEX i ON t (a)", executed(0, None)),
        ("INSERT INTO plain VALUES ('x', 1)", executed(1, None)),
        ("INSERT OR IGNORE INTO t (a) VALUES (10)", executed(0, None)),
        (
            "INSERT INTO t (a) VALUES (10) ON CONFLICT (a) DO UPDATE SET a = 11",
            executed(1, None),
        ),
        ("REPLACE INTO t (id, a) VALUES (3, 31)", executed(1, Some(3))),
        (
            "WITH n(x) AS (VALUES (5)) INSERT INTO t (a) SELECT x FROM n",
            executed(1, Some(4)),
        ),
        ("DELETE FROM t WHERE id = 4", executed(1, None)),
        ("SELECT * FROM t", executed(0, None)),
        ("DELETE FROM t", executed(3, None)),
    ] {
        assert_eq!(connection.execute(sql, &[]).await.unwrap(), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_statement_that_writes_may_return_rows() {
    let mut connection = memory().await;
    run(&mut connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a)").await;
    let sql = "INSERT INTO t (a) VALUES (?1), (?2) RETURNING id, a";
    for first in [1, 3] {
        let rows = query(&mut connection, sql, &[ValueRef::Int(7), ValueRef::Text("x")])
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get::<i64>("id").unwrap(), first);
    }
    let rows = query(&mut connection, "DELETE FROM t", &[]).await.unwrap();
    assert!(rows.is_empty() && rows.columns().is_empty());
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn many_rows_of_parameters_stop_at_the_first_error() {
    let mut connection = memory().await;
    run(&mut connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a)").await;
    let rows: Vec<Vec<ValueRef<'_>>> = (1..=3000)
        .map(|id| vec![ValueRef::Int(id), ValueRef::Text("x")])
        .collect();
    let executed = connection
        .execute_many("INSERT INTO t VALUES (?, ?)", &rows)
        .await
        .unwrap();
    assert_eq!(executed.rows_affected, 3000);
    assert_eq!(executed.last_insert_id, Some(3000));
    let rows = [
        vec![ValueRef::Int(4000)],
        vec![ValueRef::Int(1)],
        vec![ValueRef::Int(4001)],
    ];
    let error = connection
        .execute_many("INSERT INTO t (id) VALUES (?)", &rows)
        .await
        .unwrap_err();
    assert_eq!(
        error.sql_error().unwrap().code,
        Some(1555),
        "SQLITE_CONSTRAINT_PRIMARYKEY"
    );
    assert_eq!(
        number(&mut connection, "SELECT count(*) FROM t WHERE id >= 4000").await,
        1
    );
}

#[tokio::test]
async fn parameters_go_by_number_whatever_their_spelling() {
    let mut connection = memory().await;
    let params = [ValueRef::Int(1), ValueRef::Int(2), ValueRef::Int(3)];
    for sql in [
        "SELECT ?, ?, ?",
        "SELECT ?1, ?2, ?3",
        "SELECT :a, @b, $c",
        "SELECT :a, ?2, ?",
    ] {
        let rows = query(&mut connection, sql, &params).await.unwrap();
        assert_eq!(
            rows[0].deserialize::<(i64, i64, i64)>().unwrap(),
            (1, 2, 3),
            "{sql}"
        );
    }
    let rows = query(&mut connection, "SELECT :a + :a", &params[..1])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 2);
}

#[tokio::test]
async fn a_wrong_number_of_parameters_is_told() {
    let mut connection = memory().await;
    let error = query(&mut connection, "SELECT ?, ?", &[ValueRef::Int(1)])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::ParameterCount {
                expected: 2,
                given: 1
            }
        ),
        "{error}"
    );
    let error = connection
        .execute("SELECT 1", &[ValueRef::Int(1)])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::ParameterCount {
                expected: 0,
                given: 1
            }
        ),
        "{error}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn errors_keep_message_code_and_position() {
    let error = sql_error("\n SELECT 'ä', absent FROM sqlite_schema").await;
    assert_eq!(error.message, "no such column: absent");
    assert_eq!(error.code, Some(1));
    assert_eq!(error.position, Some(15));
    let error = sql_error("SELEC 1").await;
    assert_eq!(
        (error.message.as_str(), error.position),
        ("near \"SELEC\": syntax error", Some(1))
    );
}

#[tokio::test]
async fn constraints_keep_their_extended_code() {
    let mut connection = memory().await;
    run(
        &mut connection,
        "CREATE TABLE t (a UNIQUE, b NOT NULL, c CHECK (c > 0))",
    )
    .await;
    run(&mut connection, "INSERT INTO t VALUES (1, 1, 1)").await;
    for (values, code, message) in [
        ("(1, 1, 1)", 2067, "UNIQUE constraint failed: t.a"),
        ("(2, NULL, 1)", 1299, "NOT NULL constraint failed: t.b"),
        ("(2, 1, 0)", 275, "CHECK constraint failed: c > 0"),
    ] {
        let sql = format!("INSERT INTO t VALUES {values}");
        let error = connection.execute(&sql, &[]).await.unwrap_err();
        let error = error.sql_error().unwrap();
        assert_eq!((error.code, error.message.as_str()), (Some(code), message));
    }
}

#[tokio::test]
async fn one_string_holds_one_statement() {
    for sql in [
        "SELECT 1; SELECT 2",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
        "SELECT 1; nonsense",
    ] {
        let error = sql_error(sql).await;
        assert!(error.message.contains("several statements"), "{sql}: {error}");
    }
    for sql in ["", "  -- nothing", ";"] {
        assert!(sql_error(sql).await.message.contains("empty"), "{sql}");
    }
    assert!(
        sql_error("SELECT 1\0; DROP TABLE users")
            .await
            .message
            .contains("NUL character")
    );
    let mut connection = memory().await;
    assert_eq!(number(&mut connection, "SELECT 1; -- that is all\n ").await, 1);
}

#[tokio::test]
async fn results_beyond_the_bounds_are_refused_and_the_connection_stays_good() {
    let mut connection = memory().await;
    let sql = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100) SELECT x, 'abc' FROM n";
    let rows_max = |rows_max| Limits {
        rows_max,
        ..Limits::default()
    };
    let bytes_max = |bytes_max| Limits {
        bytes_max,
        ..Limits::default()
    };
    for (limits, bound) in [(rows_max(99), "99 rows"), (bytes_max(1_299), "1299 bytes")] {
        // The first runs go to a thread, the later ones run inline.
        for _ in 0..3 {
            let error = connection.query(sql, &[], limits).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ResultTooLarge);
            assert!(error.to_string().contains(bound), "{error}");
        }
    }
    for limits in [rows_max(100), bytes_max(1_300)] {
        assert_eq!(connection.query(sql, &[], limits).await.unwrap().len(), 100);
    }
}

#[tokio::test]
async fn a_prepared_statement_follows_the_schema() {
    let home = Home::new();
    let mut connection = home.connect().await;
    run(&mut connection, "CREATE TABLE t (a INTEGER)").await;
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    let names = |rows: &plexidb_core::RowSet| -> Vec<String> {
        rows.columns()
            .iter()
            .map(|column| format!("{} {}", column.name, column.type_name))
            .collect()
    };
    for _ in 0..5 {
        let rows = query(&mut connection, "SELECT * FROM t", &[]).await.unwrap();
        assert_eq!(names(&rows), ["a INTEGER"]);
    }
    run(&mut connection, "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'").await;
    for _ in 0..2 {
        let rows = query(&mut connection, "SELECT * FROM t", &[]).await.unwrap();
        assert_eq!(names(&rows), ["a INTEGER", "b TEXT"]);
        assert_eq!(rows[0].get::<&str>("b").unwrap(), "x");
    }
    // Another process, so to say, and the same number of columns.
    home.oracle()
        .execute_batch("ALTER TABLE t RENAME COLUMN b TO c")
        .unwrap();
    let rows = query(&mut connection, "SELECT * FROM t", &[]).await.unwrap();
    assert_eq!(names(&rows), ["a INTEGER", "c TEXT"]);
}

#[tokio::test]
async fn columns_stay_right_when_the_prepared_form_was_dropped_meanwhile() {
    let home = Home::new();
    let options = ConnectOptions {
        statement_cache_size: 2,
        ..ConnectOptions::default()
    };
    let url = format!("sqlite:{}?mode=rwc", home.path().display());
    let mut connection = connector(&url, &options).unwrap().connect().await.unwrap();
    run(&mut connection, "CREATE TABLE t (a)").await;
    for round in 0..6 {
        let rows = query(&mut connection, "SELECT * FROM t", &[]).await.unwrap();
        assert_eq!(rows.columns().len(), 1 + round);
        home.oracle()
            .execute_batch(&format!("ALTER TABLE t ADD COLUMN c{round}"))
            .unwrap();
        // Takes the place of what SQLite had prepared, while the driver still knows the statement.
        connection.catalog().await.unwrap();
        // Prepares and runs it anew without anyone looking at its columns.
        run(&mut connection, "SELECT * FROM t").await;
    }
}

#[tokio::test]
async fn transactions_show_in_the_status() {
    let home = Home::new();
    let mut connection = home.connect().await;
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    connection.control("BEGIN").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    run(&mut connection, "CREATE TABLE t (a)").await;
    connection.control("SAVEPOINT s").await.unwrap();
    for _ in 0..4 {
        // The first run goes to a thread, later ones run inline: the transaction holds the write lock.
        run(&mut connection, "INSERT INTO t VALUES (1)").await;
    }
    connection.control("ROLLBACK TO s").await.unwrap();
    run(&mut connection, "INSERT INTO t VALUES (2)").await;
    connection.control("COMMIT").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(number(&mut connection, "SELECT sum(a) FROM t").await, 2);
    connection.control("BEGIN IMMEDIATE").await.unwrap();
    run(&mut connection, "DELETE FROM t").await;
    connection.control("ROLLBACK").await.unwrap();
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 1);
    let error = connection.control("COMMIT").await.unwrap_err();
    assert!(error.to_string().contains("no transaction is active"), "{error}");
}

#[tokio::test]
async fn the_database_says_what_only_reads() {
    let mut connection = memory().await;
    run(&mut connection, "CREATE TABLE t (a)").await;
    for (sql, reads) in [
        ("SELECT * FROM t", true),
        ("WITH x AS (SELECT 1) SELECT * FROM x", true),
        ("PRAGMA table_info(t)", true),
        ("EXPLAIN DELETE FROM t", true),
        ("PRAGMA user_version = 3", false),
        ("DELETE FROM t", false),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", false),
        ("BEGIN", false),
        ("ATTACH ':memory:' AS other", false),
        ("CREATE TABLE u (a)", false),
    ] {
        assert_eq!(connection.is_read_only(sql).await.unwrap(), Some(reads), "{sql}");
        assert_eq!(
            connection.is_read_only(sql).await.unwrap(),
            Some(reads),
            "{sql}, once more"
        );
    }
    assert_eq!(
        connection.is_read_only("SELECT FROM").await.unwrap_err().kind(),
        ErrorKind::Sql
    );
    assert_eq!(connection.status(), ConnectionStatus::Idle, "nothing was run");
}
