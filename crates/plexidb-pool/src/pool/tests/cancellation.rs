//! Every outcome at every point of a connection's life: nothing is lost, and the pool goes on.

use std::future::ready;

use super::*;
use crate::lease::Lease;

/// Where something happens.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// In the queue, while all connections are in use.
    Queue,
    /// While a connection is made.
    Connect,
    /// While an idle connection is tried out.
    Ping,
    /// While a statement runs on a lease.
    Use,
    /// While a connection that was given up ends.
    Close,
}

/// What happens there.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Success,
    Error,
    /// It takes too long.
    Timeout,
    /// The caller's future is dropped after this many steps.
    Cancelled(usize),
    /// The caller panics.
    Panic,
}

const POINTS: [Point; 5] = [
    Point::Queue,
    Point::Connect,
    Point::Ping,
    Point::Use,
    Point::Close,
];
const OUTCOMES: [Outcome; 7] = [
    Outcome::Success,
    Outcome::Error,
    Outcome::Timeout,
    Outcome::Cancelled(0),
    Outcome::Cancelled(1),
    Outcome::Cancelled(2),
    Outcome::Panic,
];

fn answer_of(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Success | Outcome::Panic => Answer::Success,
        Outcome::Error => Answer::Error,
        Outcome::Timeout | Outcome::Cancelled(_) => Answer::Never,
    }
}

/// One user: checks out, runs a statement, and gives the connection up where that is the point.
async fn user(pool: Pool, point: Point, outcome: Outcome) {
    let Ok(mut lease) = pool.checkout().await else {
        return;
    };
    let query = lease.query("SELECT 1", &[], Limits::default());
    let _ = timeout(SECOND, query).await;
    assert!(!matches!(outcome, Outcome::Panic), "the panic of the test");
    if matches!(point, Point::Close) {
        lease.discard();
    }
}

async fn run(point: Point, outcome: Outcome) {
    let (pool, connector) = pool(2);
    // One connection is there already, and long unused where it is to be tried out.
    let mut other = Some(pool.checkout().await.unwrap());
    match point {
        Point::Queue => {}
        Point::Connect => connector.answer_connects(answer_of(outcome)),
        Point::Ping => {
            other = None;
            advance(30 * SECOND).await;
            connector.answer_pings(answer_of(outcome));
        }
        Point::Use => connector.answer_queries(answer_of(outcome)),
        Point::Close => connector.answer_closes(answer_of(outcome)),
    }
    // In the queue both connections must be out.
    let second = if matches!(point, Point::Queue) {
        Some(pool.checkout().await.unwrap())
    } else {
        None
    };
    let user = tokio::spawn(user(pool.clone(), point, outcome));
    match outcome {
        Outcome::Cancelled(steps) => {
            for _ in 0..steps {
                yield_now().await;
            }
            user.abort();
        }
        Outcome::Timeout => sleep(31 * SECOND).await,
        Outcome::Error if matches!(point, Point::Queue) => {
            // What comes back to the queue is of no use.
            second
                .as_ref()
                .inspect(|lease| connector.set_status(lease.session(), ConnectionStatus::Broken));
        }
        _ => settle().await,
    }
    drop(second);
    drop(other);
    let _ = user.await;
    connector.answer_connects(Answer::Success);
    connector.answer_pings(Answer::Success);
    connector.answer_queries(Answer::Success);
    // Longer than the pool waits for an orderly end.
    sleep(6 * SECOND).await;

    let stats = pool.stats();
    let context = format!("{point:?} × {outcome:?}: {stats:?}");
    assert_eq!((stats.active, stats.waiting), (0, 0), "{context}");
    assert_eq!(stats.total, connector.alive(), "{context}");
    assert_eq!(stats.created - stats.destroyed, stats.total as u64, "{context}");
    assert_eq!(stats.created, connector.made(), "{context}");
    assert!(stats.total <= 2, "{context}");
    // All places are there, and lead to connections that work.
    let mut leases = [pool.checkout().await.unwrap(), pool.checkout().await.unwrap()];
    for lease in &mut leases {
        lease.query("SELECT 1", &[], Limits::default()).await.unwrap();
    }
    assert!(
        timeout(SECOND, pool.checkout()).await.is_err(),
        "{context}: one place too many"
    );
    drop(leases);
    connector.answer_closes(Answer::Success);
    assert!(pool.close(10 * SECOND).await, "{context}");
    assert_eq!(connector.alive(), 0, "{context}");
}

#[tokio::test(start_paused = true)]
async fn nothing_leaks_whatever_happens_wherever() {
    for point in POINTS {
        for outcome in OUTCOMES {
            run(point, outcome).await;
        }
    }
}

async fn yields(times: u64) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Runs a statement, or drops it half-way, which breaks its connection.
async fn use_lease(mut lease: Lease, is_careless: bool) {
    let query = lease.query("SELECT 1", &[], Limits::default());
    tokio::select! {
        biased;
        rows = query => drop(rows.unwrap()),
        () = ready(()), if is_careless => {}
    }
}

/// A pool that looks after nobody by itself, so that whoever is forgotten waits in vain.
fn forgetful_pool(config: PoolConfig) -> (Pool, Arc<FakeConnector>) {
    let connector = Arc::new(FakeConnector::default());
    let pool = Pool::builder(connector.clone())
        .config(config)
        .look_interval(3_600 * SECOND)
        .build();
    (pool, connector)
}

/// Many users at once, some of them impatient, some careless.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_users_never_have_more_connections_than_allowed() {
    const CONNECTIONS: usize = 4;
    let (pool, connector) = forgetful_pool(PoolConfig {
        connections_max: CONNECTIONS,
        ..PoolConfig::default()
    });
    let users: Vec<_> = (0..32_u64)
        .map(|user| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for round in 0..100 {
                    let lease = tokio::select! {
                        biased;
                        lease = pool.checkout() => lease.unwrap(),
                        () = yields((user + round) % 40) => continue,
                    };
                    use_lease(lease, (user + round) % 7 == 0).await;
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    // A connection may still be made for somebody who has been served by then.
    while pool.stats().connecting > 0 {
        yield_now().await;
    }
    let stats = pool.stats();
    assert_eq!((stats.active, stats.waiting), (0, 0));
    assert!(
        stats.idle <= CONNECTIONS && stats.created > CONNECTIONS as u64,
        "{stats:?}"
    );
    assert_eq!(stats.created - stats.destroyed, stats.idle as u64);
    assert!(pool.close(10 * SECOND).await);
    assert_eq!((connector.alive(), connector.made()), (0, stats.created));
    // A broken connection is gone before its place is free.
    assert_eq!(connector.alive_max(), CONNECTIONS);
}

/// A connection that is given up because nobody waits, at the moment at which somebody comes, must not be counted on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_counts_on_a_connection_that_is_not_made() {
    let (pool, connector) = forgetful_pool(PoolConfig {
        connections_max: 2,
        ..PoolConfig::default()
    });
    for round in 0..20_000_u64 {
        let impatient = tokio::spawn({
            let pool = pool.clone();
            async move {
                tokio::select! {
                    biased;
                    lease = pool.checkout() => lease.unwrap().discard(),
                    () = ready(()) => {}
                }
            }
        });
        let patient = tokio::spawn({
            let pool = pool.clone();
            async move {
                yields(round % 3).await;
                pool.checkout().await.unwrap().discard();
            }
        });
        impatient.await.unwrap();
        patient.await.unwrap();
    }
    assert!(pool.close(10 * SECOND).await);
    assert_eq!((connector.alive(), pool.stats().total), (0, 0));
}
