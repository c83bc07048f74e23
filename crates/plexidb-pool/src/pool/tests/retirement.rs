//! Connections to a server that is not fit for use any more.

use super::*;

#[tokio::test(start_paused = true)]
async fn retiring_ends_what_was_there_before_and_nothing_else() {
    let (pool, connector) = pool(4);
    let mut out = pool.checkout().await.unwrap();
    drop(pool.checkout().await.unwrap());
    connector.connect_in(SECOND);
    let connecting = tokio::spawn({
        let pool = pool.clone();
        async move {
            let _idle = pool.checkout().await.unwrap();
            pool.checkout().await.unwrap()
        }
    });
    settle().await;
    assert_eq!((pool.stats().connecting, pool.stats().active), (1, 3));
    drop(pool.clone());
    assert_eq!(pool.retire_all(), 1);
    // What is out works on.
    out.query("SELECT 1", &[], Limits::default()).await.unwrap();
    drop(out);
    // The one that was being made is not used: a third is made for the one who waits.
    let lease = connecting.await.unwrap();
    settle().await;
    assert_eq!(
        (connector.made(), connector.alive(), pool.stats().total),
        (4, 1, 1)
    );
    let session = lease.session();
    drop(lease);
    assert_eq!(pool.checkout().await.unwrap().session(), session);
}

#[tokio::test(start_paused = true)]
async fn many_leases_that_tell_of_one_failover_count_once() {
    let (pool, connector) = pool(5);
    let mut leases = Vec::new();
    for _ in 0..5 {
        leases.push(pool.checkout().await.unwrap());
    }
    drop(leases.pop());
    let mut leases = leases.into_iter();
    let mut first = leases.next().unwrap();
    assert_eq!(first.invalidate_endpoint(), 1);
    drop(first);
    // One that is made after the failover.
    drop(pool.checkout().await.unwrap());
    let made = connector.made();
    for mut late in leases {
        assert_eq!(late.invalidate_endpoint(), 1);
    }
    settle().await;
    assert_eq!((pool.stats().idle, connector.alive()), (1, 1));
    let mut fresh = pool.checkout().await.unwrap();
    assert_eq!(connector.made(), made);
    assert_eq!(fresh.invalidate_endpoint(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_begun_after_the_retirement_counts() {
    let (pool, connector) = pool(1);
    pool.checkout().await.unwrap().discard();
    connector.answer_connects(Answer::Error);
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await }
    });
    // The next attempt is due in a moment.
    settle().await;
    assert_eq!((connector.attempts(), pool.stats().connecting), (2, 1));
    connector.answer_connects(Answer::Success);
    pool.retire_all();
    assert!(waiter.await.unwrap().is_ok());
    assert_eq!(connector.made(), 2);
}
