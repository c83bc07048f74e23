//! The server ends sessions, as it does when it shuts down or fails over: whichever statement meets that first, the
//! connections of before are not met one after the other by those who come next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plexidb::{
    Config, Database, Error, ErrorKind, InvalidateEvent, Manager, Params, PoolHooks, RowStream, Transaction,
    params,
};

use super::{PATIENCE, POLL_INTERVAL, pool_stats, until};
use crate::databases::{NONE, TestDatabase};

/// Counts how often the connections of before were retired.
#[derive(Default)]
struct Retirements(AtomicUsize);

impl PoolHooks for Retirements {
    fn invalidate(&self, _: &InvalidateEvent<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Scene {
    db: Manager,
    other: Manager,
    retirements: Arc<Retirements>,
    _database: TestDatabase,
}

impl Scene {
    /// A database with two idle connections, and somebody who can end them.
    async fn of(database: TestDatabase) -> Self {
        let retirements = Arc::new(Retirements::default());
        let db = Manager::builder(Config::for_url(&database.url).unwrap())
            .pool_hooks("default", Arc::<Retirements>::clone(&retirements))
            .connect()
            .await
            .unwrap();
        db.execute_script("CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(50)); INSERT INTO notes VALUES (1, 'old')")
            .await
            .unwrap();
        let (left, right) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        left.rollback().await.unwrap();
        right.rollback().await.unwrap();
        let other = database.connect().await;
        Self {
            db,
            other,
            retirements,
            _database: database,
        }
    }

    /// Ends all sessions of the database but those of whoever ends them, and waits until they are gone.
    async fn end_sessions(&self) {
        let (list, end) = match self.db.databases()[0].dialect() {
            plexidb::Dialect::Postgres => (
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
                "SELECT pg_terminate_backend(",
            ),
            _ => (
                "SELECT CAST(id AS INTEGER) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
                "KILL (0 + ",
            ),
        };
        // Not in a transaction, which would go on seeing the sessions as they were.
        let sessions = self.other.query(list, NONE).await.unwrap();
        assert!(sessions.len() >= 2);
        for session in &sessions {
            let id = i64::from(session.get::<i32>(0).unwrap());
            self.other.query(&format!("{end}{id})"), NONE).await.unwrap();
        }
        let ending = async {
            while !self.other.query(list, NONE).await.unwrap().is_empty() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        tokio::time::timeout(PATIENCE, ending).await.unwrap();
    }

    /// The one who met the end was told, and nobody after it.
    async fn assert_over(&self, met: Result<(), Error>) {
        let error = met.unwrap_err();
        assert_eq!(
            error.driver().map(plexidb::DriverError::kind),
            Some(ErrorKind::ConnectionLost),
            "{error}"
        );
        self.assert_retired().await;
    }

    async fn assert_retired(&self) {
        for round in 0..4 {
            // Neither meets a connection of before.
            let (left, right) = (self.db.begin().await.unwrap(), self.db.begin().await.unwrap());
            left.rollback().await.unwrap();
            right.rollback().await.unwrap();
            let sql = "UPDATE notes SET body = :body WHERE id = 1";
            self.db
                .execute(sql, params! { body: format!("{round}") })
                .await
                .unwrap();
        }
        assert_eq!(
            self.retirements.0.load(Ordering::SeqCst),
            1,
            "one end is told of once"
        );
        until("nobody is in doubt", || self.db.stats().slots[0].1.held == 0).await;
        assert_eq!(pool_stats(&self.db).active, 0);
    }

    fn database(&self) -> &Database {
        &self.db.databases()[0]
    }
}

const WRITE: &str = "UPDATE notes SET body = 'new' WHERE id = 1";
const READ: &str = "SELECT body FROM notes WHERE id = 1";

async fn begun(scene: &Scene) -> Transaction {
    let mut transaction = scene.db.begin().await.unwrap();
    transaction.execute(WRITE, NONE).await.unwrap();
    transaction
}

/// A stream that has shown its first rows, and has more to come.
async fn opened(scene: &Scene) -> RowStream {
    let many = "SELECT generate_series(1, 100000)";
    let mut stream = scene.db.stream(many, Params::Positional(&[])).await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_sent_again_on_postgres() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    scene.end_sessions().await;
    assert_eq!(scene.db.query(READ, NONE).await.unwrap().len(), 1);
    scene.assert_retired().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_sent_again_on_mariadb() {
    let scene = Scene::of(TestDatabase::mariadb()).await;
    scene.end_sessions().await;
    assert_eq!(scene.db.query(READ, NONE).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_told_and_not_sent_again() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    scene.end_sessions().await;
    scene
        .assert_over(scene.db.execute(WRITE, NONE).await.map(drop))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_told_when_it_begins() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    scene.end_sessions().await;
    scene.assert_over(scene.db.begin().await.map(drop)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_told_at_its_statement() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    let mut transaction = begun(&scene).await;
    scene.end_sessions().await;
    let met = transaction.query(READ, NONE).await.map(drop);
    drop(transaction);
    scene.assert_over(met).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_told_at_its_end() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    let transaction = begun(&scene).await;
    scene.end_sessions().await;
    let met = transaction.commit().await;
    scene.assert_over(met).await;
    let scene = Scene::of(TestDatabase::postgres()).await;
    let transaction = begun(&scene).await;
    scene.end_sessions().await;
    let met = transaction.rollback().await;
    scene.assert_over(met).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_told_when_it_begins_and_on_its_way() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    let mut stream = opened(&scene).await;
    scene.end_sessions().await;
    let met = loop {
        match stream.next().await {
            Ok(row) => assert!(row.is_some(), "a stream that was cut off says so"),
            Err(error) => break Err(error),
        }
    };
    drop(stream);
    scene.assert_over(met).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_of_the_schema_is_told() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    scene.end_sessions().await;
    scene.assert_over(scene.database().refresh_schema().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_is_told_when_it_is_entered() {
    let scene = Scene::of(TestDatabase::postgres()).await;
    scene.end_sessions().await;
    let scoped = scene.db.scope("app.tenant", "7").unwrap();
    scene
        .assert_over(scoped.execute(WRITE, NONE).await.map(drop))
        .await;
}
