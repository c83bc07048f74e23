//! Whoever asks while the primary changes ends up at the right one, or is told why not.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_write_that_waits_at_a_primary_that_loses_its_role_goes_to_the_new_one() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::write()).await.unwrap();
    let group = world.group.clone();
    let waiting = tokio::spawn(async move {
        let started = Instant::now();
        let lease = group.checkout(&Need::write()).await.unwrap();
        (lease.endpoint().name().to_owned(), started.elapsed())
    });
    sleep(MILLI).await;
    assert!(held.endpoint().is_current());
    world.see("a", Role::Replica);
    world.see("b", Role::Primary);
    assert!(!held.endpoint().is_current());
    let (name, took) = waiting.await.unwrap();
    assert_eq!(name, "b");
    assert!(took <= 200 * MILLI, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_at_the_moment_of_the_change_is_not_used_for_a_write() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::write()).await.unwrap();
    let need = Need::write();
    let mut waiting = std::pin::pin!(world.group.checkout(&need));
    let is_pending =
        std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    // Both happen before the waiter runs again.
    drop(held);
    world.see("a", Role::Replica);
    let error = waiting.await.unwrap_err();
    assert!(matches!(error, GroupError::NoPrimary { .. }), "{error}");
    assert_eq!(world.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_connections_of_an_endpoint_end_with_its_role() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::write()).await.unwrap();
    assert_eq!(world.ask_name(&Need::read()).await, "b");
    let session = held.session();
    world.see("b", Role::Replica);
    assert_eq!(world.stats("b").pool.idle, 1, "nothing has changed");
    world.see("b", Role::Primary);
    world.see("a", Role::Replica);
    assert_eq!(world.stats("b").pool.idle, 0);
    drop(held);
    assert_eq!(world.stats("a").pool.idle, 0);
    let read = world.group.checkout(&Need::read()).await.unwrap();
    assert_eq!(read.endpoint().name(), "a");
    assert_ne!(read.session(), session);
    assert_eq!((world.stats("a").epoch, world.group.epoch()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_ends_the_role_of_the_primary_and_patience_waits_for_the_next() {
    let world = World::new(1);
    let lease = world.group.checkout(&Need::write()).await.unwrap();
    lease.note(Outcome::ReadOnly);
    drop(lease);
    let error = world.ask(&Need::write()).await.0.unwrap_err();
    assert!(matches!(error, GroupError::NoPrimary { .. }));
    let (answer, took) = world.ask(&Need::write().patience(SECOND)).await;
    assert!(matches!(answer, Err(GroupError::NoPrimary { .. })));
    assert!((SECOND..SECOND + 10 * MILLI).contains(&took), "{took:?}");
    let group = world.group.clone();
    let waiting = tokio::spawn(async move {
        let started = Instant::now();
        let lease = group
            .checkout(&Need::write().patience(10 * SECOND))
            .await
            .unwrap();
        (lease.endpoint().name().to_owned(), started.elapsed())
    });
    sleep(2 * SECOND).await;
    world.see("b", Role::Primary);
    let (name, took) = waiting.await.unwrap();
    assert_eq!(name, "b");
    assert!((2 * SECOND..2 * SECOND + 10 * MILLI).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn patience_outlasts_a_primary_that_restarts() {
    let world = World::new(0);
    let asked_at = Instant::now();
    (0..3).for_each(|_| world.group.unreachable(world.id("a"), asked_at));
    let (answer, took) = world.ask(&Need::write().patience(SECOND)).await;
    assert_eq!(answer.unwrap(), "a");
    assert!(took <= 300 * MILLI, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_to_do() {
    let world = World::new(1);
    world.see("b", Role::Primary);
    world.see("a", Role::Primary);
    let error = world.ask(&Need::write()).await.0.unwrap_err().to_string();
    assert!(
        error.contains("several servers of \"chat\" take writes (a, b)"),
        "{error}"
    );
    assert!(
        error.contains("make all but one read-only or stop them"),
        "{error}"
    );
    let error = world.ask(&Need::read()).await.0.unwrap_err().to_string();
    assert!(error.contains("(a: no replica, b: no replica)"), "{error}");
    let now = Instant::now();
    world
        .group
        .observe(world.id("b"), Observation::replica(now).timeline(7));
    world
        .group
        .observe(world.id("a"), Observation::primary(now).timeline(6));
    let error = world.ask(&Need::write()).await.0.unwrap_err();
    assert_eq!(error.kind(), plexidb_core::ErrorKind::ReadOnly);
    let error = error.to_string();
    assert!(
        error.contains("a of \"chat\" takes writes, but timeline 7 was begun since"),
        "{error}"
    );
    world.group.forget_observations();
    assert_eq!(world.ask_name(&Need::write()).await, "a");
}

#[tokio::test(start_paused = true)]
async fn patience_outlasts_a_primary_that_refuses_connections_for_a_moment() {
    let world = World::new(0);
    world.servers[0].set_door(Door::Refused);
    let group = world.group.clone();
    let waiting = tokio::spawn(async move { group.checkout(&Need::write().patience(20 * SECOND)).await });
    sleep(SECOND).await;
    world.servers[0].set_door(Door::Open);
    let started = Instant::now();
    assert_eq!(waiting.await.unwrap().unwrap().endpoint().name(), "a");
    // The longest delay before a probe, and the delay of the pool itself.
    assert!(started.elapsed() <= 6 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_was_checked_out_before_a_role_came_back_is_of_the_past() {
    let world = World::new(1);
    let write = world.group.checkout(&Need::write()).await.unwrap();
    let read = world.group.checkout(&Need::read()).await.unwrap();
    for role in [Role::Replica, Role::Primary] {
        world.see("a", role);
    }
    assert!(!write.endpoint().is_current());
    assert!(read.endpoint().is_current());
    // What it meets says nothing of the primary that is there now.
    write.note(Outcome::ReadOnly);
    drop(write);
    assert_eq!(world.ask_name(&Need::write()).await, "a");
    world.see("b", Role::Primary);
    assert!(!read.endpoint().is_current());
}
