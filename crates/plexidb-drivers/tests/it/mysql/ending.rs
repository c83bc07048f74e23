//! Connections that end while something is under way.

use std::time::Duration;

use plexidb_core::{ConnectionStatus, DriverError, Limits};
use plexidb_testkit::{MariaDb, Proxy, mariadb};

use super::connect;
use super::session::wait_until;

/// Waits until the session runs a statement with this in its text.
async fn wait_for_statement(server: &MariaDb, session: u64, text: &str) {
    let running = format!(
        "SELECT count(*) FROM information_schema.processlist WHERE id = {session} AND info LIKE '%{text}%'"
    );
    wait_until(|| server.client(&running) == "1").await;
}

#[tokio::test]
async fn a_future_that_is_dropped_half_way_breaks_the_connection() {
    let mut connection = connect(&mariadb().url()).await;
    let sleep = connection.query("SELECT SLEEP(600)", &[], Limits::default());
    assert!(
        tokio::time::timeout(Duration::from_millis(100), sleep)
            .await
            .is_err()
    );
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    let error = connection.execute("SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(error, DriverError::Closed), "{error}");
    let session = connection.session();
    drop(connection);
    let connector = super::connector(&mariadb().url());
    assert!(connector.terminate(session).await.unwrap());
}

#[tokio::test]
async fn a_fetch_that_is_dropped_half_way_breaks_the_connection() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    // The server sends what fills its buffer, and then sleeps.
    let sql = "SELECT repeat('x', 20000), SLEEP((seq > 10) * 600) FROM seq_1_to_100";
    connection.open_cursor(sql, &[], 1_000).await.unwrap();
    assert!(
        tokio::time::timeout(Duration::from_millis(100), connection.fetch())
            .await
            .is_err()
    );
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    assert!(connection.fetch().await.is_err());
    assert!(connection.close_cursor().await.is_err());
    let connector = super::connector(&mariadb().url());
    assert!(connector.terminate(connection.session()).await.unwrap());
}

/// The rest of such a result is endless; whoever drops the connection must not wait for it.
#[tokio::test]
async fn a_connection_that_is_dropped_with_an_open_cursor_leaves_the_server() {
    let database = mariadb().fresh_database();
    for is_closed in [false, true] {
        let mut connection = connect(&database.url()).await;
        let session = connection.session().0;
        let sql = "SELECT a.seq FROM seq_1_to_1000000000 a, seq_1_to_1000000000 b";
        connection.open_cursor(sql, &[], 10).await.unwrap();
        connection.fetch().await.unwrap();
        if is_closed {
            connection.close().await;
        } else {
            drop(connection);
        }
        let count = format!("SELECT count(*) FROM information_schema.processlist WHERE id = {session}");
        wait_until(|| mariadb().client(&count) == "0").await;
    }
}

#[tokio::test]
async fn a_server_that_dies_mid_query_leaves_the_outcome_unknown() {
    let server = MariaDb::start_private().unwrap();
    let mut connection = connect(&server.url()).await;
    let session = connection.session().0;
    let kill = async {
        wait_for_statement(&server, session, "SLEEP(600)").await;
        server.kill().unwrap();
    };
    let sleep = connection.query("SELECT SLEEP(600)", &[], Limits::default());
    let (outcome, ()) = tokio::join!(sleep, kill);
    assert!(
        matches!(
            outcome,
            Err(DriverError::ConnectionLost {
                may_have_run: true,
                ..
            })
        ),
        "{outcome:?}"
    );
    assert!(!outcome.unwrap_err().retires_endpoint(), "it said nothing");
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    let error = connection.ping().await.unwrap_err();
    assert!(matches!(error, DriverError::Closed), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_reset_mid_result_is_lost() {
    let database = mariadb().fresh_database();
    let proxy = Proxy::start(format!("{}:{}", mariadb().host(), mariadb().port())).unwrap();
    let mut connection = connect(&proxy.through(&database.url())).await;
    connection.ping().await.unwrap();
    proxy.reset_after_server_bytes(100_000);
    let outcome = connection
        .query("SELECT seq FROM seq_1_to_1000000", &[], Limits::default())
        .await;
    assert!(
        matches!(
            outcome,
            Err(DriverError::ConnectionLost {
                may_have_run: true,
                ..
            })
        ),
        "{outcome:?}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Broken);
}

#[tokio::test]
async fn a_lost_idle_connection_is_found_by_a_ping() {
    let proxy = Proxy::start(format!("{}:{}", mariadb().host(), mariadb().port())).unwrap();
    let mut connection = connect(&proxy.through(&mariadb().url())).await;
    connection.ping().await.unwrap();
    proxy.reset_connections().unwrap();
    let error = connection.ping().await.unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::ConnectionLost {
                may_have_run: false,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Broken);
}
