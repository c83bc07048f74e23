//! The primary is replaced: it dies and comes back as a liar and as a second primary, or it is demoted while it lives.

use std::time::Duration;

use plexidb::{Dialect, Error, GroupError, ObservedRole, Replicas, params};

use super::cluster::{open, primary, read_from_replica, role, until};
use super::crew::{Crew, in_time};
use super::server::{Server, Stage, on_each_server};

on_each_server! {
    an_old_primary_comes_back_as_a_liar_and_as_a_second_primary_and_gets_no_write
    a_primary_is_demoted_while_its_connections_stay_open
    a_replica_is_promoted_while_the_primary_lives
}

async fn an_old_primary_comes_back_as_a_liar_and_as_a_second_primary_and_gets_no_write<S: Server>() {
    let stage = Stage::<S>::start(1);
    let (old, new) = (&stage.cluster.primary, &stage.cluster.replicas[0]);
    old.confirm_by_replica(true);
    let db = open(&stage.urls(), |_| {}).await.unwrap();
    let crew = Crew::begin(&db, 1);
    crew.makes_progress().await;

    old.kill();
    new.promote();
    println!(
        "writes resumed {:?} after the promotion",
        crew.makes_progress().await
    );
    assert_eq!(primary(&db), Some(1));

    old.restart_read_only();
    let before = old.sends();
    until(|| role(&db, 0) == Some(ObservedRole::Replica)).await;
    crew.makes_progress().await;

    old.allow_writes();
    until(|| role(&db, 0) == Some(ObservedRole::Primary)).await;
    crew.makes_progress().await;
    assert_eq!((primary(&db), old.sends()), (Some(1), before.clone()));

    // Whoever comes now and has not seen the one replace the other must not guess.
    let newcomer = open(&stage.urls(), |database| {
        database.pool_timeout = Duration::from_secs(2);
    })
    .await;
    match newcomer {
        Ok(db) => {
            // The timelines tell.
            assert_eq!(primary(&db), Some(1));
            db.close().await;
        }
        Err(error) => assert!(is_of_several(&error), "{error}"),
    }
    crew.makes_progress().await;

    old.rebuild_from(new);
    crew.makes_progress().await;
    read_from_replica(&db, new.port(), Replicas::Strict).await;
    let book = crew.end().await;
    old.wait_until_replayed(&new.position());
    book.is_kept_by(new);
    book.is_kept_by(old);
    assert_eq!(book.reads_failed, 0, "{book:#?}");
    db.close().await;
}

async fn a_primary_is_demoted_while_its_connections_stay_open<S: Server>() {
    let stage = Stage::<S>::start(1);
    let (old, new) = (&stage.cluster.primary, &stage.cluster.replicas[0]);
    let db = open(&stage.urls(), |_| {}).await.unwrap();
    let crew = Crew::begin(&db, 1);
    crew.makes_progress().await;

    old.refuse_writes();
    let before = old.sends();
    new.wait_until_replayed(&old.position());
    new.promote();
    println!(
        "writes resumed {:?} after the promotion",
        crew.makes_progress().await
    );
    let book = crew.end().await;
    assert_eq!((primary(&db), old.sends()), (Some(1), before.clone()));
    book.is_kept_by(new);
    assert!(book.unknown.is_empty(), "a refusal is an answer\n{book:#?}");
    assert_eq!(book.reads_failed, 0, "{book:#?}");

    // The old one takes writes again, as if nothing had happened.
    old.allow_writes();
    until(|| role(&db, 0) == Some(ObservedRole::Primary)).await;
    let crew = Crew::begin(&db, 1_000_000);
    crew.makes_progress().await;
    let book = crew.end().await;
    book.is_kept_by(new);
    assert_eq!(old.sends(), before);
    db.close().await;
}

/// Where nothing tells which of two is the right one, there are no writes before that is settled.
async fn a_replica_is_promoted_while_the_primary_lives<S: Server>() {
    let stage = Stage::<S>::start(1);
    let (old, new) = (&stage.cluster.primary, &stage.cluster.replicas[0]);
    let edit = |database: &mut plexidb::DatabaseConfig| database.pool_timeout = Duration::from_secs(1);
    let db = open(&stage.urls(), edit).await.unwrap();
    read_from_replica(&db, old.port(), Replicas::Strict).await;

    new.promote();
    until(|| role(&db, 1) == Some(ObservedRole::Primary)).await;
    let has_timelines = db.databases()[0].dialect() == Dialect::Postgres;
    if !has_timelines {
        for id in 1..3 {
            let insert = format!("INSERT INTO sends VALUES ({id})");
            let error = in_time("a write", db.execute(&insert, params![]))
                .await
                .unwrap_err();
            assert!(is_of_several(&error), "{error}");
            assert!(
                error.to_string().contains("make all but one read-only"),
                "{error}"
            );
        }
        old.refuse_writes();
    }
    let crew = Crew::begin(&db, 3);
    crew.makes_progress().await;
    let book = crew.end().await;
    assert_eq!((primary(&db), old.sends()), (Some(1), Vec::new()));
    book.is_kept_by(new);
    db.close().await;
}

/// Whether an error says that several servers take writes.
fn is_of_several(error: &Error) -> bool {
    matches!(error, Error::Servers(error) if matches!(**error, GroupError::SeveralPrimaries { .. }))
}
