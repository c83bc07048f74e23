//! A read that gets no connection at one endpoint gets one elsewhere, before its patience ends.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_read_leaves_a_replica_that_refuses_connections() {
    for door in [Door::Refused, Door::Full, Door::Silent] {
        let world = World::new(2);
        world.servers[1].set_door(door);
        for _ in 0..20 {
            let (name, took) = world.ask(&Need::read()).await;
            assert_eq!(name.unwrap(), "c", "{door:?}");
            assert!(took <= SECOND + 200 * MILLI, "{door:?} {took:?}");
        }
        assert_eq!(world.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_went_away_costs_a_read_a_moment() {
    let world = World::new(1);
    assert_eq!(world.ask_name(&Need::read()).await, "b");
    world.servers[1].set_door(Door::Refused);
    let (_, pool) = world
        .group
        .endpoints()
        .map(|(_, name, pool)| (name, pool))
        .nth(1)
        .unwrap();
    pool.retire_all();
    // The pool itself would go on trying until its timeout.
    let (name, took) = world.ask(&Need::read()).await;
    assert_eq!(name.unwrap(), "a");
    assert!(took <= 300 * MILLI, "{took:?}");
    assert_eq!(world.group.stats().reads_on_primary, 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_an_endpoint_leaves_when_others_find_it_broken() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::read()).await.unwrap();
    let group = world.group.clone();
    let waiting = tokio::spawn(async move {
        let started = Instant::now();
        let lease = group.checkout(&Need::read()).await.unwrap();
        (lease.endpoint().name().to_owned(), started.elapsed())
    });
    sleep(MILLI).await;
    (0..3).for_each(|_| held.note(Outcome::Failed));
    assert!(matches!(world.stats("b").breaker, BreakerState::Open { .. }));
    let (name, took) = waiting.await.unwrap();
    assert_eq!(name, "a");
    assert!(took <= 200 * MILLI, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_pool_opens_no_breaker_and_moves_no_load_to_the_primary() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::read()).await.unwrap();
    for _ in 0..5 {
        let (answer, _) = world.ask(&Need::read()).await;
        let error = answer.unwrap_err();
        assert!(
            matches!(
                &error,
                GroupError::Pool {
                    source: PoolError::Timeout(_),
                    ..
                }
            ),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .starts_with("b of \"chat\": no connection to b within 30s")
        );
    }
    let stats = world.stats("b");
    assert_eq!(
        (stats.breaker, stats.errors, stats.refusals),
        (BreakerState::Closed, 0, 5)
    );
    assert_eq!(world.stats("a").chosen, 0);
    drop(held);
    assert_eq!(world.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_connections_opens_no_breaker_and_one_without_a_network_does() {
    for (door, opens) in [(Door::Full, false), (Door::Refused, true)] {
        let world = World::new(0);
        world.servers[0].set_door(door);
        for _ in 0..3 {
            let (answer, _) = world.ask(&Need::write()).await;
            assert!(matches!(
                answer,
                Err(GroupError::Pool {
                    source: PoolError::Connect(_),
                    ..
                })
            ));
        }
        let is_open = world.stats("a").breaker != BreakerState::Closed;
        assert_eq!(is_open, opens, "{door:?}");
        if opens {
            let error = world.ask(&Need::write()).await.0.unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("a, the primary of \"chat\", cannot be reached")
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_gives_a_connection_the_last_reason_is_told() {
    let world = World::new(2);
    world
        .servers
        .iter()
        .for_each(|server| server.set_door(Door::Refused));
    let (answer, took) = world.ask(&Need::read()).await;
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, GroupError::Pool { endpoint, .. } if endpoint == "a"),
        "{error}"
    );
    assert!(took <= SECOND);
    assert_eq!(world.group.stats().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_replica_grows_too_old_while_it_waits_goes_to_the_primary() {
    let world = World::new(1);
    let held = world.group.checkout(&Need::read()).await.unwrap();
    let fresh = Observation::replica(Instant::now()).lag(Duration::ZERO);
    world.group.observe(world.id("b"), fresh);
    let need = Need::read().lag_max(500 * MILLI);
    let answer = tokio::time::timeout(SECOND, world.ask(&need)).await;
    assert_eq!(answer.unwrap().0.unwrap(), "a");
    assert_eq!(world.stats("b").in_flight, 1);
    drop(held);
}
