//! A session is reset where that is certain to make it as a new one.

use plexidb_core::{ConnectionStatus, ErrorKind};

use super::{Home, number, query, run};

#[tokio::test]
async fn transactions_and_cursors_end_without_effect() {
    let home = Home::new();
    home.oracle()
        .execute_batch("CREATE TABLE t (id INTEGER)")
        .unwrap();
    let mut connection = home.connect().await;
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    for _ in 0..3 {
        connection.control("BEGIN IMMEDIATE").await.unwrap();
        run(&mut connection, "INSERT INTO t VALUES (2)").await;
        connection
            .open_cursor("SELECT a.id FROM t a, t b, t c", &[], 1)
            .await
            .unwrap();
        assert!(connection.can_reset());
        connection.reset().await.unwrap();
        assert_eq!(connection.status(), ConnectionStatus::Idle);
        assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 1);
        home.oracle().execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
    }
}

#[tokio::test]
async fn what_may_have_altered_the_session_is_refused() {
    let home = Home::new();
    let other = home.path().with_file_name("other.db");
    for statement in [
        "PRAGMA foreign_keys = off",
        "PRAGMA case_sensitive_like = on",
        "CREATE TEMP TABLE t (id INTEGER)",
        &format!("ATTACH '{}' AS other", other.display()),
    ] {
        let mut connection = home.connect().await;
        assert!(connection.can_reset());
        run(&mut connection, statement).await;
        assert!(!connection.can_reset(), "{statement}");
        let error = connection.reset().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{statement}: {error}");
    }
    let mut connection = home.connect().await;
    query(&mut connection, "PRAGMA foreign_keys", &[]).await.unwrap();
    assert!(connection.can_reset(), "reading a setting alters nothing");
}

#[tokio::test]
async fn a_setting_that_a_cursor_changes_counts() {
    let home = Home::new();
    let mut connection = home.connect().await;
    connection
        .open_cursor("PRAGMA journal_size_limit = 1000", &[], 1)
        .await
        .unwrap();
    connection.close_cursor().await.unwrap();
    assert!(!connection.can_reset());
}
