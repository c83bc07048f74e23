//! A server refuses new connections, because it has no more or because the password was changed: whoever has a connection goes on,
//! whoever waits in vain is told why, no server is left alone for it, and all heals by itself.

use std::time::Duration;

use plexidb::{BreakerState, Error, ErrorKind, Manager, Params, Replicas};

use super::cluster::{PATIENCE, POLL_INTERVAL, open, read, read_from_replica};
use super::crew::{Crew, in_time};
use super::server::{Server, Stage, on_each_server};

on_each_server! {
    a_server_without_a_connection_left_is_waited_for_and_not_left_alone
    a_changed_password_is_told_and_keeps_nobody_out_who_is_in
}

const NONE: Params<'static> = Params::Positional(&[]);

/// The most connections of each server, a few of which are for others.
const CONNECTIONS_MAX: u16 = 12;

/// Checks that wait for a free connection fail as they do where the server is gone: they must not be taken for that.
fn assert_nobody_is_left_alone(db: &Manager) {
    for endpoint in &db.stats().endpoints[0].1.endpoints {
        assert_eq!(
            (endpoint.breaker, endpoint.breaker_opened),
            (BreakerState::Closed, 0),
            "{endpoint:?}"
        );
    }
}

async fn a_server_without_a_connection_left_is_waited_for_and_not_left_alone<S: Server>() {
    let stage = Stage::<S>::start_with(1, CONNECTIONS_MAX);
    crowding(&stage).await;
    exhausting(&stage).await;
    starving(&stage).await;
}

/// A manager that would make more connections than the server has.
async fn greedy<S: Server>(stage: &Stage<S>, pool_timeout: Duration) -> Manager {
    let edit = |database: &mut plexidb::DatabaseConfig| {
        database.connection_pool_size = 40;
        database.pool_timeout = pool_timeout;
    };
    let db = open(&stage.urls(), edit).await.unwrap();
    read_from_replica(&db, stage.cluster.primary.port(), Replicas::Strict).await;
    db
}

/// More callers than the server takes, and fewer than the pool would: each has its turn.
async fn crowding<S: Server>(stage: &Stage<S>) {
    let db = greedy(stage, PATIENCE).await;
    let callers: Vec<_> = (1..=30)
        .map(|id| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut transaction = db.begin().await?;
                let insert = format!("INSERT INTO sends VALUES ({id})");
                transaction.execute(&insert, NONE).await?;
                tokio::time::sleep(Duration::from_millis(30)).await;
                transaction.commit().await
            })
        })
        .collect();
    for caller in callers {
        in_time("a transaction", async { caller.await.unwrap() })
            .await
            .unwrap();
    }
    let refused = db.stats().pools[0].1.connect_errors;
    assert!(refused > 0, "the server had connections for all");
    assert_nobody_is_left_alone(&db);
    assert_eq!(stage.cluster.primary.sends(), (1..=30).collect::<Vec<_>>());
    db.close().await;
}

/// All that the server has are out, and none comes back in time.
async fn exhausting<S: Server>(stage: &Stage<S>) {
    let db = greedy(stage, Duration::from_secs(2)).await;
    let mut transactions = Vec::new();
    let error = fail_with(
        || db.begin(),
        |begun| transactions.push(begun),
        is_about_connections,
    )
    .await;
    assert!(transactions.len() >= 3, "{error}");
    read(&db, Replicas::Strict).await;
    assert_nobody_is_left_alone(&db);
    let stranger = plexidb::connect(&stage.urls()[0]).await.err().unwrap();
    assert!(is_about_connections(&stranger), "{stranger}");

    // One comes back.
    let writing = tokio::spawn({
        let db = db.clone();
        async move { db.execute("INSERT INTO sends VALUES (31)", NONE).await }
    });
    transactions.pop().unwrap().rollback().await.unwrap();
    in_time("a write", async { writing.await.unwrap() })
        .await
        .unwrap();
    drop(transactions);
    db.close().await;
}

/// Not even those who look after the server get in.
async fn starving<S: Server>(stage: &Stage<S>) {
    let primary = &stage.cluster.primary;
    let edit = |database: &mut plexidb::DatabaseConfig| database.pool_timeout = Duration::from_secs(1);
    let db = open(&stage.urls(), edit).await.unwrap();
    read_from_replica(&db, primary.port(), Replicas::Strict).await;
    primary.starve(&stage.user);
    let mut transactions = Vec::new();
    for _ in 0..2 {
        fail_with(
            || db.begin(),
            |begun| transactions.push(begun),
            is_about_connections,
        )
        .await;
    }
    drop(transactions);
    assert_nobody_is_left_alone(&db);
    primary.limit_connections(&stage.user, 100);
    let crew = Crew::begin(&db, 32);
    crew.makes_progress().await;
    read_from_replica(&db, primary.port(), Replicas::Strict).await;
    let mut book = crew.end().await;
    book.acknowledged.extend(1..=31);
    book.is_kept_by(primary);
    assert_nobody_is_left_alone(&db);
    db.close().await;
}

/// Whether an error says that the server has no more connections.
fn is_about_connections(error: &Error) -> bool {
    let text = error.to_string();
    let words = ["connection slots", "oo many connections", "max_user_connections"];
    words.iter().any(|words| text.contains(words))
}

/// Calls until that fails with such an error.
async fn fail_with<T, F: Future<Output = Result<T, Error>>>(
    call: impl Fn() -> F,
    mut keep: impl FnMut(T),
    is_such: impl Fn(&Error) -> bool,
) -> Error {
    let failing = async {
        loop {
            match in_time("a call", call()).await {
                Ok(value) => keep(value),
                Err(error) if is_such(&error) => return error,
                Err(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, failing).await.unwrap()
}

async fn a_changed_password_is_told_and_keeps_nobody_out_who_is_in<S: Server>() {
    let mut stage = Stage::<S>::start(1);
    let urls = stage.urls();
    let edit = |database: &mut plexidb::DatabaseConfig| database.pool_timeout = Duration::from_secs(1);
    let db = open(&urls, edit).await.unwrap();
    read_from_replica(&db, stage.cluster.primary.port(), Replicas::Strict).await;
    let secrets = ["application-secret", "another-secret"];
    let assert_keeps_secrets = |error: &Error| {
        let text = format!("{error} {error:?} {:?}", db.stats());
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    };

    stage.cluster.primary.rotate_password(&mut stage.user, secrets[1]);
    stage.catch_up();
    // Who is in goes on; who would have to log in waits for one of those, and is told why none is made.
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("INSERT INTO sends VALUES (1)", NONE)
        .await
        .unwrap();
    let error = in_time("a write", db.execute("INSERT INTO sends VALUES (2)", NONE))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("refused the login of user"), "{error}");
    assert_keeps_secrets(&error);
    transaction.commit().await.unwrap();
    db.execute("INSERT INTO sends VALUES (3)", NONE).await.unwrap();
    assert_nobody_is_left_alone(&db);

    // Nobody is in any more.
    stage
        .cluster
        .nodes()
        .for_each(|node| node.end_sessions(&stage.user));
    let is_of_login = |error: &Error| {
        let error = error.driver();
        error.is_some_and(|error| error.kind() == ErrorKind::Authentication)
    };
    let write = || db.execute("UPDATE notes SET body = 'new'", NONE);
    let error = fail_with(write, drop, is_of_login).await;
    assert_keeps_secrets(&error);

    stage.cluster.primary.rotate_password(&mut stage.user, secrets[0]);
    stage.catch_up();
    let healing = async {
        while db.execute("INSERT INTO sends VALUES (4)", NONE).await.is_err() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, healing).await.unwrap();
    read_from_replica(&db, stage.cluster.primary.port(), Replicas::Strict).await;
    assert_eq!(stage.cluster.primary.sends(), [1, 3, 4]);
    db.close().await;
}
