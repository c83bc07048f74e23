//! Streaming in chunks, its ends, and what it leaves behind.

use plexidb_core::{ConnectionStatus, ErrorKind, ValueRef};

use super::{Home, memory, number, query, run};

const NUMBERS: &str = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) SELECT x FROM n";

#[tokio::test]
async fn a_million_rows_arrive_in_order_and_in_bounded_chunks() {
    let mut connection = memory().await;
    connection
        .open_cursor(NUMBERS, &[ValueRef::Int(1_000_000)], 1_000)
        .await
        .unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Streaming);
    let mut expected = 0;
    while let Some(chunk) = connection.fetch().await.unwrap() {
        assert!(chunk.len() <= 1_000);
        for row in &chunk {
            expected += 1;
            assert_eq!(row.get::<i64>(0).unwrap(), expected);
        }
    }
    assert_eq!(expected, 1_000_000);
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(number(&mut connection, "SELECT 1").await, 1);
}

#[tokio::test]
async fn large_rows_make_small_chunks() {
    let mut connection = memory().await;
    let sql = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20)
               SELECT zeroblob(400000) FROM n";
    connection.open_cursor(sql, &[], 1_000).await.unwrap();
    let mut rows = 0;
    while let Some(chunk) = connection.fetch().await.unwrap() {
        assert!(chunk.len() <= 3, "{} rows of 400 kB in a chunk", chunk.len());
        rows += chunk.len();
    }
    assert_eq!(rows, 20);
}

#[tokio::test]
async fn an_endless_statement_can_be_read_in_part() {
    let home = Home::new();
    let mut connection = home.connect().await;
    connection
        .open_cursor(NUMBERS, &[ValueRef::Int(i64::MAX)], 10)
        .await
        .unwrap();
    for _ in 0..100 {
        assert_eq!(connection.fetch().await.unwrap().unwrap().len(), 10);
    }
    connection.close_cursor().await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(number(&mut connection, "SELECT 1").await, 1);
}

#[tokio::test]
async fn an_empty_result_still_tells_its_columns() {
    let mut connection = memory().await;
    connection
        .open_cursor("SELECT 1 AS a WHERE 0", &[], 10)
        .await
        .unwrap();
    let chunk = connection.fetch().await.unwrap().unwrap();
    assert!(chunk.is_empty());
    assert_eq!(chunk.columns()[0].name, "a");
    assert!(connection.fetch().await.unwrap().is_none());
    assert_eq!(
        connection.fetch().await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[tokio::test]
async fn errors_come_at_the_start_or_in_the_middle() {
    let mut connection = memory().await;
    let error = connection
        .open_cursor("SELECT nothing", &[], 10)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sql);
    let error = connection.open_cursor("SELECT ?", &[], 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameters);
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    let sql = "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT abs(-9223372036854775807 - 1)";
    connection.open_cursor(sql, &[], 1).await.unwrap();
    assert_eq!(connection.fetch().await.unwrap().unwrap().len(), 1);
    let mut failed = None;
    while failed.is_none() {
        failed = connection.fetch().await.err();
    }
    assert!(failed.unwrap().to_string().contains("integer overflow"));
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn a_second_statement_waits_for_the_cursors_end() {
    let mut connection = memory().await;
    connection
        .open_cursor(NUMBERS, &[ValueRef::Int(5)], 2)
        .await
        .unwrap();
    let error = query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("cursor"), "{error}");
    assert_eq!(
        connection.fetch().await.unwrap().unwrap().len(),
        2,
        "the cursor is unharmed"
    );
    connection.close_cursor().await.unwrap();
    connection.close_cursor().await.unwrap();
    assert_eq!(number(&mut connection, "SELECT 1").await, 1);
}

#[tokio::test]
async fn a_cursor_in_a_transaction_leaves_it_open() {
    let home = Home::new();
    let mut connection = home.connect().await;
    run(&mut connection, "CREATE TABLE t (a)").await;
    connection.control("BEGIN").await.unwrap();
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    connection.open_cursor("SELECT a FROM t", &[], 10).await.unwrap();
    assert_eq!(connection.fetch().await.unwrap().unwrap().len(), 1);
    assert!(connection.fetch().await.unwrap().is_none());
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    connection.control("COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_dropped_cursor_ends_its_session() {
    let home = Home::new();
    let connector = home.connector("?mode=rwc");
    let mut connection = connector.connect().await.unwrap();
    let session = connection.session();
    connection
        .open_cursor(NUMBERS, &[ValueRef::Int(i64::MAX)], 10)
        .await
        .unwrap();
    connection.fetch().await.unwrap();
    drop(connection);
    assert!(connector.terminate(session).await.unwrap());
}
