//! A server that cannot be reached.

use super::*;
use crate::config::ConnectBackoff;

/// A pool that has reached its server, which then went away.
async fn cut_off(config: PoolConfig) -> (Pool, Arc<FakeConnector>) {
    let (pool, connector) = pool_with(config);
    pool.checkout().await.unwrap().discard();
    settle().await;
    connector.answer_connects(Answer::Error);
    (pool, connector)
}

#[tokio::test(start_paused = true)]
async fn checkouts_outlast_a_restart_of_the_server_which_is_asked_by_one_at_a_time() {
    let (pool, connector) = cut_off(PoolConfig::default()).await;
    let before = connector.attempts();
    let waiters: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.checkout().await.map(drop) })
        })
        .collect();
    sleep(10 * SECOND).await;
    // All at once at first, then one, ever more slowly.
    let attempts = connector.attempts() - before;
    assert!((18..=40).contains(&attempts), "{attempts}");
    assert_eq!((pool.stats().waiting, pool.stats().connecting), (50, 1));
    connector.answer_connects(Answer::Success);
    let started = tokio::time::Instant::now();
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    assert!(started.elapsed() <= SECOND, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn once_the_server_is_back_all_who_wait_connect_at_once() {
    let connector = Arc::new(FakeConnector::default());
    // Nobody looks again: what is done is done because of what has happened.
    let pool = Pool::builder(connector.clone())
        .look_interval(3_600 * SECOND)
        .build();
    pool.checkout().await.unwrap().discard();
    connector.answer_connects(Answer::Error);
    let waiters: Vec<_> = (0..8)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.checkout().await })
        })
        .collect();
    sleep(SECOND).await;
    connector.answer_connects(Answer::Success);
    sleep(SECOND).await;
    // None of them gives its connection back.
    assert_eq!(pool.stats().total, 8);
    for waiter in waiters {
        drop(waiter.await.unwrap().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_outlasted_nothing_says_what_the_server_said() {
    let (pool, _) = cut_off(PoolConfig::default()).await;
    let PoolError::Timeout(error) = pool.checkout().await.unwrap_err() else {
        panic!("another error")
    };
    assert_eq!((error.phase, error.waited), (CheckoutPhase::Backoff, 30 * SECOND));
    assert!(
        error.to_string().ends_with(
            "the last attempt to connect failed: cannot connect to fake:5432/chat (dial): refused"
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_can_be_bounded_and_what_time_does_not_mend_is_not_tried_again() {
    let config = PoolConfig {
        connect_backoff: ConnectBackoff {
            attempts_max: 3,
            ..ConnectBackoff::default()
        },
        ..PoolConfig::default()
    };
    let (pool, connector) = cut_off(config).await;
    let error = pool.checkout().await.unwrap_err();
    assert_eq!((error.kind(), connector.attempts()), (ErrorKind::Connect, 4));
    let (pool, connector) = cut_off(PoolConfig::default()).await;
    connector.answer_connects(Answer::Denial);
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(
        (error.kind(), connector.attempts()),
        (ErrorKind::Authentication, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn while_connections_are_out_a_refusal_is_not_the_end() {
    let (pool, connector) = pool(2);
    let lease = pool.checkout().await.unwrap();
    connector.answer_connects(Answer::Denial);
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await.map(drop) }
    });
    sleep(5 * SECOND).await;
    assert!(!waiter.is_finished());
    // The server is not asked all the time.
    assert!(
        (5..25).contains(&connector.attempts()),
        "{}",
        connector.attempts()
    );
    drop(lease);
    waiter.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_in_vain_are_told_at_once() {
    let (pool, connector) = pool(2);
    connector.connect_in(SECOND / 2);
    connector.answer_connects(Answer::Denial);
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.checkout().await.map(drop) })
        })
        .collect();
    for waiter in waiters {
        let error = waiter.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("ada"), "{error}");
    }
    assert_eq!((connector.attempts(), pool.stats().active), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_does_not_hold_up_those_who_come_later() {
    let (pool, connector) = pool(4);
    connector.answer_connects(Answer::Never);
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await.map(drop) }
    });
    settle().await;
    connector.answer_connects(Answer::Success);
    let started = tokio::time::Instant::now();
    waiter.await.unwrap().unwrap();
    assert!(started.elapsed() < 2 * SECOND);
    // It is given up when nobody waits for it.
    sleep(10 * SECOND).await;
    assert_eq!((pool.stats().connecting, pool.stats().total), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_panics_is_an_error() {
    let (pool, connector) = pool(2);
    connector.answer_connects(Answer::Panic);
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(pool.warm_up(1).await.is_err());
    connector.answer_connects(Answer::Success);
    assert!(pool.checkout().await.is_ok());
    assert_eq!((pool.stats().connect_errors, pool.stats().active), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_nobody_asks_for_is_looked_at_until_it_is_back() {
    let (pool, connector) = cut_off(PoolConfig::default()).await;
    assert!(timeout(SECOND, pool.checkout()).await.is_err());
    sleep(2 * SECOND).await;
    let asked = connector.attempts();
    sleep(60 * SECOND).await;
    let unasked = connector.attempts() - asked;
    assert!((3..=6).contains(&unasked), "{unasked}");
    connector.answer_connects(Answer::Success);
    sleep(15 * SECOND).await;
    assert_eq!(pool.stats().idle, 1);
    let attempts = connector.attempts();
    sleep(60 * SECOND).await;
    assert_eq!(connector.attempts(), attempts);
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_idle_connections_must_show_that_they_live() {
    let (pool, connector) = pool(3);
    let (lost, idle) = (pool.checkout().await.unwrap(), pool.checkout().await.unwrap());
    let session = idle.session();
    drop(idle);
    connector.set_status(lost.session(), ConnectionStatus::Broken);
    lost.suspect_endpoint();
    drop(lost);
    let alive = pool.checkout().await.unwrap();
    assert_eq!((connector.pings(), alive.session()), (1, session));
    advance(Duration::from_millis(1)).await;
    drop(alive);
    // Once is enough.
    drop(pool.checkout().await.unwrap());
    assert_eq!((connector.pings(), connector.made()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_idle_connections_must_show_that_they_live() {
    let (pool, connector) = pool(4);
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(pool.checkout().await.unwrap());
    }
    leases.pop().unwrap().discard();
    let last = leases.pop().unwrap();
    drop(leases);
    // An attempt fails while two are idle: the first two of these find one each, dead, and ask for another.
    connector.answer_connects(Answer::Error);
    assert!(pool.warm_up(4).await.is_err());
    connector.answer_connects(Answer::Success);
    assert_eq!((connector.pings(), pool.stats().idle), (0, 2));
    advance(Duration::from_millis(1)).await;
    drop(last);
    connector.answer_pings(Answer::Error);
    // The one that came back since is trusted.
    let trusted = pool.checkout().await.unwrap();
    assert_eq!(connector.pings(), 0);
    let fresh = pool.checkout().await.unwrap();
    assert_eq!((connector.pings(), connector.made()), (1, 5));
    // The other one is found without anybody asking for it.
    sleep(3 * SECOND).await;
    assert_eq!(
        (connector.pings(), pool.stats().idle, pool.stats().total),
        (2, 0, 2)
    );
    drop((trusted, fresh));
}

#[tokio::test(start_paused = true)]
async fn the_other_victims_of_a_loss_are_found_without_anybody_asking_for_them() {
    let (pool, connector) = pool(5);
    let mut leases = Vec::new();
    for _ in 0..5 {
        leases.push(pool.checkout().await.unwrap());
    }
    let lost = leases.pop().unwrap();
    drop(leases);
    connector.answer_pings(Answer::Error);
    connector.set_status(lost.session(), ConnectionStatus::Broken);
    lost.suspect_endpoint();
    drop(lost);
    assert_eq!(pool.stats().idle, 4);
    // One look of the upkeep: the first that is found dead leads to the others.
    sleep(3 * SECOND).await;
    assert_eq!((connector.pings(), pool.stats().total), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn who_says_that_it_is_mended_ends_the_wait_for_the_next_attempt() {
    let backoff = ConnectBackoff {
        delay_min: 3_600 * SECOND,
        delay_max: 3_600 * SECOND,
        attempts_max: 100,
    };
    let (pool, connector) = cut_off(PoolConfig {
        connect_backoff: backoff,
        checkout_timeout: 60 * SECOND,
        ..PoolConfig::default()
    })
    .await;
    let waiter = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.checkout().await.map(drop) })
    };
    sleep(SECOND).await;
    connector.answer_connects(Answer::Success);
    sleep(SECOND).await;
    assert_eq!(pool.stats().waiting, 1);
    pool.forget_failures();
    sleep(SECOND).await;
    assert_eq!(pool.stats().waiting, 0);
    waiter.await.unwrap().unwrap();
}
