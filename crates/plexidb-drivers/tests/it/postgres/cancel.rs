//! Cancelling and ending sessions from outside.

use std::time::Duration;

use plexidb_core::{ConnectionStatus, ErrorKind, SessionId};
use plexidb_testkit::postgres;

use super::{assert_usable, connect, connector_to, query, try_query};

/// Waits until the server runs this statement.
async fn running(pid: u64) {
    loop {
        let sql =
            format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'");
        if postgres().client(&sql) == "1" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_running_statement_is_cancelled_over_tcp_and_the_socket() {
    for url in [
        postgres().url(),
        postgres().url_unix(),
        format!("{}?sslmode=disable", postgres().url()),
    ] {
        let mut connection = super::connect_to(&url).await;
        let canceller = connection.canceller();
        let pid = connection.session().0;
        let cancel = async {
            running(pid).await;
            canceller.cancel().await.unwrap();
        };
        let (result, ()) = tokio::join!(try_query(&mut connection, "SELECT pg_sleep(600)", &[]), cancel);
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_usable(&mut connection).await;
        canceller.cancel().await.unwrap();
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn a_dropped_future_breaks_its_connection_alone() {
    let connector = connector_to(&postgres().url());
    let mut connection = connector.connect().await.unwrap();
    let session = connection.session();
    {
        let asleep = connection.execute("SELECT pg_sleep(600)", &[]);
        tokio::select! {
            biased;
            _ = asleep => panic!("the statement ended"),
            () = running(session.0) => {}
        }
    }
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    let error = try_query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    drop(connection);

    assert!(connector.terminate(session).await.unwrap());
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {}", session.0);
    assert_eq!(postgres().client(&sql), "0");
    assert!(connector.terminate(session).await.unwrap(), "it is still gone");
    let mut next = connector.connect().await.unwrap();
    assert_usable(&mut next).await;
}

#[tokio::test]
async fn a_fetch_that_is_dropped_breaks_the_connection() {
    let mut connection = connect().await;
    let pid = connection.session().0;
    connection
        .open_cursor("SELECT pg_sleep(600)", &[], 10)
        .await
        .unwrap();
    {
        let fetch = connection.fetch();
        tokio::select! {
            biased;
            _ = fetch => panic!("the statement ended"),
            () = running(pid) => {}
        }
    }
    assert_eq!(connection.status(), ConnectionStatus::Broken);
    drop(connection);
    postgres().client(&format!("SELECT pg_terminate_backend({pid})"));
}

#[tokio::test]
async fn a_healthy_session_is_ended_by_its_number() {
    let connector = connector_to(&postgres().url());
    let mut connection = connector.connect().await.unwrap();
    let rows = query(&mut connection, "SELECT pg_backend_pid()", &[]).await;
    assert_eq!(connection.session(), SessionId(rows[0].get::<u64>(0).unwrap()));
    assert!(connector.terminate(connection.session()).await.unwrap());
    let error = try_query(&mut connection, "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    assert!(
        !error.outcome_is_unknown(),
        "the statement was never sent: {error}"
    );
    assert_eq!(connection.status(), ConnectionStatus::Broken);
}
