//! The end of a pool.

use super::*;

#[tokio::test(start_paused = true)]
async fn closing_ends_idle_connections_and_waits_for_leases() {
    let (pool, connector) = pool(3);
    let (lease, idle) = (pool.checkout().await.unwrap(), pool.checkout().await.unwrap());
    drop(idle);
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close(10 * SECOND).await }
    });
    sleep(5 * SECOND).await;
    assert!(pool.is_closed() && !closing.is_finished());
    assert_eq!(connector.closed_in_order(), 1);
    assert!(matches!(pool.checkout().await, Err(PoolError::Closed)));
    drop(lease);
    assert!(closing.await.unwrap());
    assert_eq!(
        (connector.closed_in_order(), connector.alive(), pool.stats().total),
        (2, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_ever() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    assert!(!pool.close(SECOND).await);
    drop(lease);
    settle().await;
    assert_eq!((connector.closed_in_order(), connector.alive()), (1, 0));
    // Again, now that all are back.
    assert!(pool.close(SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_end_is_dropped() {
    let (pool, connector) = pool(1);
    connector.answer_closes(Answer::Never);
    drop(pool.checkout().await.unwrap());
    assert!(pool.close(60 * SECOND).await);
    assert_eq!((connector.closed_in_order(), connector.alive()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_sends_waiters_away() {
    let (pool, connector) = pool(1);
    let lease = pool.checkout().await.unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await }
    });
    settle().await;
    let _ = pool.close(Duration::ZERO).await;
    assert!(matches!(waiter.await.unwrap(), Err(PoolError::Closed)));
    drop(lease);
    assert_eq!((connector.made(), pool.stats().waiting), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_made_while_the_pool_closes_is_not_handed_out() {
    let (pool, connector) = pool(1);
    let connecting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await }
    });
    yield_now().await;
    assert_eq!(pool.stats().active, 1);
    assert!(pool.close(SECOND).await);
    assert!(matches!(connecting.await.unwrap(), Err(PoolError::Closed)));
    assert_eq!((connector.alive(), pool.stats().total), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_what_ended_before_it() {
    let (pool, connector) = pool(3);
    connector.answer_closes(Answer::Never);
    let (tainted, idle) = (pool.checkout().await.unwrap(), pool.checkout().await.unwrap());
    drop(idle);
    pool.retire_all();
    tainted.discard();
    assert_eq!(pool.stats().total, 0);
    // The pool waits so long for an orderly end.
    assert!(!pool.close(4 * SECOND).await);
    assert_eq!(connector.alive(), 2);
    assert!(pool.close(4 * SECOND).await);
    assert_eq!(connector.alive(), 0);
}
