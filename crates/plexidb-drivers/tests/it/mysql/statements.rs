//! Statements: parameters, counts, batches, preparing, errors.

use plexidb_core::{ConnectionStatus, DriverError, Executed, Interval, Limits, Value, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::mariadb;

use super::{connect, query, value};

const CACHED: &str = "SHOW SESSION STATUS WHERE variable_name = 'Com_stmt_prepare'";

/// How many statements the session has prepared, from another way in than the cache.
async fn prepared_count(connection: &mut dyn plexidb_core::Connection) -> u64 {
    let rows = query(connection, CACHED, &[]).await;
    rows[0].get::<&str>(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_syntax_error_keeps_the_servers_words_and_numbers() {
    let mut connection = connect(&mariadb().url()).await;
    let error = connection.execute("SELEKT 1", &[]).await.unwrap_err();
    let sql = error.sql_error().unwrap();
    assert!(sql.message.contains("near 'SELEKT 1'"), "{error}");
    assert_eq!(sql.sqlstate.as_deref(), Some("42000"));
    assert_eq!(sql.code, Some(1064));
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn what_a_statement_did_is_counted() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, n int)");
    let mut connection = connect(&database.url()).await;
    let insert = "INSERT INTO t (n) VALUES (?)";
    let first = connection.execute(insert, &[ValueRef::Int(5)]).await.unwrap();
    assert_eq!(
        first,
        Executed {
            rows_affected: 1,
            last_insert_id: Some(1)
        }
    );
    let rows: Vec<Vec<ValueRef<'_>>> = (0..10).map(|n| vec![ValueRef::Int(n)]).collect();
    let many = connection.execute_many(insert, &rows).await.unwrap();
    assert_eq!(
        many,
        Executed {
            rows_affected: 10,
            last_insert_id: Some(11)
        }
    );
    // Rows that are found and stay the same do not count, as ever in MySQL.
    let update = "UPDATE t SET n = 5 WHERE id <= 3";
    assert_eq!(connection.execute(update, &[]).await.unwrap().rows_affected, 2);
    let delete = connection.execute("DELETE FROM t", &[]).await.unwrap();
    assert_eq!((delete.rows_affected, delete.last_insert_id), (11, None));
    assert_eq!(database.client("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn a_batch_stops_at_the_first_error() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY)");
    let mut connection = connect(&database.url()).await;
    let rows: Vec<Vec<ValueRef<'_>>> = [1, 2, 2, 3].map(|n| vec![ValueRef::Int(n)]).to_vec();
    let error = connection
        .execute_many("INSERT INTO t VALUES (?)", &rows)
        .await
        .unwrap_err();
    assert_eq!(error.sql_error().unwrap().code, Some(1062));
    assert_eq!(database.client("SELECT max(id) FROM t"), "2");
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn rows_that_an_insert_returns_are_fetched_or_dropped() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, n int)");
    let mut connection = connect(&database.url()).await;
    let insert = "INSERT INTO t (n) VALUES (7), (8) RETURNING id";
    let rows = query(&mut *connection, insert, &[]).await;
    assert_eq!(rows.deserialize::<i64>().unwrap(), [1, 2]);
    let executed = connection.execute(insert, &[]).await.unwrap();
    assert_eq!(executed.rows_affected, 2);
    assert_eq!(database.client("SELECT count(*) FROM t"), "4");
}

#[tokio::test]
async fn a_wrong_number_of_parameters_is_noticed_before_anything_is_sent() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int)");
    let mut connection = connect(&database.url()).await;
    let error = connection
        .execute("INSERT INTO t VALUES (?)", &[])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::ParameterCount {
                expected: 1,
                given: 0
            }
        ),
        "{error}"
    );
    let error = connection
        .execute("DELETE FROM t", &[ValueRef::Null])
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
async fn a_value_that_mysql_lacks_is_refused_and_the_connection_goes_on() {
    let mut connection = connect(&mariadb().url()).await;
    let params = [ValueRef::Int(1), ValueRef::Interval(Interval::default())];
    let error = connection
        .query("SELECT ?, ?", &params, Limits::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, DriverError::ParameterType { position: 2, .. }),
        "{error}"
    );
    assert_eq!(value(&mut *connection, "SELECT 1", &[]).await, Value::Int(1));
}

#[tokio::test]
async fn more_than_the_server_takes_is_refused_and_the_connection_goes_on() {
    let mut connection = connect(&mariadb().url()).await;
    let large = "x".repeat(20 << 20);
    let error = connection
        .execute("DO length(?)", &[ValueRef::Text(&large)])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    let error = connection
        .execute(&format!("DO length('{large}')"), &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    // Up to the bound it goes through: at once, or one by one.
    let large = ValueRef::Text(&large[..(16 << 20) - 32]);
    let length = value(&mut *connection, "SELECT length(?)", &[large]).await;
    assert_eq!(length, Value::Int((16 << 20) - 32));
    let lengths = value(&mut *connection, "SELECT length(?) + length(?)", &[large, large]).await;
    assert_eq!(lengths, Value::Int((32 << 20) - 64));
}

#[tokio::test]
async fn a_statement_is_prepared_once() {
    let mut connection = connect(&mariadb().url()).await;
    let before = prepared_count(&mut *connection).await;
    for n in 0..5 {
        let answer = value(&mut *connection, "SELECT ? + 1", &[ValueRef::Int(n)]).await;
        assert_eq!(answer, Value::Int(n + 1));
    }
    assert_eq!(prepared_count(&mut *connection).await, before + 1);
}

#[tokio::test]
async fn the_cache_of_prepared_statements_is_bounded() {
    let options = ConnectOptions {
        statement_cache_size: 2,
        ..ConnectOptions::default()
    };
    let connector = connector(&mariadb().url(), &options).unwrap();
    let mut connection = connector.connect().await.unwrap();
    for n in 0..20 {
        query(&mut *connection, &format!("SELECT {n}"), &[]).await;
    }
    let open = "SELECT variable_value FROM information_schema.session_status \
                WHERE variable_name IN ('Com_stmt_prepare', 'Com_stmt_close') ORDER BY variable_name DESC";
    let rows = query(&mut *connection, open, &[]).await;
    let counts: Vec<u64> = rows
        .rows()
        .iter()
        .map(|row| row.get::<&str>(0).unwrap().parse().unwrap())
        .collect();
    // Two in the cache, and one that left it and is closed with the next.
    assert!(counts[0] - counts[1] <= 3, "{counts:?}");
}

#[tokio::test]
async fn a_prepared_statement_survives_a_changed_table() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    let mut connection = connect(&database.url()).await;
    let sql = "SELECT * FROM t";
    assert_eq!(query(&mut *connection, sql, &[]).await.columns().len(), 1);
    database.client("ALTER TABLE t ADD name varchar(9) DEFAULT 'x', MODIFY id bigint unsigned");
    let rows = query(&mut *connection, sql, &[]).await;
    assert_eq!(rows.columns()[0].type_name, "bigint unsigned");
    assert_eq!(rows[0].get::<&str>("name").unwrap(), "x");
    database.client("ALTER TABLE t DROP COLUMN id");
    let rows = query(&mut *connection, sql, &[]).await;
    assert_eq!(rows.columns().len(), 1);
    assert_eq!(rows.columns()[0].name, "name");
}

#[tokio::test]
async fn what_cannot_be_prepared_runs_as_text() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int)");
    let mut connection = connect(&database.url()).await;
    connection.execute("LOCK TABLES t WRITE", &[]).await.unwrap();
    connection.execute("UNLOCK TABLES", &[]).await.unwrap();
    connection
        .execute(
            "CREATE PROCEDURE p() again:loop INSERT INTO t VALUES (1); leave again; end loop",
            &[],
        )
        .await
        .unwrap();
    connection.execute("CALL p()", &[]).await.unwrap();
    assert_eq!(database.client("SELECT count(*) FROM t"), "1");
}

#[tokio::test]
async fn colons_in_strings_are_no_parameters() {
    let mut connection = connect(&mariadb().url()).await;
    let sql = r#"SELECT concat('{"a":true}', ?), 5-'1 :x'"#;
    let answer = value(&mut *connection, sql, &[ValueRef::Text("!")]).await;
    assert_eq!(answer, Value::Text(r#"{"a":true}!"#.into()));
    let error = connection.execute("SELECT :name", &[]).await.unwrap_err();
    assert_eq!(error.sql_error().unwrap().code, Some(1064));
}

#[tokio::test]
async fn a_procedure_gives_its_first_result() {
    let database = mariadb().fresh_database();
    database.client("DELIMITER //\nCREATE PROCEDURE p(n int) BEGIN SELECT n; SELECT 'second'; END//");
    let mut connection = connect(&database.url()).await;
    for n in 1..=2 {
        let rows = query(&mut *connection, "CALL p(?)", &[ValueRef::Int(n)]).await;
        assert_eq!(rows.deserialize::<i64>().unwrap(), [n]);
        assert_eq!(connection.status(), ConnectionStatus::Idle);
    }
}

#[tokio::test]
async fn a_local_file_is_never_read() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (line text)");
    let mut connection = connect(&database.url()).await;
    let error = connection
        .execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert_eq!(database.client("SELECT count(*) FROM t"), "0");
}
