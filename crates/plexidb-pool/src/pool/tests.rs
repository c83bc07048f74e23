//! The pool hands out clean connections, keeps its bounds, and loses nothing.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{ConnectionStatus, ErrorKind, Limits};
use tokio::task::yield_now;
use tokio::time::{advance, sleep, timeout};

use super::Pool;
use crate::config::PoolConfig;
use crate::error::{CheckoutPhase, PoolError};

mod backoff;
mod budget;
mod cancellation;
mod closing;
mod connect_errors;
mod cost;
mod dropped_polls;
mod fake;
mod hooks;
mod leaks;
mod model;
mod queue;
mod retirement;
mod runtimes;
mod sizing;

use fake::{Answer, FakeConnector};

const SECOND: Duration = Duration::from_secs(1);

fn pool(connections_max: usize) -> (Pool, Arc<FakeConnector>) {
    pool_with(PoolConfig {
        connections_max,
        ..PoolConfig::default()
    })
}

fn pool_with(config: PoolConfig) -> (Pool, Arc<FakeConnector>) {
    let connector = Arc::new(FakeConnector::default());
    (Pool::new(connector.clone(), config), connector)
}

/// Lets everything that can run do so.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_connection_used_last_is_used_first() {
    let (pool, connector) = pool(3);
    let leases = [pool.checkout().await.unwrap(), pool.checkout().await.unwrap()];
    let [first, second] = leases.each_ref().map(|lease| lease.session());
    assert_ne!(first, second);
    let [one, two] = leases;
    drop(two);
    drop(one);
    let again = pool.checkout().await.unwrap();
    assert_eq!(again.session(), first);
    assert_eq!(pool.checkout().await.unwrap().session(), second);
    assert_eq!(connector.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn stats_tell_what_there_is_and_was() {
    let (pool, _) = pool(4);
    let (a, b) = (pool.checkout().await.unwrap(), pool.checkout().await.unwrap());
    drop(b);
    let stats = pool.stats();
    assert_eq!(
        (stats.connections_max, stats.total, stats.active, stats.idle),
        (4, 2, 1, 1)
    );
    a.discard();
    let stats = pool.stats();
    assert_eq!((stats.total, stats.active, stats.idle), (1, 0, 1));
    assert_eq!((stats.created, stats.destroyed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn no_more_connections_are_made_than_allowed_by_settings_or_database() {
    let (small, _) = pool(0);
    assert_eq!(small.stats().connections_max, 1);
    let connector = Arc::new(FakeConnector::with_connections_max(2));
    let limited = Pool::new(connector, PoolConfig::default());
    assert_eq!(limited.stats().connections_max, 2);
    let _leases = [
        limited.checkout().await.unwrap(),
        limited.checkout().await.unwrap(),
    ];
    assert!(timeout(SECOND, limited.checkout()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_order() {
    let (pool, _) = pool(1);
    let lease = pool.checkout().await.unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut waiters = Vec::new();
    for number in 0..5 {
        let (pool, order) = (pool.clone(), Arc::clone(&order));
        waiters.push(tokio::spawn(async move {
            let _lease = pool.checkout().await.unwrap();
            order.lock().unwrap().push(number);
            // Another checkout now must not get ahead of those who wait.
            yield_now().await;
        }));
        settle().await;
    }
    assert_eq!(pool.stats().waiting, 5);
    drop(lease);
    for waiter in waiters {
        waiter.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(pool.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_clean_is_not_handed_out_again() {
    let statuses = [
        ConnectionStatus::InTransaction,
        ConnectionStatus::InFailedTransaction,
        ConnectionStatus::Streaming,
        ConnectionStatus::Broken,
    ];
    for status in statuses {
        let (pool, connector) = pool(1);
        let lease = pool.checkout().await.unwrap();
        let session = lease.session();
        connector.set_status(session, status);
        drop(lease);
        assert_ne!(pool.checkout().await.unwrap().session(), session, "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tainted_or_discarded_connection_is_closed_and_its_place_is_free_at_once() {
    let (pool, connector) = pool(1);
    let mut lease = pool.checkout().await.unwrap();
    lease.taint();
    drop(lease);
    // Before the first one had any time to close.
    let second = pool.checkout().await.unwrap();
    second.discard();
    let third = pool.checkout().await.unwrap();
    settle().await;
    assert_eq!(
        (connector.made(), connector.closed_in_order(), connector.alive()),
        (3, 2, 1)
    );
    drop(third);
}

#[tokio::test(start_paused = true)]
async fn an_altered_connection_is_kept_only_if_it_is_restored_and_not_tainted() {
    let (pool, connector) = pool(1);
    let mut lease = pool.checkout().await.unwrap();
    lease.alter();
    lease.restored();
    drop(lease);
    let mut same = pool.checkout().await.unwrap();
    assert_eq!(connector.made(), 1);
    same.alter();
    drop(same);
    let mut second = pool.checkout().await.unwrap();
    assert_eq!(connector.made(), 2);
    second.alter();
    second.taint();
    second.restored();
    drop(second);
    drop(pool.checkout().await.unwrap());
    assert_eq!(connector.made(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_was_dropped_half_way_takes_its_connection_along() {
    let (pool, connector) = pool(1);
    let mut lease = pool.checkout().await.unwrap();
    connector.answer_queries(Answer::Never);
    assert!(
        timeout(SECOND, lease.query("SELECT 1", &[], Limits::default()))
            .await
            .is_err()
    );
    assert_eq!(lease.status(), ConnectionStatus::Broken);
    drop(lease);
    assert_eq!(
        (connector.alive(), pool.stats().idle, pool.stats().destroyed),
        (0, 0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_is_replaced() {
    let config = PoolConfig {
        lifetime_max: 60 * SECOND,
        ping_after: Duration::MAX,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    drop(pool.checkout().await.unwrap());
    // A tenth may be off by chance.
    advance(47 * SECOND).await;
    drop(pool.checkout().await.unwrap());
    assert_eq!(connector.made(), 1);
    // One that grows old while it is out is not taken back.
    let lease = pool.checkout().await.unwrap();
    advance(13 * SECOND).await;
    drop(lease);
    settle().await;
    assert_eq!((pool.stats().idle, connector.alive()), (0, 0));
    drop(pool.checkout().await.unwrap());
    assert_eq!(connector.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn connections_that_a_busy_pool_does_not_need_are_closed() {
    let config = PoolConfig {
        idle_timeout: 60 * SECOND,
        ping_after: Duration::MAX,
        ..PoolConfig::default()
    };
    let (pool, connector) = pool_with(config);
    let leases = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop(leases);
    for _ in 0..10 {
        advance(10 * SECOND).await;
        drop(pool.checkout().await.unwrap());
    }
    settle().await;
    assert_eq!(
        (pool.stats().idle, connector.alive(), connector.made()),
        (1, 1, 3)
    );
    // All that are left have been unused for too long.
    advance(60 * SECOND).await;
    drop(pool.checkout().await.unwrap());
    settle().await;
    assert_eq!((connector.alive(), connector.made()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_long_unused_is_tried_out_first() {
    let (pool, connector) = pool(2);
    drop(pool.checkout().await.unwrap());
    advance(29 * SECOND).await;
    drop(pool.checkout().await.unwrap());
    assert_eq!(connector.pings(), 0);
    advance(30 * SECOND).await;
    drop(pool.checkout().await.unwrap());
    assert_eq!((connector.pings(), connector.made()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dead_or_silent_connection_is_replaced_without_an_error() {
    for answer in [Answer::Error, Answer::Never] {
        let (pool, connector) = pool(1);
        let first = pool.checkout().await.unwrap();
        let session = first.session();
        drop(first);
        connector.answer_pings(answer);
        advance(30 * SECOND).await;
        let second = pool.checkout().await.unwrap();
        assert_ne!(second.session(), session);
        settle().await;
        assert_eq!(
            (connector.alive(), pool.stats().destroyed, pool.stats().total),
            (1, 1, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_waits_too_long_says_for_what() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    let PoolError::Timeout(error) = pool.checkout().await.unwrap_err() else {
        panic!("another error")
    };
    assert_eq!((error.phase, error.waited), (CheckoutPhase::Queue, 30 * SECOND));
    assert_eq!(
        (error.stats.active, error.last_connect_error.is_none()),
        (1, true)
    );
    assert_eq!(
        error.to_string(),
        "no connection to fake:5432/chat within 30s (all were in use: 1 of 1 connections in use, 0 idle, 1 checkouts \
         waiting); end transactions sooner, or raise the size of the pool"
    );
    lease.discard();
    connector.answer_connects(Answer::Error);
    assert!(timeout(Duration::from_millis(20), pool.checkout()).await.is_err());
    connector.answer_connects(Answer::Never);
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let PoolError::Timeout(error) = error else {
        panic!("another error")
    };
    assert_eq!(
        (error.phase, error.waited),
        (CheckoutPhase::Connect(None), 30 * SECOND)
    );
    let last = error.last_connect_error.as_ref().unwrap();
    assert_eq!(last.kind(), ErrorKind::Connect);
    assert!(error.to_string().ends_with(&format!("failed: {last}")), "{error}");
    // The attempt is not waited for any longer.
    sleep(6 * SECOND).await;
    assert_eq!((pool.stats().timeouts, pool.stats().active), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn time_in_the_queue_counts_towards_the_time_to_connect() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    connector.answer_connects(Answer::Never);
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await }
    });
    sleep(20 * SECOND).await;
    lease.discard();
    let PoolError::Timeout(error) = waiter.await.unwrap().unwrap_err() else {
        panic!("another error")
    };
    assert_eq!(
        (error.phase, error.waited),
        (CheckoutPhase::Connect(None), 30 * SECOND)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_connect_is_the_drivers_error_and_frees_the_place() {
    let (pool, connector) = pool(1);
    connector.answer_connects(Answer::Error);
    for _ in 0..3 {
        let error = pool.checkout().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.to_string().contains("fake:5432"), "{error}");
    }
    connector.answer_connects(Answer::Success);
    assert!(pool.checkout().await.is_ok());
    assert_eq!((pool.stats().connect_errors, pool.stats().created), (3, 1));
}
