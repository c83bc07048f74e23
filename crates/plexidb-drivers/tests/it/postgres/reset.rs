//! A session that was reset is as a new one, whatever was done to it.

use plexidb_core::{Connection, ConnectionStatus, ValueRef};
use plexidb_testkit::{PostgresRole, postgres};

use super::{assert_usable, connect_to, query};

/// What a borrower can see of a session.
const STATE: &str = "SELECT 'setting ' || name || ' = ' || coalesce(setting, '') FROM pg_settings \
     UNION ALL SELECT 'user ' || session_user || ', ' || current_user \
     UNION ALL SELECT 'path ' || array_to_string(current_schemas(false), ',') \
     UNION ALL SELECT 'lock ' || locktype || coalesce(objid::text, '') FROM pg_locks \
       WHERE pid = pg_backend_pid() AND locktype = 'advisory' \
     UNION ALL SELECT 'prepared ' || name FROM pg_prepared_statements WHERE from_sql \
     UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable \
     UNION ALL SELECT 'channel ' || channel FROM pg_listening_channels() AS channel \
     UNION ALL SELECT 'temporary ' || relname FROM pg_class \
       WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema() \
     ORDER BY 1";

async fn state(connection: &mut Box<dyn Connection>) -> Vec<String> {
    query(connection, STATE, &[]).await.deserialize().unwrap()
}

#[tokio::test]
async fn what_was_done_to_a_session_is_gone() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE SCHEMA other");
    let group = format!("{}_group", database.name());
    database.client(&format!("CREATE ROLE {group}"));
    let url = format!(
        "{}?timezone=Europe/Berlin&options=-c%20work_mem%3D5MB",
        database.url()
    );
    for dirt in [
        "SET TimeZone = 'Asia/Tokyo'",
        "SET work_mem = '7MB'",
        "SET search_path = other",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET DateStyle = 'SQL, DMY'",
        &format!("SET ROLE {group}"),
        &format!("SET SESSION AUTHORIZATION {group}"),
        "SELECT pg_advisory_lock(42)",
        "SELECT pg_advisory_lock_shared(43) FROM generate_series(1, 3)",
        "PREPARE mine AS SELECT 1",
        "LISTEN news",
        "CREATE TEMP TABLE t (id int)",
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    ] {
        let mut new = connect_to(&url).await;
        let expected = state(&mut new).await;
        let mut connection = connect_to(&url).await;
        assert_eq!(state(&mut connection).await, expected, "before {dirt}");
        connection.control(dirt).await.unwrap();
        assert_ne!(state(&mut connection).await, expected, "{dirt} shows nowhere");
        let session = connection.session();
        assert!(connection.can_reset());
        connection.reset().await.unwrap();
        assert_eq!(connection.status(), ConnectionStatus::Idle);
        assert_eq!(state(&mut connection).await, expected, "after {dirt}");
        assert_eq!(connection.session(), session);
        new.close().await;
        connection.close().await;
    }
    database.client(&format!("DROP ROLE {group}"));
}

/// The statements that we had prepared are gone from the server as well.
#[tokio::test]
async fn statements_run_again_after_a_reset() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    let mut connection = connect_to(&database.url()).await;
    let sql = "SELECT count(*) FROM t WHERE id >= $1";
    for _ in 0..3 {
        let rows = query(&mut connection, sql, &[ValueRef::Int(2)]).await;
        assert_eq!(rows[0].get::<i64>(0).unwrap(), 1);
        connection.reset().await.unwrap();
    }
    let prepared = query(&mut connection, "SELECT name FROM pg_prepared_statements", &[]).await;
    assert_eq!(prepared.len(), 1, "{prepared:?}");
}

#[tokio::test]
async fn transactions_and_cursors_end_without_effect() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE t (id int PRIMARY KEY)");
    let mut connection = connect_to(&database.url()).await;
    // A transaction, one that has failed, and one with a cursor.
    for step in 0..3 {
        connection.control("BEGIN").await.unwrap();
        connection.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
        if step == 1 {
            connection
                .execute("INSERT INTO t VALUES (1)", &[])
                .await
                .unwrap_err();
            assert_eq!(connection.status(), ConnectionStatus::InFailedTransaction);
        }
        if step == 2 {
            connection
                .open_cursor("SELECT generate_series(1, 100000)", &[], 10)
                .await
                .unwrap();
            connection.fetch().await.unwrap().unwrap();
            assert_eq!(connection.status(), ConnectionStatus::Streaming);
        }
        connection.reset().await.unwrap();
        assert_eq!(connection.status(), ConnectionStatus::Idle);
        assert_usable(&mut connection).await;
        assert_eq!(database.client("SELECT count(*) FROM t"), "0", "step {step}");
    }
    connection
        .open_cursor("SELECT generate_series(1, 100000)", &[], 10)
        .await
        .unwrap();
    connection.reset().await.unwrap();
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_role_of_the_login_comes_back() {
    let database = postgres().fresh_database();
    let role = PostgresRole::create(postgres()).unwrap();
    let name = role.name();
    database.client(&format!(
        "CREATE ROLE {name}_group; GRANT {name}_group TO {name}; ALTER ROLE {name} SET role = {name}_group"
    ));
    let mut connection = connect_to(&role.url(postgres(), database.name())).await;
    for _ in 0..2 {
        let rows = query(
            &mut connection,
            "SELECT session_user::text, current_user::text",
            &[],
        )
        .await;
        let users: Vec<(String, String)> = rows.deserialize().unwrap();
        assert_eq!(users, [(name.to_owned(), format!("{name}_group"))]);
        connection.control("SET ROLE NONE").await.unwrap();
        connection.reset().await.unwrap();
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_reset_is_broken() {
    let mut connection = connect_to(&postgres().url()).await;
    let plexidb_core::SessionId(pid) = connection.session();
    postgres().client(&format!("SELECT pg_terminate_backend({pid}, 10000)"));
    connection.reset().await.unwrap_err();
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    assert!(!connection.can_reset());
}

/// A reset that nobody waits for any more leaves nothing half done to the next borrower.
#[tokio::test]
async fn a_reset_that_is_dropped_leaves_the_connection_broken() {
    let mut connection = connect_to(&postgres().url()).await;
    connection.control("BEGIN").await.unwrap();
    let mut reset = connection.reset();
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(reset.as_mut().poll(cx))).await;
    assert!(first.is_pending());
    drop(reset);
    assert_eq!(connection.status(), ConnectionStatus::Broken);
}
