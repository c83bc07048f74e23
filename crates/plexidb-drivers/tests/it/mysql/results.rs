//! Results: bounds, cursors, cancelling.

use plexidb_core::{Connection, ConnectionStatus, DriverError, ErrorKind, Limits, Value, ValueRef};
use plexidb_testkit::mariadb;

use super::{connect, query, value};

const MILLION: &str = "SELECT seq, repeat('x', 20) FROM seq_1_to_1000000";

async fn goes_on(connection: &mut dyn Connection) {
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(value(connection, "SELECT 1 + 1", &[]).await, Value::Int(2));
}

#[tokio::test]
async fn a_result_beyond_the_rows_is_refused_and_the_connection_goes_on() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    let limits = Limits {
        rows_max: 10,
        ..Limits::default()
    };
    let exact = connection
        .query("SELECT seq FROM seq_1_to_10", &[], limits)
        .await
        .unwrap();
    assert_eq!(exact.len(), 10);
    for sql in ["SELECT seq FROM seq_1_to_11", MILLION] {
        let error = connection.query(sql, &[], limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResultTooLarge);
        assert!(error.to_string().contains("10 rows"), "{error}");
        goes_on(&mut *connection).await;
    }
}

#[tokio::test]
async fn a_result_beyond_the_bytes_is_refused_also_in_a_transaction() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    connection.control("BEGIN").await.unwrap();
    let limits = Limits {
        bytes_max: 100_000,
        ..Limits::default()
    };
    let error = connection.query(MILLION, &[], limits).await.unwrap_err();
    assert!(error.to_string().contains("100000 bytes"), "{error}");
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    connection.control("ROLLBACK").await.unwrap();
    goes_on(&mut *connection).await;
}

#[tokio::test]
async fn a_million_rows_stream_in_chunks() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    connection.open_cursor(MILLION, &[], 5_000).await.unwrap();
    let (mut count, mut sum, mut largest) = (0_u64, 0_i64, 0);
    while let Some(chunk) = connection.fetch().await.unwrap() {
        assert_eq!(connection.status(), ConnectionStatus::Streaming);
        assert!(chunk.len() <= 5_000);
        largest = largest.max(chunk.memory_bytes());
        for row in &chunk {
            count += 1;
            sum += row.get::<i64>(0).unwrap();
        }
    }
    assert_eq!((count, sum), (1_000_000, 500_000_500_000));
    // 5,000 rows of two short cells each: no chunk holds more.
    assert!(largest < 1_000_000, "{largest}");
    goes_on(&mut *connection).await;
    assert!(connection.fetch().await.unwrap().is_none());
}

#[tokio::test]
async fn wide_rows_end_a_chunk_early() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    let sql = "SELECT repeat('x', 1000000) FROM seq_1_to_40";
    connection.open_cursor(sql, &[], 1_000).await.unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = connection.fetch().await.unwrap() {
        chunks.push(chunk.len());
    }
    assert_eq!(chunks.iter().sum::<usize>(), 40);
    assert!(chunks.iter().all(|rows| *rows <= 9), "{chunks:?}");
}

#[tokio::test]
async fn a_cursor_that_is_closed_early_frees_the_connection() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    for sql in [MILLION, "SELECT seq FROM seq_1_to_30"] {
        connection.open_cursor(sql, &[], 10).await.unwrap();
        assert_eq!(connection.fetch().await.unwrap().unwrap().len(), 10);
        connection.close_cursor().await.unwrap();
        goes_on(&mut *connection).await;
    }
    connection.close_cursor().await.unwrap();
}

/// The server may have sent everything before it is told to stop; that must not hit the next statement.
#[tokio::test]
async fn closing_a_cursor_never_cancels_the_next_statement() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    for rows in (1_000..100_000).step_by(4_000) {
        let sql = format!("SELECT seq FROM seq_1_to_{rows}");
        connection.open_cursor(&sql, &[], 10).await.unwrap();
        connection.fetch().await.unwrap();
        connection.close_cursor().await.unwrap();
        goes_on(&mut *connection).await;
    }
}

#[tokio::test]
async fn a_statement_beside_an_open_cursor_is_refused() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    let parameter = [ValueRef::Int(25)];
    connection
        .open_cursor("SELECT seq FROM seq_1_to_100 WHERE seq <= ?", &parameter, 10)
        .await
        .unwrap();
    let error = connection.execute("SELECT 1", &[]).await.unwrap_err();
    assert!(error.to_string().contains("cursor"), "{error}");
    let mut rows = Vec::new();
    while let Some(chunk) = connection.fetch().await.unwrap() {
        rows.extend(chunk.deserialize::<i64>().unwrap());
    }
    assert_eq!(rows, (1..=25).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_cursor_over_no_rows_ends_at_once() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    for sql in ["SELECT seq FROM seq_1_to_9 WHERE seq > 9", "DO 1"] {
        connection.open_cursor(sql, &[], 10).await.unwrap();
        assert!(connection.fetch().await.unwrap().is_none());
        goes_on(&mut *connection).await;
    }
}

#[tokio::test]
async fn an_error_half_way_through_a_cursor_is_the_statements() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    let sql = "SELECT (SELECT 1 FROM seq_1_to_2 b WHERE b.seq + 50000 <= a.seq) FROM seq_1_to_100000 a";
    connection.open_cursor(sql, &[], 100).await.unwrap();
    let error = loop {
        match connection.fetch().await {
            Ok(chunk) => assert!(chunk.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.sql_error().unwrap().code, Some(1242));
    goes_on(&mut *connection).await;
}

#[tokio::test]
async fn a_sleeping_statement_is_cancelled_from_outside() {
    let mut connection = connect(&mariadb().url()).await;
    let canceller = connection.canceller();
    let id = connection.session().0;
    let cancel = async {
        let sleeping = format!(
            "SELECT count(*) FROM information_schema.processlist WHERE id = {id} AND state = 'User sleep'"
        );
        super::session::wait_until(|| mariadb().client(&sleeping) == "1").await;
        canceller.cancel().await.unwrap();
    };
    let sleep = connection.query("SELECT SLEEP(600) FROM (SELECT 1) t", &[], Limits::default());
    let (outcome, ()) = tokio::join!(sleep, cancel);
    assert!(
        matches!(outcome, Err(DriverError::Cancelled { .. })),
        "{outcome:?}"
    );
    goes_on(&mut *connection).await;
}

#[tokio::test]
async fn cancelling_where_nothing_runs_does_no_harm() {
    let mut connection = connect(&mariadb().url()).await;
    let canceller = connection.canceller();
    canceller.cancel().await.unwrap();
    goes_on(&mut *connection).await;
    connection.close().await;
    canceller.cancel().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_for_the_server_is_cancelled() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    let sql = "SET STATEMENT max_statement_time = 0.05 FOR SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b";
    let error = connection.query(sql, &[], Limits::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    goes_on(&mut *connection).await;
}

#[tokio::test]
async fn empty_results_keep_their_columns() {
    let mut connection = connect(&mariadb().url()).await;
    let rows = query(&mut *connection, "SELECT 1 AS one, 'x' AS two LIMIT 0", &[]).await;
    assert_eq!(rows.columns()[1].name, "two");
    assert!(rows.is_empty());
}
