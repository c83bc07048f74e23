//! The driver behind PgBouncer in transaction mode, where each transaction may run in another session of the server.

use std::time::Duration;

use plexidb_core::{ConnectionStatus, ErrorKind, Limits, ValueRef};
use plexidb_testkit::{PgBouncer, PostgresDatabase, postgres};

use super::{assert_usable, connect_error, connect_to, connector_to, query, try_query};

fn pooler(pool_size: u16) -> plexidb_testkit::Private<PgBouncer> {
    PgBouncer::start(postgres(), pool_size, &[]).unwrap()
}

fn url(pooler: &PgBouncer, database: &PostgresDatabase<'_>) -> String {
    pooler.through(&database.url())
}

#[tokio::test]
async fn sessions_have_the_promised_settings() {
    let (pooler, database) = (pooler(2), postgres().fresh_database());
    let berlin = format!(
        "{}?timezone=Europe/Berlin&application_name=berlin",
        url(&pooler, &database)
    );
    let mut first = connect_to(&berlin).await;
    let mut second = connect_to(&url(&pooler, &database)).await;
    let sql = "SELECT current_setting('TimeZone'), current_setting('application_name'), \
               current_setting('client_encoding'), current_setting('IntervalStyle'), \
               current_setting('standard_conforming_strings'), current_setting('DateStyle')";
    for _ in 0..4 {
        for (connection, zone, name) in [
            (&mut first, "Europe/Berlin", "berlin"),
            (&mut second, "UTC", "plexidb"),
        ] {
            let rows = query(connection, sql, &[]).await;
            let settings: [String; 6] = std::array::from_fn(|column| rows[0].get(column).unwrap());
            let expected = [zone, name, "UTF8", "postgres", "on", "ISO, MDY"];
            assert_eq!(settings, expected);
        }
    }
}

/// Two clients whose statements would bear the same names in the one session that they share.
#[tokio::test]
async fn clients_that_share_a_session_get_their_own_rows() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    database.client("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t SELECT n, 'n' || n FROM generate_series(1, 50) n");
    let url = url(&pooler, &database);
    let mut clients = Vec::new();
    for client in 0..4_i64 {
        let mut connection = connect_to(&url).await;
        clients.push(tokio::spawn(async move {
            for turn in 0..25_i64 {
                let id = 1 + (client * 25 + turn) % 50;
                let rows = query(
                    &mut connection,
                    "SELECT id, name FROM t WHERE id = $1",
                    &[ValueRef::Int(id)],
                )
                .await;
                let rows: Vec<(i64, String)> = rows.deserialize().unwrap();
                assert_eq!(rows, [(id, format!("n{id}"))]);
                let text = format!("SELECT $1::text || '{client}'");
                let rows = query(&mut connection, &text, &[ValueRef::Text("of ")]).await;
                assert_eq!(rows[0].get::<&str>(0).unwrap(), format!("of {client}"));
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn each_way_to_run_a_statement() {
    let (pooler, database) = (pooler(2), postgres().fresh_database());
    database
        .client("CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TABLE t (id int PRIMARY KEY, mood mood)");
    let mut connection = connect_to(&url(&pooler, &database)).await;
    let insert = "INSERT INTO t VALUES ($1, 'glad')";
    let rows: Vec<Vec<ValueRef<'_>>> = (1..=200).map(|id| vec![ValueRef::Int(id)]).collect();
    let done = connection.execute_many(insert, &rows).await.unwrap();
    assert_eq!(done.rows_affected, 200);
    let done = connection
        .execute("UPDATE t SET mood = 'sad' WHERE id > $1", &[ValueRef::Int(150)])
        .await
        .unwrap();
    assert_eq!(done.rows_affected, 50);
    // A type that the driver has to ask for.
    let rows = query(
        &mut connection,
        "SELECT mood FROM t WHERE id = $1",
        &[ValueRef::Int(200)],
    )
    .await;
    assert_eq!(rows[0].get::<&str>(0).unwrap(), "sad");
    connection
        .open_cursor("SELECT id FROM t ORDER BY id", &[], 30)
        .await
        .unwrap();
    let mut seen = 0;
    while let Some(chunk) = connection.fetch().await.unwrap() {
        seen += chunk.len();
    }
    assert_eq!(seen, 200);
    connection.ping().await.unwrap();
    assert!(!connection.catalog().await.unwrap().tables().is_empty());
}

#[tokio::test]
async fn transactions_keep_their_session() {
    let (pooler, database) = (pooler(2), postgres().fresh_database());
    database.client("CREATE TABLE t (id int PRIMARY KEY)");
    let url = url(&pooler, &database);
    let mut connection = connect_to(&url).await;
    let mut other = connect_to(&url).await;
    connection.control("BEGIN").await.unwrap();
    connection.control("SET LOCAL work_mem = '7MB'").await.unwrap();
    for id in 1..=3 {
        connection
            .execute("INSERT INTO t VALUES ($1)", &[ValueRef::Int(id)])
            .await
            .unwrap();
        assert_usable(&mut other).await;
    }
    let rows = query(
        &mut connection,
        "SELECT count(*), current_setting('work_mem') FROM t",
        &[],
    )
    .await;
    assert_eq!(
        rows.deserialize::<(i64, String)>().unwrap(),
        [(3, "7MB".to_owned())]
    );
    let rows = query(&mut other, "SELECT count(*) FROM t", &[]).await;
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 0);
    connection.control("COMMIT").await.unwrap();
    let rows = query(&mut other, "SELECT count(*) FROM t", &[]).await;
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 3);

    // What is left in a transaction goes with a reset.
    connection.control("BEGIN").await.unwrap();
    connection.execute("DELETE FROM t", &[]).await.unwrap();
    connection.reset().await.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::Idle);
    assert_eq!(database.client("SELECT count(*) FROM t"), "3");
}

#[tokio::test]
async fn errors_leave_the_connection_usable() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    let mut connection = connect_to(&url(&pooler, &database)).await;
    for (sql, params, kind) in [
        ("SELECT nothing", &[][..], ErrorKind::Sql),
        ("SELECT 1 / $1::int", &[ValueRef::Int(0)], ErrorKind::Sql),
        ("SELECT $1::int", &[], ErrorKind::Parameters),
        ("SELECT $1::int", &[ValueRef::Bool(true)], ErrorKind::Parameters),
        ("SET work_mem = '7MB'", &[], ErrorKind::Unsupported),
        ("SELECT pg_advisory_lock(1)", &[], ErrorKind::Unsupported),
    ] {
        let error = try_query(&mut connection, sql, params).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{sql}: {error}");
        assert_eq!(connection.status(), ConnectionStatus::Idle, "{sql}");
        assert_usable(&mut connection).await;
    }
    let error = connection.control("SET work_mem = '7MB'").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let wrong = [vec![ValueRef::Bool(true)]];
    connection
        .execute_many("SELECT $1::int", &wrong)
        .await
        .unwrap_err();
    assert_usable(&mut connection).await;
    let limits = Limits {
        rows_max: 1,
        ..Limits::default()
    };
    let error = connection
        .query("SELECT generate_series(1, 1000)", &[], limits)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResultTooLarge);
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_running_statement_is_cancelled_through_the_pooler() {
    let (pooler, database) = (pooler(2), postgres().fresh_database());
    let mut connection = connect_to(&url(&pooler, &database)).await;
    let canceller = connection.canceller();
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND query LIKE 'SELECT pg_sleep%' AND state = 'active'",
        database.name()
    );
    let cancelled = async {
        loop {
            let question = running.clone();
            let count = tokio::task::spawn_blocking(move || postgres().client(&question)).await;
            if count.unwrap() == "1" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        canceller.cancel().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(try_query(&mut connection, "SELECT pg_sleep(600)", &[]), cancelled);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn what_the_pooler_does_not_pass_on_is_refused() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    let options = format!("{}?options=-c%20work_mem%3D7MB", url(&pooler, &database));
    let error = connect_error(&options).await;
    assert!(error.to_string().contains("ALTER ROLE"), "{error}");
    // A pooler that swallows them is no better.
    let silent = PgBouncer::start(
        postgres(),
        1,
        &[("ignore_startup_parameters", "options, IntervalStyle")],
    );
    let silent = silent.unwrap();
    let error =
        connect_error(&silent.through(&format!("{}?options=-c%20work_mem%3D7MB", database.url()))).await;
    assert!(error.to_string().contains("ALTER ROLE"), "{error}");
    connect_to(&silent.through(&database.url())).await.close().await;
    // The form of intervals that the server has of itself is another.
    let other = postgres().fresh_database();
    other.client(&format!(
        "ALTER DATABASE {} SET IntervalStyle = iso_8601",
        other.name()
    ));
    let error = connect_error(&url(&silent, &other)).await;
    assert!(error.to_string().contains("IntervalStyle"), "{error}");
}

#[tokio::test]
async fn a_pooler_that_keeps_sessions_can_be_told() {
    let database = postgres().fresh_database();
    let keeping = PgBouncer::start(postgres(), 2, &[("pool_mode", "session")]).unwrap();
    let url = format!("{}?pooler=session", url(&keeping, &database));
    let mut connection = connect_to(&url).await;
    connection.control("SET work_mem = '7MB'").await.unwrap();
    let rows = query(&mut connection, "SELECT current_setting('work_mem')", &[]).await;
    assert_eq!(rows[0].get::<&str>(0).unwrap(), "7MB");
    connection.reset().await.unwrap();
    let rows = query(&mut connection, "SELECT current_setting('work_mem')", &[]).await;
    assert_ne!(rows[0].get::<&str>(0).unwrap(), "7MB");
}

#[tokio::test]
async fn refusals_of_the_pooler_are_told_apart() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    let good = url(&pooler, &database);
    let error = connect_error(&good.replace(postgres().password(), "wrong")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let error = connect_error(&good.replace(database.name(), "nowhere")).await;
    assert_eq!(error.kind(), ErrorKind::UnknownDatabase, "{error}");
    let full = PgBouncer::start(postgres(), 1, &[("max_client_conn", "1")]).unwrap();
    let connector = connector_to(&full.through(&database.url()));
    let held = connector.connect().await.unwrap();
    let Err(error) = connector.connect().await else {
        panic!("no bound");
    };
    assert!(
        error.to_string().contains("no more connections allowed"),
        "{error}"
    );
    assert!(!error.retires_endpoint(), "{error}");
    held.close().await;
}

/// The process number of the login is the pooler's invention: only the session's own answer tells that it is done.
#[tokio::test]
async fn a_session_that_is_given_up_half_way_is_settled_by_its_own_answer() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    database.client("CREATE TABLE t (id int PRIMARY KEY)");
    let connector = connector_to(&url(&pooler, &database));
    let mut waiting = connector.connect().await.unwrap();
    let mut other = connector.connect().await.unwrap();
    let session = waiting.session();
    // The other's transaction has the only session, so that the pooler holds the statement back.
    other.control("BEGIN").await.unwrap();
    let mut insert = waiting.control("INSERT INTO t VALUES (1)");
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(insert.as_mut().poll(cx))).await;
    assert!(first.is_pending());
    drop(insert);
    drop(waiting);
    for _ in 0..20 {
        assert!(
            !connector.terminate(session).await.unwrap(),
            "the pooler still has the statement"
        );
        assert_usable(&mut other).await;
    }
    other.control("COMMIT").await.unwrap();
    while !connector.terminate(session).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = database.client("SELECT count(*) FROM t");
    assert_usable(&mut other).await;
    assert_eq!(database.client("SELECT count(*) FROM t"), before);
}

/// PgBouncer tells a client that waits for a session of no use of its cancellation, and may say that it is ready.
#[tokio::test]
async fn a_statement_that_the_pooler_holds_back_and_is_cancelled_gives_no_wrong_rows() {
    let (pooler, database) = (pooler(1), postgres().fresh_database());
    let connector = connector_to(&url(&pooler, &database));
    let mut waiting = connector.connect().await.unwrap();
    let mut other = connector.connect().await.unwrap();
    other.control("BEGIN").await.unwrap();
    let canceller = waiting.canceller();
    for sql in ["SELECT 1 + $1::int4", "SELECT 2 + $1::int4"] {
        if waiting.status() != ConnectionStatus::Idle {
            break;
        }
        let ended = async {
            // The statement is with the pooler by the time that the cancellation has been answered.
            canceller.cancel().await.unwrap();
            other.control("COMMIT").await.unwrap();
            other.control("BEGIN").await.unwrap();
        };
        let (outcome, ()) = tokio::join!(try_query(&mut waiting, sql, &[ValueRef::Int(40)]), ended);
        if let Ok(rows) = outcome {
            let expected = if sql.contains("1 +") { 41 } else { 42 };
            assert_eq!(rows.len(), 1, "{sql}");
            assert_eq!(rows[0].get::<i32>(0).unwrap(), expected, "{sql}");
        }
    }
}
