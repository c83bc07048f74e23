//! Hooks see what happens to a database's connections.

use std::sync::{Arc, Mutex};

use plexidb::{
    CheckinEvent, CheckoutEvent, CloseEvent, CloseReason, Config, ConnectEvent, Error, InvalidateEvent,
    Manager, PoolHooks,
};

use super::until;
use crate::databases::{NONE, TestDatabase};

/// Writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn count(&self, what: &str) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|known| *known == what)
            .count()
    }
}

impl PoolHooks for Diary {
    fn connect(&self, event: &ConnectEvent<'_>) {
        self.note(if event.outcome.is_ok() {
            "connect"
        } else {
            "refused"
        });
    }

    fn checkout(&self, _: &CheckoutEvent<'_>) {
        self.note("checkout");
    }

    fn checkin(&self, _: &CheckinEvent<'_>) {
        self.note("checkin");
    }

    fn invalidate(&self, _: &InvalidateEvent<'_>) {
        self.note("invalidate");
    }

    fn close(&self, event: &CloseEvent<'_>) {
        self.note(match event.reason {
            CloseReason::Unclean => "close unclean",
            CloseReason::PoolClosed => "close at the end",
            _ => "close",
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_see_a_connection_from_its_beginning_to_its_end() {
    let database = TestDatabase::sqlite();
    let diary = Arc::new(Diary::default());
    let db = Manager::builder(Config::for_url(&database.url).unwrap())
        .pool_hooks("default", Arc::<Diary>::clone(&diary))
        .connect()
        .await
        .unwrap();
    // The schema was read over the first one.
    until("the first checkin", || diary.count("checkin") == 1).await;
    assert_eq!((diary.count("connect"), diary.count("checkout")), (1, 1));
    db.query("SELECT 1", NONE).await.unwrap();
    assert_eq!((diary.count("connect"), diary.count("checkout")), (1, 2));
    db.execute("CREATE TEMP TABLE t (id INTEGER)", NONE)
        .await
        .unwrap();
    until("its end", || diary.count("close unclean") == 1).await;
    db.query("SELECT 2", NONE).await.unwrap();
    db.close().await;
    assert_eq!(diary.count("close at the end"), 1);
    assert_eq!(diary.count("invalidate"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_for_a_database_that_is_not_there_are_refused() {
    let hooks: Arc<dyn PoolHooks> = Arc::new(Diary::default());
    let builder = Manager::builder(Config::for_url("sqlite::memory:").unwrap()).pool_hooks("chat", hooks);
    let Err(error) = builder.connect().await else {
        panic!("nobody would be told anything")
    };
    assert!(matches!(error, Error::NoSuchDatabase { .. }), "{error}");
}
