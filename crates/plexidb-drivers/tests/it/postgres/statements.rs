//! Running statements: errors, transactions, batches, limits, and the cache of prepared statements.

use std::time::Duration;

use plexidb_core::{ConnectionStatus, DriverError, ErrorKind, Limits, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::postgres;

use super::{assert_usable, connect, connect_to, query, try_query};

#[tokio::test]
async fn an_error_keeps_the_servers_words_sqlstate_and_position() {
    let mut connection = connect().await;
    let error = try_query(&mut connection, "SELECT 'ü', FROM nowhere", &[])
        .await
        .unwrap_err();
    let sql = error.sql_error().unwrap();
    assert_eq!(sql.sqlstate.as_deref(), Some("42601"));
    assert_eq!(sql.position, Some(13));
    assert!(sql.message.contains("syntax error"), "{sql}");

    let error = try_query(&mut connection, "SELECT 1/0", &[]).await.unwrap_err();
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("22012"));
    assert_usable(&mut connection).await;
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn locks_and_read_only_transactions_have_their_own_errors() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int4); INSERT INTO t VALUES (1)");
    let mut holder = connect_to(&database.url()).await;
    holder
        .control("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let mut connection = connect_to(&database.url()).await;
    let error = try_query(&mut connection, "LOCK TABLE t NOWAIT", &[])
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Sql,
        "outside a transaction LOCK is refused"
    );
    connection.control("BEGIN").await.unwrap();
    let error = connection.execute("LOCK TABLE t NOWAIT", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    connection.control("ROLLBACK; BEGIN READ ONLY").await.unwrap();
    let error = connection
        .execute("CREATE TABLE u (id int4)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
}

#[tokio::test]
async fn the_status_follows_the_transaction_and_a_failed_commit_is_an_error() {
    let mut connection = connect().await;
    connection.control("BEGIN").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    try_query(&mut connection, "SELECT 1/0", &[]).await.unwrap_err();
    assert_eq!(connection.status(), ConnectionStatus::InFailedTransaction);
    let error = connection.control("COMMIT").await.unwrap_err();
    assert_eq!(
        error.sql_error().unwrap().sqlstate.as_deref(),
        Some("25P02"),
        "{error}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Idle);

    connection.control("BEGIN").await.unwrap();
    connection.control("ROLLBACK").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn affected_rows_are_counted() {
    let database = postgres().fresh_database();
    let mut connection = connect_to(&database.url()).await;
    let mut affected = Vec::new();
    for sql in [
        "CREATE TABLE t (id int4 PRIMARY KEY, v text)",
        "INSERT INTO t SELECT n, 'x' FROM generate_series(1, 10) n",
        "UPDATE t SET v = 'y' WHERE id > 4",
        "SELECT * FROM t",
        "DELETE FROM t WHERE id = 1",
        "",
    ] {
        affected.push(connection.execute(sql, &[]).await.unwrap().rows_affected);
    }
    assert_eq!(affected, [0, 10, 6, 0, 1, 0]);
    let rows = query(&mut connection, "DELETE FROM t WHERE id < 4 RETURNING id, v", &[]).await;
    assert_eq!(rows.len(), 2);
    assert!(query(&mut connection, "DELETE FROM t", &[]).await.is_empty());
}

#[tokio::test]
async fn a_batch_is_pipelined_whatever_the_size_of_its_rows() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int8 PRIMARY KEY, v text)");
    let mut connection = connect_to(&database.url()).await;
    let large = "z".repeat(300_000);
    let rows: Vec<Vec<ValueRef<'_>>> = (0..1_000)
        .map(|id| {
            let text = if id % 250 == 7 { large.as_str() } else { "small" };
            vec![ValueRef::Int(id), ValueRef::Text(text)]
        })
        .collect();
    let sql = "INSERT INTO t VALUES ($1, $2) RETURNING repeat(v, 3)";
    let executed = connection.execute_many(sql, &rows).await.unwrap();
    assert_eq!(executed.rows_affected, 1_000);
    assert_eq!(
        database.client("SELECT count(*), sum(id), sum(length(v)) FROM t"),
        format!("1000|499500|{}", 996 * 5 + 4 * 300_000)
    );

    let error = connection
        .execute_many(sql, &[vec![ValueRef::Int(2_000)], vec![ValueRef::Int(2_001)]])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameters);
    let twice = vec![
        vec![ValueRef::Int(3_000), ValueRef::Text("a")],
        vec![ValueRef::Int(3_000), ValueRef::Text("b")],
        vec![ValueRef::Int(3_001), ValueRef::Text("c")],
    ];
    let error = connection.execute_many(sql, &twice).await.unwrap_err();
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("23505"));
    assert_usable(&mut connection).await;
    assert_eq!(database.client("SELECT count(*) FROM t"), "1000");
    assert_eq!(connection.execute_many(sql, &[]).await.unwrap().rows_affected, 0);
}

#[tokio::test]
async fn a_result_beyond_a_bound_is_refused_and_the_connection_stays() {
    let mut connection = connect().await;
    let rows_bound = Limits {
        rows_max: 10,
        ..Limits::default()
    };
    let fits = connection
        .query("SELECT generate_series(1, 10)", &[], rows_bound)
        .await;
    assert_eq!(fits.unwrap().len(), 10);
    let error = connection
        .query("SELECT generate_series(1, 11)", &[], rows_bound)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("10 rows"), "{error}");
    assert_usable(&mut connection).await;

    let bytes_bound = Limits {
        bytes_max: 1_000,
        ..Limits::default()
    };
    for sql in [
        "SELECT repeat('x', 100) FROM generate_series(1, 20)",
        "SELECT repeat('x', 50000000)",
    ] {
        let error = connection.query(sql, &[], bytes_bound).await.unwrap_err();
        assert!(error.to_string().contains("1000 bytes"), "{error}");
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn the_rest_of_an_endless_result_is_cancelled() {
    let mut connection = connect().await;
    let bound = Limits {
        rows_max: 3,
        ..Limits::default()
    };
    // Ten thousand rows come at once, and then one each second for three centuries.
    let sql = "SELECT n, CASE WHEN n > 10000 THEN pg_sleep(1) END FROM (SELECT generate_series(1, 10000000000) AS n) s";
    let running = connection.query(sql, &[], bound);
    let error = tokio::time::timeout(Duration::from_secs(60), running)
        .await
        .expect("the statement was not cancelled")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResultTooLarge);
    assert_usable(&mut connection).await;
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn a_statement_is_prepared_anew_when_its_table_has_changed() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int4, v int4); INSERT INTO t VALUES (1, 2)");
    let mut connection = connect_to(&database.url()).await;
    let sql = "SELECT * FROM t WHERE id = $1";
    assert_eq!(
        query(&mut connection, sql, &[ValueRef::Int(1)])
            .await
            .columns()
            .len(),
        2
    );
    database.client("ALTER TABLE t ADD COLUMN w text DEFAULT 'new'");
    let rows = query(&mut connection, sql, &[ValueRef::Int(1)]).await;
    assert_eq!(rows[0].get::<&str>("w").unwrap(), "new");

    database.client("ALTER TABLE t DROP COLUMN w");
    connection.control("BEGIN").await.unwrap();
    let error = try_query(&mut connection, sql, &[ValueRef::Int(1)])
        .await
        .unwrap_err();
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("0A000"));
    connection.control("ROLLBACK").await.unwrap();
    assert_eq!(
        query(&mut connection, sql, &[ValueRef::Int(1)])
            .await
            .columns()
            .len(),
        2
    );

    connection.execute("DISCARD ALL", &[]).await.unwrap();
    assert_eq!(query(&mut connection, sql, &[ValueRef::Int(1)]).await.len(), 1);
    let mut rows = vec![vec![ValueRef::Int(1)]];
    connection.execute("DEALLOCATE ALL", &[]).await.unwrap();
    rows.push(vec![ValueRef::Int(2)]);
    connection.execute_many(sql, &rows).await.unwrap();
}

#[tokio::test]
async fn the_server_keeps_no_more_statements_than_the_cache() {
    let options = ConnectOptions {
        statement_cache_size: 3,
        ..ConnectOptions::default()
    };
    let connector = connector(&postgres().url(), &options).unwrap();
    let mut connection = connector.connect().await.unwrap();
    for number in 0..20 {
        let rows = query(
            &mut connection,
            &format!("SELECT {number} + $1::int4"),
            &[ValueRef::Int(1)],
        )
        .await;
        assert_eq!(rows[0].get::<i32>(0).unwrap(), number + 1);
    }
    let rows = query(
        &mut connection,
        "SELECT count(*) FROM pg_prepared_statements",
        &[],
    )
    .await;
    // One more is closed together with the next that is prepared.
    assert!((1..=4).contains(&rows[0].get::<i64>(0).unwrap()), "{rows:?}");
}

#[tokio::test]
async fn copy_with_the_client_is_refused_and_the_connection_stays() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int4); INSERT INTO t VALUES (1)");
    let mut connection = connect_to(&database.url()).await;
    for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
        let error = try_query(&mut connection, sql, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let error = connection.control(sql).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        connection.open_cursor(sql, &[], 10).await.unwrap();
        let error = connection.fetch().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_usable(&mut connection).await;
    }
    assert_eq!(database.client("SELECT count(*) FROM t"), "1");
}

#[tokio::test]
async fn notices_notifications_and_settings_come_at_any_time() {
    let mut connection = connect().await;
    connection.execute("LISTEN plexidb_test", &[]).await.unwrap();
    let rows = query(
        &mut connection,
        "SELECT set_config('application_name', 'other', false), pg_notify('plexidb_test', 'x')",
        &[],
    )
    .await;
    assert_eq!(rows.len(), 1);
    connection
        .execute(
            "DO $$ BEGIN RAISE WARNING 'w'; PERFORM pg_notify('plexidb_test', 'y'); END $$",
            &[],
        )
        .await
        .unwrap();
    postgres().client("NOTIFY plexidb_test, 'from outside'");
    assert_usable(&mut connection).await;
    connection.ping().await.unwrap();
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_statement_with_nul_is_refused() {
    let mut connection = connect().await;
    for refused in [
        try_query(&mut connection, "SELECT '\0'", &[]).await.map(drop),
        connection.control("SELECT '\0'").await,
    ] {
        assert!(matches!(refused, Err(DriverError::Sql(_))), "{refused:?}");
    }
    assert_usable(&mut connection).await;
}
