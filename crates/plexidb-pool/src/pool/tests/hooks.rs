//! Those who watch a pool.

use std::sync::Mutex;

use super::*;
use crate::hooks::{
    CheckinEvent, CheckoutEvent, CloseEvent, CloseReason, ConnectEvent, InvalidateEvent, PoolHooks,
    ResetEvent,
};

#[derive(Default)]
struct Diary {
    entries: Mutex<Vec<String>>,
    panics: bool,
}

impl Diary {
    fn note(&self, entry: String) {
        self.entries.lock().unwrap().push(entry);
        assert!(!self.panics, "the panic of the hook");
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.entries.lock().unwrap())
    }
}

impl PoolHooks for Diary {
    fn connect(&self, event: &ConnectEvent<'_>) {
        let outcome = match event.outcome {
            Ok(session) => format!("session {}", session.0),
            Err(error) => format!("{:?}", error.kind()),
        };
        self.note(format!("connect {outcome} in {:?}", event.elapsed));
    }

    fn checkout(&self, event: &CheckoutEvent<'_>) {
        self.note(format!("checkout {} after {:?}", event.session.0, event.waited));
    }

    fn checkin(&self, event: &CheckinEvent<'_>) {
        self.note(format!("checkin {} after {:?}", event.session.0, event.used));
    }

    fn reset(&self, event: &ResetEvent<'_>) {
        self.note(format!("reset {} clean {}", event.session.0, event.is_clean));
    }

    fn invalidate(&self, event: &InvalidateEvent<'_>) {
        self.note(format!("epoch {} with {} idle", event.epoch, event.idle));
    }

    fn close(&self, event: &CloseEvent<'_>) {
        self.note(format!(
            "close {} {:?} at {:?}",
            event.session.0, event.reason, event.age
        ));
    }
}

fn watched(panics: bool) -> (Pool, Arc<FakeConnector>, Arc<Diary>) {
    let (connector, diary) = (
        Arc::new(FakeConnector::default()),
        Arc::new(Diary {
            panics,
            ..Diary::default()
        }),
    );
    let pool = Pool::builder(connector.clone()).hooks(diary.clone()).build();
    (pool, connector, diary)
}

/// The life of some connections.
async fn live(pool: &Pool, connector: &FakeConnector) {
    connector.connect_in(SECOND / 2);
    let lease = pool.checkout().await.unwrap();
    sleep(2 * SECOND).await;
    drop(lease);
    let mut lease = pool.checkout().await.unwrap();
    connector.answer_resets(Answer::Success);
    lease.alter();
    drop(lease);
    settle().await;
    let mut lease = pool.checkout().await.unwrap();
    lease.taint();
    drop(lease);
    settle().await;
    connector.connect_in(Duration::ZERO);
    drop(pool.checkout().await.unwrap());
    pool.retire_all();
    settle().await;
    connector.answer_connects(Answer::Denial);
    assert!(pool.checkout().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn hooks_are_told_in_order_and_with_times() {
    let (pool, connector, diary) = watched(false);
    live(&pool, &connector).await;
    assert_eq!(
        diary.take(),
        [
            "connect session 1 in 500ms",
            "checkout 1 after 500ms",
            "checkin 1 after 2s",
            "checkout 1 after 0ns",
            "reset 1 clean true",
            "checkout 1 after 0ns",
            "close 1 Unclean at 2s",
            "connect session 2 in 0ns",
            "checkout 2 after 0ns",
            "checkin 2 after 0ns",
            "epoch 1 with 1 idle",
            "close 2 Retired at 0ns",
            "connect Authentication in 0ns",
        ]
    );
    let stats = pool.stats();
    assert_eq!((stats.checkouts, stats.uses, stats.use_time), (4, 4, 2 * SECOND));
    assert_eq!(stats.wait_time, stats.create_time);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_breaks_nothing() {
    let (pool, connector, diary) = watched(true);
    live(&pool, &connector).await;
    assert_eq!(diary.take().len(), 13);
    assert_eq!((pool.stats().total, connector.alive()), (0, 0));
    connector.answer_connects(Answer::Success);
    drop(pool.checkout().await.unwrap());
    assert!(pool.close(SECOND).await);
}

/// Looks at the pool when a connection ends.
#[derive(Default)]
struct Onlooker {
    pool: Mutex<Option<Pool>>,
    seen: Mutex<Vec<(CloseReason, usize)>>,
}

impl PoolHooks for Onlooker {
    fn close(&self, event: &CloseEvent<'_>) {
        if let Some(pool) = &*self.pool.lock().unwrap() {
            self.seen
                .lock()
                .unwrap()
                .push((event.reason, pool.stats().active));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_gone_before_its_place_is_free_and_hooks_may_look_at_the_pool() {
    let (connector, onlooker) = (Arc::new(FakeConnector::default()), Arc::new(Onlooker::default()));
    let pool = Pool::builder(connector.clone()).hooks(onlooker.clone()).build();
    *onlooker.pool.lock().unwrap() = Some(pool.clone());
    let lease = pool.checkout().await.unwrap();
    connector.set_status(lease.session(), ConnectionStatus::Broken);
    drop(lease);
    pool.checkout().await.unwrap().discard();
    settle().await;
    // One that ends in an orderly way does so later.
    assert_eq!(
        *onlooker.seen.lock().unwrap(),
        [(CloseReason::Broken, 1), (CloseReason::Unclean, 0)]
    );
    *onlooker.pool.lock().unwrap() = None;
}
