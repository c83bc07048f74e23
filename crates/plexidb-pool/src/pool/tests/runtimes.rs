//! A pool that outlives the runtimes in which it is used.

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn a_lease_can_be_dropped_outside_of_a_runtime() {
    let (pool, connector) = pool(2);
    let runtime = runtime();
    let (clean, tainted) =
        runtime.block_on(async { (pool.checkout().await.unwrap(), pool.checkout().await.unwrap()) });
    drop(runtime);
    drop(clean);
    tainted.discard();
    assert_eq!(
        (pool.stats().idle, pool.stats().active, connector.alive()),
        (1, 0, 1)
    );
}

#[test]
fn a_connection_is_made_for_a_waiter_when_a_lease_ends_outside_of_a_runtime() {
    let (pool, connector) = pool(1);
    let runtime = runtime();
    let (lease, waiter) = runtime.block_on(async {
        let lease = pool.checkout().await.unwrap();
        let pool = pool.clone();
        let waiter = tokio::spawn(async move { pool.checkout().await });
        settle().await;
        (lease, waiter)
    });
    lease.discard();
    assert_eq!(pool.stats().connecting, 1);
    assert!(runtime.block_on(waiter).unwrap().is_ok());
    assert_eq!(connector.made(), 2);
}

#[test]
fn a_waiter_whose_connection_was_being_made_on_a_runtime_that_ended_gets_another() {
    let (pool, connector) = pool(1);
    let first = runtime();
    connector.answer_connects(Answer::Never);
    first.block_on(async {
        assert!(timeout(SECOND / 2, pool.checkout()).await.is_err());
    });
    runtime().block_on(async {
        let waiter = tokio::spawn({
            let pool = pool.clone();
            async move { pool.checkout().await }
        });
        settle().await;
        // It counts on the attempt on the other runtime, which ends without a word.
        assert_eq!((connector.attempts(), pool.stats().connecting), (1, 1));
        connector.answer_connects(Answer::Success);
        first.shutdown_background();
        assert!(waiter.await.unwrap().is_ok());
    });
    // Also what is done in the background goes on.
    runtime().block_on(async {
        drop(pool.checkout().await.unwrap());
        sleep(700 * SECOND).await;
        assert_eq!((pool.stats().idle, connector.alive()), (0, 0));
    });
}

#[test]
fn nothing_is_left_running_when_a_pool_is_dropped() {
    let runtime = runtime();
    runtime.block_on(async {
        let (pool, connector) = pool(2);
        pool.warm_up(2).await.unwrap();
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 1);
        drop(pool);
        settle().await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
        assert_eq!(connector.alive(), 0);
    });
}
