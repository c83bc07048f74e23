//! A session that was reset is as a new one, whatever was done to it.

use plexidb_core::{Connection, ConnectionStatus, ErrorKind, SessionId, Value, ValueRef};
use plexidb_testkit::{MariaDb, mariadb};

use super::{connect, query, value};

/// Variables that tell of time, chance and the last statement.
const PASSING: [&str; 8] = [
    "timestamp",
    "rand_seed1",
    "rand_seed2",
    "pseudo_thread_id",
    "error_count",
    "warning_count",
    "last_insert_id",
    "identity",
];

/// What a borrower can see of a session.
async fn state(connection: &mut dyn Connection) -> Vec<String> {
    let rows = query(connection, "SHOW SESSION VARIABLES", &[]).await;
    let variables: Vec<(String, String)> = rows.deserialize().unwrap();
    let variables = variables
        .into_iter()
        .filter(|(name, _)| !PASSING.contains(&name.as_str()));
    let mut state: Vec<String> = variables
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    for question in [
        "SELECT DATABASE()",
        "SELECT CURRENT_ROLE()",
        "SELECT CURRENT_USER()",
        "SELECT @mine",
        "SELECT IS_USED_LOCK('mine') = CONNECTION_ID()",
        "SELECT count(*) FROM t",
    ] {
        let answer = value(connection, question, &[]).await;
        state.push(format!("{question}: {answer:?}"));
    }
    state
}

#[tokio::test]
async fn what_was_done_to_a_session_is_gone() {
    let database = mariadb().fresh_database();
    let other = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    other.client("CREATE TABLE t (id int PRIMARY KEY)");
    for dirt in [
        "SET time_zone = '+09:00'",
        "SET NAMES latin1",
        "SET autocommit = 0",
        "SET sql_mode = 'ANSI_QUOTES'",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET SESSION TRANSACTION READ ONLY",
        "SET foreign_key_checks = 0",
        "SET max_statement_time = 3",
        "SET @mine = 1",
        "DO GET_LOCK('mine', 0)",
        "CREATE TEMPORARY TABLE t (id int)",
        &format!("USE {}", other.name()),
    ] {
        let mut new = connect(&database.url()).await;
        let expected = state(&mut *new).await;
        let mut connection = connect(&database.url()).await;
        assert_eq!(state(&mut *connection).await, expected, "before {dirt}");
        connection.control(dirt).await.unwrap();
        assert_ne!(state(&mut *connection).await, expected, "{dirt} shows nowhere");
        let session = connection.session();
        assert!(connection.can_reset());
        connection.reset().await.unwrap();
        assert_eq!(connection.status(), ConnectionStatus::Idle);
        assert_eq!(state(&mut *connection).await, expected, "after {dirt}");
        assert_eq!(connection.session(), session);
        connection.close().await;
        new.close().await;
    }
}

#[tokio::test]
async fn transactions_locks_and_cursors_end_without_effect() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int)");
    let mut connection = connect(&database.url()).await;
    let insert = "INSERT INTO t VALUES (?)";
    for _ in 0..2 {
        connection.control("BEGIN").await.unwrap();
        connection.execute(insert, &[ValueRef::Int(1)]).await.unwrap();
        connection.reset().await.unwrap();
        assert_eq!(connection.status(), ConnectionStatus::Idle);
        assert_eq!(database.client("SELECT count(*) FROM t"), "0");
    }
    connection.control("LOCK TABLES u WRITE").await.unwrap();
    connection.reset().await.unwrap();
    database.client("SET lock_wait_timeout = 5; INSERT INTO u VALUES (1)");
    connection
        .open_cursor("SELECT seq FROM seq_1_to_100000", &[], 10)
        .await
        .unwrap();
    connection.fetch().await.unwrap().unwrap();
    connection.reset().await.unwrap();
    let rows = query(
        &mut *connection,
        "SELECT id FROM u WHERE id = ?",
        &[ValueRef::Int(1)],
    )
    .await;
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn prepared_statements_are_prepared_again() {
    let mut connection = connect(&mariadb().url()).await;
    for number in 0..3 {
        let answer = value(&mut *connection, "SELECT ? + 1", &[ValueRef::Int(number)]).await;
        assert_eq!(answer, Value::Int(number + 1));
        connection.reset().await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_undone_is_refused() {
    // Nobody can leave a database without going to another one.
    let database = mariadb().fresh_database();
    let mut connection = connect(&mariadb().url()).await;
    connection
        .control(&format!("USE {}", database.name()))
        .await
        .unwrap();
    let error = connection.reset().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(connection.status(), ConnectionStatus::Broken);
}

#[tokio::test]
async fn a_server_with_init_connect_gets_new_sessions() {
    let server = MariaDb::start_private_with(&["--init-connect=SET @greeting = 1"]).unwrap();
    let connection = connect(&server.url()).await;
    assert!(!connection.can_reset());
    assert!(connect(&mariadb().url()).await.can_reset());
}

#[tokio::test]
async fn a_session_that_has_ended_is_broken() {
    let mut connection = connect(&mariadb().url()).await;
    let SessionId(id) = connection.session();
    mariadb().client(&format!("KILL CONNECTION {id}"));
    connection.reset().await.unwrap_err();
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    assert!(!connection.can_reset());
}

/// A role may outlive the reset; a borrower must not get it.
#[tokio::test]
async fn a_role_is_not_handed_on() {
    let database = mariadb().fresh_database();
    let role = format!("{}_role", database.name());
    let user = value(
        &mut *connect(&mariadb().url()).await,
        "SELECT CURRENT_USER()",
        &[],
    )
    .await;
    let Value::Text(user) = user else {
        panic!("{user:?}")
    };
    let user = user.replace('@', "'@'");
    database.client(&format!("CREATE ROLE {role}; GRANT {role} TO '{user}'"));
    let mut connection = connect(&database.url()).await;
    connection.control(&format!("SET ROLE {role}")).await.unwrap();
    let before = value(&mut *connection, "SELECT CURRENT_ROLE()", &[]).await;
    assert_eq!(before, Value::Text(role.clone()));
    match connection.reset().await {
        Ok(()) => assert_eq!(
            value(&mut *connection, "SELECT CURRENT_ROLE()", &[]).await,
            Value::Null
        ),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert_eq!(connection.status(), ConnectionStatus::Broken);
        }
    }
    connection.close().await;
    database.client(&format!("DROP ROLE {role}"));
}
