//! What is told of the servers while the manager lives: another password.

use std::time::Duration;

use plexidb::{Error, ErrorKind, Manager, Params, Replicas};

use super::cluster::{PATIENCE, POLL_INTERVAL, open, read_from_replica};
use super::crew::in_time;
use super::server::{Server, Stage, on_each_server};

on_each_server! {
    a_new_password_is_given_to_a_living_manager
}

const NONE: Params<'static> = Params::Positional(&[]);
const INSERT: &str = "INSERT INTO sends VALUES (1)";

/// Writes until that ends as it should.
async fn write_until(db: &Manager, is_so: impl Fn(&Result<(), Error>) -> bool) {
    let writing = async {
        loop {
            let outcome = in_time("a write", db.execute(INSERT, NONE)).await.map(drop);
            if is_so(&outcome) {
                return;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, writing).await.unwrap();
}

async fn a_new_password_is_given_to_a_living_manager<S: Server>() {
    let mut stage = Stage::<S>::start(1);
    let edit = |database: &mut plexidb::DatabaseConfig| database.pool_timeout = Duration::from_secs(2);
    let db = open(&stage.urls(), edit).await.unwrap();
    let port = stage.cluster.primary.port();
    read_from_replica(&db, port, Replicas::Strict).await;

    stage
        .cluster
        .primary
        .rotate_password(&mut stage.user, "another-secret");
    stage.catch_up();
    let transaction = db.begin().await.unwrap();
    db.database("chat")
        .unwrap()
        .set_password("another-secret")
        .unwrap();
    // Who is in goes on, and others get in, to each of the servers.
    db.execute(INSERT, NONE).await.unwrap();
    transaction.rollback().await.unwrap();

    let end_sessions = || {
        stage
            .cluster
            .nodes()
            .for_each(|node| node.end_sessions(&stage.user))
    };
    end_sessions();
    write_until(&db, Result::is_ok).await;
    read_from_replica(&db, port, Replicas::Strict).await;

    // A wrong one is told, never shown, and mended by the right one.
    db.database("chat").unwrap().set_password("wrong-secret").unwrap();
    end_sessions();
    let is_refused = |outcome: &Result<(), Error>| {
        let error = outcome.as_ref().err();
        if let Some(error) = error {
            let text = format!("{error} {error:?} {:?}", db.stats());
            assert!(!text.contains("-secret"), "{text}");
        }
        error
            .and_then(Error::driver)
            .is_some_and(|error| error.kind() == ErrorKind::Authentication)
    };
    write_until(&db, is_refused).await;
    db.database("chat")
        .unwrap()
        .set_password("another-secret")
        .unwrap();
    write_until(&db, Result::is_ok).await;
    read_from_replica(&db, port, Replicas::Strict).await;
    db.close().await;
}
