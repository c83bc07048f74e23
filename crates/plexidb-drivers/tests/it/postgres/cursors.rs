//! Results in chunks: in order, bounded, and the connection free afterwards.

use plexidb_core::{ConnectionStatus, ErrorKind, ValueRef};

use super::{assert_usable, connect, try_query};

#[tokio::test]
async fn a_million_rows_stream_in_chunks() {
    let mut connection = connect().await;
    let sql = "SELECT n, repeat('x', 100) FROM generate_series(1, $1::int4) n";
    connection
        .open_cursor(sql, &[ValueRef::Int(1_000_000)], 10_000)
        .await
        .unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Streaming);
    let (mut count, mut sum, mut bytes_max) = (0_i64, 0_i64, 0);
    while let Some(chunk) = connection.fetch().await.unwrap() {
        assert!(chunk.len() <= 10_000);
        bytes_max = bytes_max.max(chunk.memory_bytes());
        for row in chunk.rows() {
            count += 1;
            sum += row.get::<i64>(0).unwrap();
        }
    }
    assert_eq!((count, sum), (1_000_000, 500_000_500_000));
    assert!(bytes_max < 4_000_000, "{bytes_max} bytes in a chunk");
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_chunk_of_wide_rows_is_cut_by_its_bytes() {
    let mut connection = connect().await;
    connection
        .open_cursor(
            "SELECT n, repeat('x', 1000000) FROM generate_series(1, 100) n",
            &[],
            1_000,
        )
        .await
        .unwrap();
    let mut numbers = Vec::new();
    while let Some(chunk) = connection.fetch().await.unwrap() {
        assert!(
            chunk.memory_bytes() < 10_000_000,
            "{} bytes in a chunk",
            chunk.memory_bytes()
        );
        numbers.extend(chunk.rows().iter().map(|row| row.get::<i64>(0).unwrap()));
    }
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_that_is_closed_early_leaves_the_connection_free() {
    let mut connection = connect().await;
    for sql in [
        "SELECT generate_series(1, 100000)",
        "SELECT n, repeat('x', 1000000) FROM generate_series(1, 100) n",
    ] {
        connection.open_cursor(sql, &[], 100).await.unwrap();
        assert!(!connection.fetch().await.unwrap().unwrap().is_empty());
        let error = try_query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        connection.close_cursor().await.unwrap();
        assert_usable(&mut connection).await;
    }
    connection
        .open_cursor("SELECT 1 WHERE false", &[], 100)
        .await
        .unwrap();
    assert!(connection.fetch().await.unwrap().is_none());
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_cursor_lives_inside_a_transaction_and_tells_its_errors() {
    let mut connection = connect().await;
    connection.control("BEGIN").await.unwrap();
    connection
        .open_cursor("SELECT 10 / (5 - n) FROM generate_series(1, 9) n", &[], 2)
        .await
        .unwrap();
    let mut rows = 0;
    let error = loop {
        match connection.fetch().await {
            Ok(Some(chunk)) => rows += chunk.len(),
            Ok(None) => panic!("the division by zero was not told"),
            Err(error) => break error,
        }
    };
    assert_eq!(rows, 4);
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("22012"));
    assert_eq!(connection.status(), ConnectionStatus::InFailedTransaction);
    connection.control("ROLLBACK").await.unwrap();

    let error = connection
        .open_cursor("SELECT $1::int4", &[ValueRef::Text("x")], 2)
        .await
        .unwrap_err();
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("22P02"));
    assert_usable(&mut connection).await;
}
