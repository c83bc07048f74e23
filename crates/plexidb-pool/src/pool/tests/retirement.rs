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

/// One connection is idle and one is out; the server then says by `trouble` that it ends.
async fn retired_by(trouble: impl AsyncFnOnce(&Pool, &FakeConnector)) {
    let (pool, connector) = pool(3);
    connector.answer_resets(Answer::Success);
    let out = pool.checkout().await.unwrap();
    drop(pool.checkout().await.unwrap());
    let before = pool.stats();
    assert_eq!((before.active, before.idle), (1, 1));
    trouble(&pool, &connector).await;
    settle().await;
    connector.answer_connects(Answer::Success);
    connector.answer_pings(Answer::Success);
    drop(out);
    settle().await;
    // Not one of before is left.
    let stats = pool.stats();
    assert_eq!(
        (stats.total - stats.connecting, connector.alive()),
        (0, 0),
        "{stats:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_refused_by_a_server_that_ends_retires_the_others() {
    retired_by(async |pool, connector| {
        connector.answer_connects(Answer::Ending);
        let (_second, third) = (pool.checkout().await.unwrap(), pool.checkout());
        assert!(timeout(Duration::from_millis(20), third).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_is_answered_by_a_server_that_ends_retires_the_others() {
    retired_by(async |pool, connector| {
        advance(31 * SECOND).await;
        connector.answer_pings(Answer::Ending);
        connector.answer_connects(Answer::Never);
        assert!(timeout(SECOND, pool.checkout()).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_check_in_the_background_that_meets_a_server_that_ends_retires_the_others() {
    let (pool, connector) = pool(4);
    let mut leases = Vec::new();
    for _ in 0..3 {
        leases.push(pool.checkout().await.unwrap());
    }
    let out = leases.pop().unwrap();
    leases.clear();
    out.suspect_endpoint();
    connector.answer_pings(Answer::Ending);
    sleep(2 * SECOND).await;
    assert_eq!(connector.pings(), 1, "the second need not be asked");
    assert_eq!((pool.stats().idle, pool.stats().active), (0, 1));
    drop(out);
    settle().await;
    assert_eq!(connector.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_is_refused_by_a_server_that_ends_retires_the_others() {
    retired_by(async |pool, connector| {
        connector.answer_resets(Answer::Ending);
        let mut lease = pool.checkout().await.unwrap();
        drop(pool.checkout().await.unwrap());
        lease.alter();
        drop(lease);
        settle().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_heeded_retires_suspects_or_does_nothing() {
    let (pool, connector) = pool(3);
    let mut out = pool.checkout().await.unwrap();
    drop(pool.checkout().await.unwrap());
    // The statement's own fault.
    out.heed(&plexidb_core::DriverError::Sql(Box::default()));
    drop(pool.checkout().await.unwrap());
    assert_eq!((connector.pings(), pool.stats().idle), (0, 1));
    // The connection is lost without a word: the others must show that they live.
    connector.set_status(out.session(), ConnectionStatus::Broken);
    out.heed(&plexidb_core::DriverError::Closed);
    drop(pool.checkout().await.unwrap());
    assert_eq!((connector.pings(), pool.stats().idle), (1, 1));
    // The server says that it ends.
    connector.set_status(out.session(), ConnectionStatus::Idle);
    connector.answer_queries(Answer::Ending);
    let error = out.query("SELECT 1", &[], Limits::default()).await.unwrap_err();
    out.heed(&error);
    assert_eq!(pool.stats().idle, 0);
}
