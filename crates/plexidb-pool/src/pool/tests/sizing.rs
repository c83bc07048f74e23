//! How many connections there are, and when they are made and closed.

use super::*;
use crate::config::PoolSize;
use crate::lease::Lease;

async fn check_out(pool: &Pool, leases: usize) -> Vec<Lease> {
    let mut out = Vec::new();
    for _ in 0..leases {
        out.push(pool.checkout().await.unwrap());
    }
    out
}

/// A checkout in a task of its own.
fn spawn_checkout(pool: &Pool) -> tokio::task::JoinHandle<Result<Lease, PoolError>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.checkout().await })
}

#[tokio::test(start_paused = true)]
async fn connections_are_made_side_by_side_as_many_as_there_are_waiters() {
    let (pool, connector) = pool(8);
    connector.connect_in(SECOND / 2);
    let waiters: Vec<_> = (0..20).map(|_| spawn_checkout(&pool)).collect();
    settle().await;
    assert_eq!((connector.connecting_max(), pool.stats().waiting), (8, 20));
    let started = tokio::time::Instant::now();
    for waiter in waiters {
        drop(waiter.await.unwrap().unwrap());
    }
    // All of them together take as long as one.
    assert!(started.elapsed() < SECOND * 3 / 4, "{:?}", started.elapsed());
    assert_eq!(
        (connector.made(), pool.stats().idle, pool.stats().peak),
        (8, 8, 8)
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiter_takes_what_comes_first_and_its_own_connection_is_kept() {
    let (pool, connector) = pool(2);
    let lease = pool.checkout().await.unwrap();
    let session = lease.session();
    connector.connect_in(SECOND / 2);
    let waiter = spawn_checkout(&pool);
    settle().await;
    assert_eq!(pool.stats().connecting, 1);
    drop(lease);
    let second = waiter.await.unwrap().unwrap();
    assert_eq!(second.session(), session);
    sleep(SECOND).await;
    assert_eq!((pool.stats().idle, connector.made()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_even_for_callers_that_are_less_patient_than_it_takes() {
    let (pool, connector) = pool(1);
    connector.connect_in(3 * SECOND);
    for _ in 0..4 {
        let _ = timeout(SECOND, pool.checkout()).await;
    }
    assert_eq!((connector.made(), connector.attempts()), (1, 1));
    assert_eq!((pool.stats().idle, pool.stats().active), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn overflow_is_made_while_checkouts_wait_and_closed_when_it_is_idle() {
    for linger in [Duration::ZERO, SECOND] {
        let config = PoolConfig {
            connections_max: 2,
            overflow_max: 3,
            overflow_idle_timeout: linger,
            ..PoolConfig::default()
        };
        let (pool, connector) = pool_with(config);
        let leases = check_out(&pool, 5).await;
        assert!(timeout(SECOND, pool.checkout()).await.is_err());
        assert_eq!((pool.stats().connections_max, connector.alive()), (5, 5));
        drop(leases);
        settle().await;
        assert_eq!(connector.alive(), if linger.is_zero() { 2 } else { 5 });
        sleep(5 * SECOND).await;
        assert_eq!((pool.stats().idle, connector.alive()), (2, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_kept_ready() {
    let config = PoolConfig {
        connections_max: 6,
        min_idle: 3,
        idle_timeout: 10 * SECOND,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    let leases = check_out(&pool, 2).await;
    sleep(2 * SECOND).await;
    assert_eq!((pool.stats().idle, pool.stats().total), (3, 5));
    // Not beyond the maximum.
    let more = check_out(&pool, 3).await;
    sleep(2 * SECOND).await;
    assert_eq!((pool.stats().idle, pool.stats().total), (1, 6));
    drop((leases, more));
    sleep(30 * SECOND).await;
    assert_eq!((pool.stats().idle, connector.alive()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_pool_can_be_warmed_up() {
    let (pool, connector) = pool(5);
    connector.connect_in(SECOND / 2);
    pool.warm_up(3).await.unwrap();
    assert_eq!((pool.stats().idle, connector.connecting_max()), (3, 3));
    // There are enough, and not more than the pool keeps.
    pool.warm_up(3).await.unwrap();
    assert_eq!(connector.made(), 3);
    pool.warm_up(100).await.unwrap();
    assert_eq!(connector.made(), 5);
    let (pool, connector) = super::pool(5);
    connector.answer_connects(Answer::Denial);
    let error = pool.warm_up(2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(pool.close(SECOND).await);
    assert!(matches!(pool.warm_up(2).await, Err(PoolError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_larger_size_serves_those_who_wait_and_a_smaller_one_drops_no_work() {
    let (pool, connector) = pool(1);
    let mut leases = check_out(&pool, 1).await;
    let waiters = [spawn_checkout(&pool), spawn_checkout(&pool)];
    settle().await;
    let size = PoolSize {
        connections_max: 4,
        ..pool.size()
    };
    pool.resize(size);
    for waiter in waiters {
        leases.push(waiter.await.unwrap().unwrap());
    }
    drop(check_out(&pool, 1).await);
    assert_eq!(pool.stats().total, 4);
    pool.resize(PoolSize {
        connections_max: 2,
        ..size
    });
    settle().await;
    // The idle one has gone, those that are out work on.
    assert_eq!((pool.stats().total, connector.alive()), (3, 3));
    for lease in &mut leases {
        lease.query("SELECT 1", &[], Limits::default()).await.unwrap();
    }
    drop(leases);
    settle().await;
    assert_eq!((pool.stats().idle, connector.alive()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_replaced_before_they_are_too_old() {
    let config = PoolConfig {
        connections_max: 3,
        lifetime_max: 60 * SECOND,
        ping_after: Duration::MAX,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    // With room for a new one beside the old ones, and without.
    for connections in [2, 3] {
        pool.warm_up(connections).await.unwrap();
        let made = connector.made();
        connector.connect_in(SECOND / 10);
        for _ in 0..110 {
            sleep(SECOND).await;
            // Nobody has to wait for a connection.
            let started = tokio::time::Instant::now();
            drop(pool.checkout().await.unwrap());
            assert_eq!(started.elapsed(), Duration::ZERO);
        }
        let replaced = connector.made() - made;
        assert!(
            (connections as u64..=3 * connections as u64).contains(&replaced),
            "{replaced}"
        );
        assert_eq!(connector.alive(), connections);
        assert!(connector.alive_max() <= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_were_made_together_do_not_end_together() {
    let config = PoolConfig {
        connections_max: 50,
        lifetime_max: 1_000 * SECOND,
        idle_timeout: Duration::MAX,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    pool.warm_up(50).await.unwrap();
    // Long before the end of the first, and when about half have ended.
    sleep(880 * SECOND).await;
    assert_eq!(connector.made(), 50);
    sleep(60 * SECOND).await;
    let replaced = connector.made() - 50;
    assert!((10..=40).contains(&replaced), "{replaced}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_clean_is_reset_where_the_driver_can() {
    for (answer, is_kept) in [
        (Answer::Success, true),
        (Answer::Error, false),
        (Answer::Never, false),
    ] {
        let (pool, connector) = pool(1);
        connector.answer_resets(answer);
        let mut lease = pool.checkout().await.unwrap();
        let session = lease.session();
        if is_kept {
            connector.set_status(session, ConnectionStatus::InFailedTransaction);
        } else {
            lease.alter();
        }
        drop(lease);
        // It is not free before it is clean.
        assert_eq!(pool.stats().active, 1);
        let next = pool.checkout().await.unwrap();
        assert_eq!(next.session() == session, is_kept, "{answer:?}");
        assert_eq!(next.status(), ConnectionStatus::Idle);
        assert_eq!(connector.alive(), 1);
        // What was said to be of no use to others is not reset.
        let mut next = next;
        next.taint();
        drop(next);
        assert_eq!(pool.stats().active, 0);
    }
}
