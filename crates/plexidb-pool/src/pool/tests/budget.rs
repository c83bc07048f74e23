//! Several pools of one server.

use super::*;
use crate::budget::Budget;

fn pools(budget: &Budget, connections_max: usize) -> [(Pool, Arc<FakeConnector>); 2] {
    std::array::from_fn(|_| {
        let connector = Arc::new(FakeConnector::default());
        let config = PoolConfig {
            connections_max,
            ..PoolConfig::default()
        };
        let pool = Pool::builder(connector.clone())
            .config(config)
            .budget(budget.clone())
            .build();
        (pool, connector)
    })
}

#[tokio::test(start_paused = true)]
async fn pools_share_a_budget_and_idle_connections_make_room() {
    let budget = Budget::new(3);
    let [(one, first), (other, second)] = pools(&budget, 3);
    let mut leases = Vec::new();
    for _ in 0..3 {
        leases.push(one.checkout().await.unwrap());
    }
    assert_eq!(budget.connections(), 3);
    let waiter = tokio::spawn({
        let other = other.clone();
        async move { other.checkout().await }
    });
    sleep(SECOND / 4).await;
    assert!(!waiter.is_finished());
    // What comes back goes to the other pool...
    drop(leases.pop());
    // Long before anybody looks again.
    let theirs = timeout(SECOND / 2, waiter).await.unwrap().unwrap().unwrap();
    assert_eq!((first.alive(), second.alive(), budget.connections()), (2, 1, 3));
    // ...and also what is idle already.
    drop(leases.pop());
    settle().await;
    assert_eq!(one.stats().idle, 1);
    let second_lease = timeout(SECOND / 2, other.checkout()).await.unwrap().unwrap();
    assert_eq!((first.alive(), second.alive(), budget.connections()), (1, 2, 3));
    // Where nobody else wants one it is kept.
    drop((theirs, second_lease));
    sleep(SECOND).await;
    assert_eq!((other.stats().idle, first.made() + second.made()), (2, 5));
    assert!(other.close(SECOND).await);
    assert_eq!(budget.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_free_when_its_connection_has_ended_and_not_before() {
    let budget = Budget::new(1);
    let [(one, first), (other, second)] = pools(&budget, 1);
    first.answer_closes(Answer::Never);
    one.checkout().await.unwrap().discard();
    assert_eq!(one.stats().total, 0);
    let started = tokio::time::Instant::now();
    drop(other.checkout().await.unwrap());
    assert_eq!(
        (started.elapsed(), first.alive(), second.alive()),
        (5 * SECOND, 0, 1)
    );
    // Failed and cancelled attempts give theirs back.
    second.answer_connects(Answer::Error);
    other.retire_all();
    settle().await;
    assert!(timeout(SECOND, other.checkout()).await.is_err());
    sleep(SECOND).await;
    assert_eq!(budget.connections(), 0);
}

/// Both pools want more than there is all the time: neither starves, and the server never sees too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_of_two_greedy_pools_starves() {
    let budget = Budget::new(2);
    let pools = pools(&budget, 8);
    let users: Vec<_> = (0..16)
        .map(|user| {
            let (pool, budget) = (pools[user % 2].0.clone(), budget.clone());
            tokio::spawn(async move {
                for round in 0..20 {
                    let lease = pool.checkout().await.unwrap();
                    assert!(budget.connections() <= 2);
                    yield_now().await;
                    if (user + round) % 5 == 0 {
                        lease.discard();
                    }
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    for (pool, connector) in &pools {
        assert!(pool.close(10 * SECOND).await);
        assert_eq!(connector.alive(), 0);
    }
    assert_eq!(budget.connections(), 0);
}
