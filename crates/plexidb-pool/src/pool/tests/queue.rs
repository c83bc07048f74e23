//! Who is served, when, and who is turned away.

use super::*;
use crate::config::{Priority, Shedding};
use crate::lease::Lease;
use crate::queue::Joining;

type Checkout = tokio::task::JoinHandle<Result<Lease, PoolError>>;

async fn spawn_checkout(pool: &Pool, priority: Priority) -> Checkout {
    let pool = pool.clone();
    let task = tokio::spawn(async move { pool.checkout_as(priority).await });
    settle().await;
    task
}

#[tokio::test(start_paused = true)]
async fn a_background_task_never_takes_the_last_connection() {
    let config = PoolConfig {
        connections_max: 3,
        overflow_max: 2,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    let first = pool.checkout_as(Priority::Background).await.unwrap();
    let _second = pool.checkout_as(Priority::Background).await.unwrap();
    let third = spawn_checkout(&pool, Priority::Background).await;
    // Neither an idle one nor a new one.
    assert_eq!((pool.stats().waiting, connector.made()), (1, 2));
    let user = pool.checkout().await.unwrap();
    drop(user);
    settle().await;
    assert_eq!((pool.stats().waiting, pool.stats().idle), (1, 1));
    // Also where what makes it possible is the end of a connection.
    first.discard();
    assert!(third.await.unwrap().is_ok());
    assert_eq!(pool.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn users_come_before_background_tasks_and_a_single_connection_serves_both() {
    let (pool, _) = pool(1);
    let lease = pool.checkout_as(Priority::Background).await.unwrap();
    let background = spawn_checkout(&pool, Priority::Background).await;
    let user = spawn_checkout(&pool, Priority::User).await;
    drop(lease);
    let lease = user.await.unwrap().unwrap();
    settle().await;
    assert!(!background.is_finished());
    drop(lease);
    assert!(background.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_reaches_nobody_goes_to_the_next_in_the_queue() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    // This one is handed the connection but is never asked again.
    let mut gone = Box::pin(pool.checkout());
    assert!(timeout(Duration::ZERO, &mut gone).await.is_err());
    let next = spawn_checkout(&pool, Priority::User).await;
    drop(lease);
    settle().await;
    assert!(!next.is_finished());
    drop(gone);
    assert!(next.await.unwrap().is_ok());
    assert_eq!(connector.made(), 1);
}

/// A waiter that is caught between the two steps of its end: it does not listen any more, but is in the queue still.
fn join_without_listening(pool: &Pool) {
    let mut ledger = pool.shared.ledger();
    let (_, receiver) = ledger.queue.join(Joining {
        priority: Priority::User,
        since: tokio::time::Instant::now(),
        span: None,
        comes_back: false,
    });
    drop(receiver);
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_waiter_goes_at_that_moment_goes_to_the_next_too() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    for _ in 0..1_000 {
        join_without_listening(&pool);
    }
    let next = spawn_checkout(&pool, Priority::User).await;
    drop(lease);
    settle().await;
    let lease = next.await.unwrap().unwrap();
    join_without_listening(&pool);
    drop(lease);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.active, stats.waiting), (1, 0, 0));
    // Nobody was served but the two who listened.
    assert_eq!((connector.made(), stats.checkouts, stats.uses), (1, 2, 2));
}

/// Asks for a connection each `every`, holds it for `held`, and counts what came of it: the waits of those who were served,
/// and those who were turned away.
async fn load(pool: &Pool, seconds: u64, every: Duration, held: Duration) -> (Vec<Duration>, usize) {
    let mut users = Vec::new();
    let started = tokio::time::Instant::now();
    while started.elapsed() < Duration::from_secs(seconds) {
        let pool = pool.clone();
        users.push(tokio::spawn(async move {
            let started = tokio::time::Instant::now();
            let lease = pool.checkout().await?;
            let waited = started.elapsed();
            sleep(held).await;
            drop(lease);
            Ok::<_, PoolError>(waited)
        }));
        sleep(every).await;
    }
    let (mut waits, mut turned_away) = (Vec::new(), 0);
    for user in users {
        match user.await.unwrap() {
            Ok(waited) => waits.push(waited),
            Err(PoolError::Overloaded(overload)) => {
                assert!(overload.waited > 100 * Duration::from_millis(1));
                turned_away += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    (waits, turned_away)
}

#[tokio::test(start_paused = true)]
async fn under_sustained_overload_the_rest_is_turned_away_and_those_served_do_not_wait_long() {
    const MS: Duration = Duration::from_millis(1);
    let config = PoolConfig {
        connections_max: 4,
        shedding: Some(Shedding::default()),
        ..PoolConfig::default()
    };
    // Four connections serve 400 a second. As many ask, or twice as many.
    let (pool, _) = pool_with(config);
    let (waits, turned_away) = load(&pool, 10, MS * 5 / 2, 9 * MS).await;
    assert_eq!((turned_away, waits.iter().max()), (0, Some(&Duration::ZERO)));

    let (waits, turned_away) = load(&pool, 20, MS, 5 * MS).await;
    let served = waits.len();
    assert!(
        (15_200..=16_100).contains(&served),
        "{served} served, {turned_away} turned away"
    );
    let tail = waits.iter().filter(|waited| **waited > 110 * MS).count();
    // Those before the queue was known to stand.
    assert!(tail < 1_000, "{tail} of {served} waited for long");
    assert_eq!(pool.stats().turned_away, turned_away as u64);
    assert!(turned_away > 2_000);
    // Once it is known, those who are served wait for about the same time.
    let mut later = waits[served / 2..].to_vec();
    later.sort_unstable();
    let (median, tail) = (later[later.len() / 2], later[later.len() * 99 / 100]);
    assert!(
        tail.as_secs_f64() <= 1.5 * median.as_secs_f64(),
        "{median:?} {tail:?}"
    );

    // Without it all wait, longer and longer.
    let (pool, _) = super::pool(4);
    let (waits, turned_away) = load(&pool, 20, MS, 5 * MS).await;
    let tail = waits.iter().filter(|waited| **waited > SECOND).count();
    assert!(turned_away == 0 && tail > 5_000, "{tail}");
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let config = PoolConfig {
        connections_max: 1,
        waiting_max: 2,
        ..PoolConfig::default()
    };
    let (pool, _) = pool_with(config);
    let lease = pool.checkout().await.unwrap();
    let waiters = [
        spawn_checkout(&pool, Priority::User).await,
        spawn_checkout(&pool, Priority::Background).await,
    ];
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.to_string(),
        "the pool for fake:5432/chat is overloaded: more is asked of it than its connections can serve; this checkout was \
         turned away after 0ns (1 of 1 connections in use, 0 idle, 2 checkouts waiting); try again later and not at once, \
         ask for less, or raise the size of the pool"
    );
    drop(lease);
    for waiter in waiters {
        drop(waiter.await.unwrap().unwrap());
    }
    assert_eq!((pool.stats().turned_away, pool.stats().checkouts), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn idle_connections_that_nobody_dares_to_take_make_room() {
    let (pool, connector) = pool(1);
    drop(pool.checkout().await.unwrap());
    advance(31 * SECOND).await;
    // Somebody who has just met a dead one, and whose place another has taken.
    let (_, receiver) = pool.shared.ledger().queue.join(Joining {
        priority: Priority::User,
        since: tokio::time::Instant::now(),
        span: None,
        comes_back: true,
    });
    pool.shared.tend();
    let lease = timeout(SECOND, receiver).await.unwrap().unwrap().unwrap();
    settle().await;
    assert_eq!(
        (connector.made(), connector.alive(), connector.pings()),
        (2, 1, 0)
    );
    drop(lease);
}

#[tokio::test(start_paused = true)]
async fn who_has_met_a_dead_connection_does_not_queue_anew_and_can_leave() {
    let (pool, _) = pool(1);
    let lease = pool.checkout().await.unwrap();
    let other = spawn_checkout(&pool, Priority::User).await;
    let come_back = || {
        pool.shared.ledger().queue.join(Joining {
            priority: Priority::User,
            since: tokio::time::Instant::now(),
            span: None,
            comes_back: true,
        })
    };
    let ((ticket, _), (_, receiver)) = (come_back(), come_back());
    // The one in the middle goes.
    assert!(pool.shared.ledger().queue.leave(ticket).is_some());
    assert!(pool.shared.ledger().queue.leave(ticket).is_none());
    drop(lease);
    let lease = receiver.await.unwrap().unwrap();
    settle().await;
    assert!(!other.is_finished());
    drop(lease);
    assert!(other.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_closed_also_where_the_queue_is_full() {
    let config = PoolConfig {
        connections_max: 2,
        waiting_max: 1,
        idle_timeout: 10 * SECOND,
        ..PoolConfig::default()
    };
    let connector = Arc::new(FakeConnector::default());
    let pool = Pool::builder(connector.clone())
        .config(config)
        .look_interval(3_600 * SECOND)
        .build();
    pool.warm_up(2).await.unwrap();
    let lease = pool.checkout().await.unwrap();
    // The other connection is kept for users.
    let background = spawn_checkout(&pool, Priority::Background).await;
    advance(10 * SECOND).await;
    assert!(matches!(pool.checkout().await, Err(PoolError::Overloaded(_))));
    drop(lease);
    drop(background.await.unwrap().unwrap());
    assert!(pool.close(SECOND).await);
    assert_eq!((connector.closed_in_order(), connector.alive()), (2, 0));
}
