//! The settings of a session, its state, and its end.

use plexidb_core::{ConnectionStatus, DriverError, ErrorKind, SessionId, Value, ValueRef};
use plexidb_testkit::{MariaDb, mariadb};

use super::{connect, connector, query, value};

#[tokio::test]
async fn a_session_has_the_promised_settings_whatever_the_servers() {
    let server = MariaDb::start_private_with(&[
        "--sql-mode=ANSI,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES",
        "--default-time-zone=+05:00",
        "--character-set-server=latin1",
        "--collation-server=latin1_swedish_ci",
        "--autocommit=0",
    ])
    .unwrap();
    let mut connection = connect(&server.url()).await;
    let text = value(&mut *connection, r#"SELECT "it\'s""#, &[]).await;
    assert_eq!(text, Value::Text("it's".into()));
    let rows = query(
        &mut *connection,
        "SELECT @@time_zone, @@character_set_client, @@autocommit, @@sql_mode",
        &[],
    )
    .await;
    assert_eq!(rows[0].get::<&str>(0).unwrap(), "+00:00");
    assert_eq!(rows[0].get::<&str>(1).unwrap(), "utf8mb4");
    assert!(rows[0].get::<bool>(2).unwrap());
    let mode = rows[0].get::<&str>(3).unwrap();
    assert_eq!(
        mode,
        "REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE,STRICT_TRANS_TABLES"
    );
}

#[tokio::test]
async fn the_url_sets_variables_of_the_session_that_a_reset_keeps() {
    let url = format!(
        "{}?session_variables=idle_transaction_timeout=30,lock_wait_timeout=7,use_stat_tables=never",
        mariadb().url()
    );
    let mut connection = connect(&url).await;
    let sql = "SELECT @@idle_transaction_timeout, @@lock_wait_timeout, @@use_stat_tables";
    for _ in 0..2 {
        let rows = query(&mut *connection, sql, &[]).await;
        assert_eq!(
            rows.deserialize::<(u64, u64, String)>().unwrap(),
            [(30, 7, "NEVER".to_owned())]
        );
        connection.control("SET lock_wait_timeout = 9").await.unwrap();
        connection.reset().await.unwrap();
    }
    let url = format!("{}?session_variables=no_such_variable=1", mariadb().url());
    let Err(error) = connector(&url).connect().await else {
        panic!("the server knows it");
    };
    assert!(error.to_string().contains("no_such_variable"), "{error}");
    assert!(error.to_string().contains("(setup)"), "{error}");
}

#[tokio::test]
async fn the_status_follows_the_server() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY)");
    let mut connection = connect(&database.url()).await;
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    connection.control("BEGIN").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    connection.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
    connection
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap_err();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    connection.control("ROLLBACK").await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    // DDL commits what is open.
    connection.control("START TRANSACTION").await.unwrap();
    connection.execute("CREATE TABLE u (id int)", &[]).await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
}

#[tokio::test]
async fn a_procedure_that_fails_may_leave_a_transaction_open() {
    let database = mariadb().fresh_database();
    database
        .client("DELIMITER //\nCREATE PROCEDURE p() BEGIN START TRANSACTION; SIGNAL SQLSTATE '45000'; END//");
    let mut connection = connect(&database.url()).await;
    connection.execute("CALL p()", &[]).await.unwrap_err();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
}

#[tokio::test]
async fn a_deadlock_ends_the_transaction_of_its_victim() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)");
    let mut first = connect(&database.url()).await;
    let mut second = connect(&database.url()).await;
    let update = "UPDATE t SET n = n + 1 WHERE id = ?";
    for (connection, id) in [(&mut first, 1), (&mut second, 2)] {
        connection.control("BEGIN").await.unwrap();
        connection.execute(update, &[ValueRef::Int(id)]).await.unwrap();
    }
    let (crossing, back) = ([ValueRef::Int(2)], [ValueRef::Int(1)]);
    let (one, other) = tokio::join!(first.execute(update, &crossing), second.execute(update, &back));
    let (victim, error, winner) = match (one, other) {
        (Err(error), Ok(_)) => (&first, error, &second),
        (Ok(_), Err(error)) => (&second, error, &first),
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(error.sql_error().unwrap().sqlstate.as_deref(), Some("40001"));
    assert_eq!(victim.status(), ConnectionStatus::Idle);
    assert_eq!(winner.status(), ConnectionStatus::InTransaction);
    // An open transaction would keep the database from being dropped.
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_lock_that_is_not_granted_is_its_own_error() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let mut holder = connect(&database.url()).await;
    holder.control("BEGIN").await.unwrap();
    query(&mut *holder, "SELECT id FROM t WHERE id = 1 FOR UPDATE", &[]).await;
    let mut other = connect(&database.url()).await;
    let error = other
        .execute("SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert_eq!(other.status(), ConnectionStatus::Idle);
    holder.close().await;
}

#[tokio::test]
async fn writes_in_a_read_only_transaction_are_refused() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int)");
    let mut connection = connect(&database.url()).await;
    connection.control("START TRANSACTION READ ONLY").await.unwrap();
    let error = connection
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
}

#[tokio::test]
async fn a_session_is_known_by_the_servers_number() {
    let mut connection = connect(&mariadb().url()).await;
    let SessionId(id) = connection.session();
    let own = value(&mut *connection, "SELECT CONNECTION_ID()", &[]).await;
    assert_eq!(own, Value::UInt(id));
}

#[tokio::test]
async fn a_closed_session_is_gone_from_the_server() {
    let connection = connect(&mariadb().url()).await;
    let SessionId(id) = connection.session();
    let count = format!("SELECT count(*) FROM information_schema.processlist WHERE id = {id}");
    assert_eq!(mariadb().client(&count), "1");
    connection.close().await;
    wait_until(|| mariadb().client(&count) == "0").await;
}

#[tokio::test]
async fn a_terminated_session_is_gone_and_lost_to_its_owner() {
    let connector = connector(&mariadb().url());
    let mut connection = connector.connect().await.unwrap();
    let session = connection.session();
    assert!(connector.terminate(session).await.unwrap());
    let error = connection.execute("SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(error, DriverError::ConnectionLost { .. }), "{error}");
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    // Once more, for who does not know.
    assert!(connector.terminate(session).await.unwrap());
}

#[tokio::test]
async fn statements_follow_the_database_that_is_chosen() {
    let (first, second) = (mariadb().fresh_database(), mariadb().fresh_database());
    first.client("CREATE TABLE t (n int); INSERT INTO t VALUES (1)");
    second.client("CREATE TABLE t (n int); INSERT INTO t VALUES (2)");
    let mut connection = connect(&first.url()).await;
    let sql = "SELECT n FROM t WHERE n > ?";
    assert_eq!(
        value(&mut *connection, sql, &[ValueRef::Int(0)]).await,
        Value::Int(1)
    );
    connection
        .control(&format!("USE {}", second.name()))
        .await
        .unwrap();
    assert_eq!(
        value(&mut *connection, sql, &[ValueRef::Int(0)]).await,
        Value::Int(2)
    );
    connection
        .execute(&format!("USE {}", first.name()), &[])
        .await
        .unwrap();
    assert_eq!(
        value(&mut *connection, sql, &[ValueRef::Int(0)]).await,
        Value::Int(1)
    );
}

/// Looks again and again for what the server does in its own time; the test harness bounds it.
pub(super) async fn wait_until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
