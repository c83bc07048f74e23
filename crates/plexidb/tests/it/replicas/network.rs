//! The network between plexidb and its servers delays, cuts and resets: reads go elsewhere or fail in time, and a write whose answer
//! is lost is said to be of unknown outcome and never sent again.

use std::time::Duration;

use plexidb::{DatabaseConfig, Manager, Replicas};
use plexidb_testkit::{Direction, Flow, Proxy, Traffic};

use super::cluster::{open, read_from_replica, until};
use super::crew::Crew;
use super::server::{Server, Stage, on_each_server};

on_each_server! {
    slow_and_broken_connections_to_a_replica_are_passed_by
    answers_of_the_primary_that_are_lost_leave_no_write_twice
}

fn impatient(database: &mut DatabaseConfig) {
    database.statement_timeout = Some(Duration::from_secs(1));
    database.connect_timeout = Duration::from_secs(1);
    database.pool_timeout = Duration::from_secs(5);
}

/// A manager that reaches each server by way of a proxy.
async fn through_proxies<S: Server>(stage: &Stage<S>) -> (Manager, Proxy, Proxy) {
    let urls = stage.urls();
    let [primary, replica] = [&stage.cluster.primary, &stage.cluster.replicas[0]].map(Server::proxy);
    let urls = [primary.through(&urls[0]), replica.through(&urls[1])];
    (open(&urls, impatient).await.unwrap(), primary, replica)
}

/// More than goes through a connection at once, and its last row.
const LONG_RESULT: &str = "SELECT a.id, b.body FROM pages a JOIN notes b ON b.id = 1 ORDER BY a.id";
const PAGES: usize = 4_000;

async fn read_long_result(db: &Manager) {
    let rows = super::crew::in_time("a long read", db.select(LONG_RESULT).no_cache().fetch())
        .await
        .unwrap();
    assert_eq!(rows.len(), PAGES);
    assert_eq!(rows[PAGES - 1].get::<i64>("id").unwrap(), PAGES as i64);
}

async fn slow_and_broken_connections_to_a_replica_are_passed_by<S: Server>() {
    let stage = Stage::<S>::start(1);
    let primary = &stage.cluster.primary;
    primary.sql("CREATE TABLE pages (id INTEGER PRIMARY KEY)");
    let ids: Vec<_> = (1..=PAGES).map(|id| format!("({id})")).collect();
    primary.sql(&format!("INSERT INTO pages VALUES {}", ids.join(",")));
    primary.sql(&format!("UPDATE notes SET body = '{}'", "x".repeat(100)));
    stage.catch_up();
    let (db, at_primary, at_replica) = through_proxies(&stage).await;
    let crew = Crew::begin(&db, 1);
    read_from_replica(&db, at_primary.port(), Replicas::Strict).await;

    // Jitter.
    for delay_ms in [0, 30, 5, 40, 0, 20] {
        let delay = Duration::from_millis(delay_ms);
        at_replica
            .set_one_way(Direction::ToClient, Flow::Delay(delay))
            .unwrap();
        at_primary
            .set_one_way(Direction::ToServer, Flow::Delay(delay / 4))
            .unwrap();
        crew.makes_progress().await;
    }
    at_replica.set(Traffic::Pass).unwrap();
    at_primary.set(Traffic::Pass).unwrap();
    read_from_replica(&db, at_primary.port(), Replicas::Strict).await;

    // Reset at the replica in the middle of a result, wherever it goes on.
    for bytes in [20_000, 100_000, 300_000] {
        at_replica.reset_after_server_bytes(bytes);
        read_long_result(&db).await;
        read_from_replica(&db, at_primary.port(), Replicas::Strict).await;
    }
    assert_eq!(crew.reads_failed(), 0);

    // A half-open connection: the questions arrive, the answers do not.
    at_replica.set_one_way(Direction::ToClient, Flow::Hold).unwrap();
    crew.makes_progress().await;
    until(|| db.stats().endpoints[0].1.endpoints[1].lag.is_none()).await;
    let failed = crew.reads_failed();
    read_long_result(&db).await;
    crew.makes_progress().await;
    assert_eq!(
        crew.reads_failed(),
        failed,
        "reads go on to a server that does not answer"
    );
    at_replica.set(Traffic::Pass).unwrap();
    read_from_replica(&db, at_primary.port(), Replicas::Strict).await;

    // A host that is switched off.
    at_replica.reset_connections().unwrap();
    at_replica.set(Traffic::Ignore).unwrap();
    crew.makes_progress().await;
    read_long_result(&db).await;
    at_replica.set(Traffic::Pass).unwrap();
    read_from_replica(&db, at_primary.port(), Replicas::Strict).await;

    let book = crew.end().await;
    assert_eq!((book.unknown.len(), book.refused.len()), (0, 0), "{book:#?}");
    assert!(book.reads_failed <= 2 * Crew::WRITERS, "{book:#?}");
    book.is_kept_by(primary);
    db.close().await;
}

async fn answers_of_the_primary_that_are_lost_leave_no_write_twice<S: Server>() {
    let stage = Stage::<S>::start(1);
    let primary = &stage.cluster.primary;
    let (db, at_primary, _at_replica) = through_proxies(&stage).await;
    let crew = Crew::begin(&db, 1);
    crew.makes_progress().await;

    // Answers and questions are reset, until that has met writes: others take the resets, too.
    for round in 0..6 {
        let before = crew.unknown();
        while crew.unknown() == before {
            if round % 2 == 0 {
                at_primary.reset_after_server_bytes(0);
            } else {
                at_primary.reset_after_client_bytes(7 * round);
            }
            crew.makes_progress().await;
        }
    }

    // Half-open: the server gets the writes and does them, and its answers stay away for longer than anybody waits.
    let before = crew.unknown();
    at_primary.set_one_way(Direction::ToClient, Flow::Hold).unwrap();
    until(|| crew.unknown() > before).await;
    at_primary.set(Traffic::Pass).unwrap();
    println!("writes resumed after {:?}", crew.makes_progress().await);

    // The cable is cut.
    at_primary.set(Traffic::Hold).unwrap();
    until(|| db.stats().endpoints[0].1.endpoints[0].errors > 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    at_primary.set(Traffic::Pass).unwrap();
    println!("writes resumed after {:?}", crew.makes_progress().await);

    let book = crew.end().await;
    book.is_kept_by(primary);
    db.close().await;
}
