//! Connections that break, and what is known of the statement then.

use plexidb_core::{ConnectionStatus, DriverError};
use plexidb_testkit::{Postgres, Proxy, postgres};

use super::{connect_to, connector_to, try_query};

fn may_have_run(error: &DriverError) -> bool {
    match error {
        DriverError::ConnectionLost { may_have_run, .. } => *may_have_run,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_after_the_request_leaves_the_outcome_open() {
    let server = postgres();
    let database = server.fresh_database();
    database.client("CREATE TABLE t (id int4)");
    let proxy = Proxy::start(format!("{}:{}", server.host(), server.port())).unwrap();
    let mut connection = connect_to(&proxy.through(&database.url())).await;
    let insert = "INSERT INTO t VALUES (1)";
    connection.execute(insert, &[]).await.unwrap();
    proxy.reset_after_server_bytes(0);
    let error = connection.execute(insert, &[]).await.unwrap_err();
    assert!(may_have_run(&error), "{error}");
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    drop(connection);
    // It did run: the answer alone was lost.
    assert_eq!(database.client("SELECT count(*) FROM t"), "2");
}

#[tokio::test]
async fn a_connection_that_is_reset_while_preparing_has_run_nothing() {
    let server = postgres();
    let proxy = Proxy::start(format!("{}:{}", server.host(), server.port())).unwrap();
    let mut connection = connect_to(&proxy.through(&server.url())).await;
    proxy.reset_after_server_bytes(0);
    let error = try_query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
    assert!(!may_have_run(&error), "{error}");
}

#[tokio::test]
async fn a_result_that_breaks_off_is_no_result() {
    let server = postgres();
    let proxy = Proxy::start(format!("{}:{}", server.host(), server.port())).unwrap();
    let mut connection = connect_to(&proxy.through(&server.url())).await;
    proxy.reset_after_server_bytes(300_000);
    let sql = "SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n";
    let error = try_query(&mut connection, sql, &[]).await.unwrap_err();
    assert!(may_have_run(&error), "{error}");
}

#[tokio::test]
async fn a_server_that_is_killed_is_noticed_and_the_next_one_found() {
    let server = Postgres::start_private().unwrap();
    let connector = connector_to(&server.url());
    let mut connection = connector.connect().await.unwrap();
    let mut idle = connector.connect().await.unwrap();
    {
        let asleep = connection.execute("SELECT pg_sleep(600)", &[]);
        let kill = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            server.kill().unwrap();
        };
        let (error, ()) = tokio::join!(asleep, kill);
        assert!(may_have_run(&error.unwrap_err()));
    }
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    let error = try_query(&mut idle, "SELECT 1", &[]).await.unwrap_err();
    assert!(!may_have_run(&error), "{error}");
    assert!(!error.retires_endpoint(), "{error}");

    server.start_again().unwrap();
    let mut next = connector.connect().await.unwrap();
    super::assert_usable(&mut next).await;
    server.stop().unwrap();
    let error = try_query(&mut next, "SELECT 1", &[]).await.unwrap_err();
    assert!(error.to_string().contains("terminating connection"), "{error}");
    assert!(error.retires_endpoint(), "{error}");
}
