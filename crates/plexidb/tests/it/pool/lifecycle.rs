//! Every outcome at every point of a statement's life, on servers: afterwards no connection is missing, no session is left in the
//! middle of something, nothing runs on the server, no write stays in doubt, and the next one reads its own rows.

use std::sync::Arc;
use std::time::Duration;

use plexidb::{DatabaseConfig, Dialect, Error, Manager, RowStream, Transaction};
use plexidb_testkit::{Direction, Flow, Proxy, Traffic};
use tokio::sync::Notify;

use super::{PATIENCE, POLL_INTERVAL, connect, pool_stats, until};
use crate::databases::{NONE, TestDatabase};

/// Where it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// The only connection is somebody else's.
    Queued,
    /// A connection is being made, and the server is silent.
    Dialing,
    /// A read takes long on the server.
    Reading,
    /// A write waits for a lock on the server.
    Running,
    /// Between two statements of a transaction.
    InTransaction,
    /// COMMIT was sent, and its answer is on its way.
    AtCommit,
    /// Between two rows of a stream.
    Streaming,
    /// The session is being made as a new one, or its connection is being closed, after a statement that has changed it.
    InReset,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// What it waits for comes.
    Ok,
    /// What it waits for comes, and then a statement is refused.
    Error,
    /// The caller drops the future.
    Dropped,
    /// The caller's task panics.
    Panic,
    /// The network resets all connections.
    Broken,
    /// The caller gives up after a while.
    Deadline,
}

const POINTS: [Point; 8] = [
    Point::Queued,
    Point::Dialing,
    Point::Reading,
    Point::Running,
    Point::InTransaction,
    Point::AtCommit,
    Point::Streaming,
    Point::InReset,
];
const OUTCOMES: [Outcome; 6] = [
    Outcome::Ok,
    Outcome::Error,
    Outcome::Dropped,
    Outcome::Panic,
    Outcome::Broken,
    Outcome::Deadline,
];

/// How patient the caller is whose time runs out.
const DEADLINE: Duration = Duration::from_millis(100);

const READ: &str = "SELECT body FROM notes WHERE id = 1";
const WRITE: &str = "UPDATE notes SET body = 'new' WHERE id = 1";
const REFUSED: &str = "SELECT no_such_column FROM notes";

struct Scene {
    /// With one connection, through the proxy.
    db: Manager,
    direct: Manager,
    proxy: Proxy,
    _database: TestDatabase,
}

impl Scene {
    async fn of(database: TestDatabase, port: u16) -> Self {
        let direct = database.connect().await;
        direct
            .execute_script(
                "CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(50) NOT NULL);
                 INSERT INTO notes VALUES (1, 'old'), (2, 'two'), (3, 'three')",
            )
            .await
            .unwrap();
        let proxy = Proxy::start(format!("127.0.0.1:{port}")).unwrap();
        let db = connect(DatabaseConfig {
            connection_pool_size: 1,
            max_overflow: 0,
            pool_timeout: PATIENCE,
            ..DatabaseConfig::from_url("chat", proxy.through(&database.url))
        })
        .await;
        Self {
            db,
            direct,
            proxy,
            _database: database,
        }
    }

    /// What goes on in sessions of this database, but for that of whoever asks.
    async fn going_on(&self) -> usize {
        let sql = match self.db.databases()[0].dialect() {
            Dialect::Postgres => {
                "SELECT pid FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
            }
            _ => {
                "SELECT id FROM information_schema.processlist p \
                 WHERE db = database() AND id <> connection_id() AND (command <> 'Sleep' \
                 OR EXISTS (SELECT 1 FROM information_schema.innodb_trx t WHERE t.trx_mysql_thread_id = p.id))"
            }
        };
        self.direct.query(sql, NONE).await.unwrap().len()
    }

    /// Waits until no more than so much goes on.
    async fn wait_until_going_on(&self, most: usize, case: &str) {
        let ending = async {
            while self.going_on().await > most {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        let is_over = tokio::time::timeout(PATIENCE, ending).await.is_ok();
        assert!(is_over, "{case}: something still runs on the server");
    }

    async fn assert_clean(&self, case: &str, number: i64) {
        until(&format!("{case}: connections are back"), || {
            let stats = pool_stats(&self.db);
            stats.active == 0 && stats.waiting == 0
        })
        .await;
        self.wait_until_going_on(0, case).await;
        until(&format!("{case}: no doubt"), || {
            self.db.stats().slots[0].1.held == 0
        })
        .await;
        assert_eq!(self.db.stats().slots[0].1.abandoned, 0, "{case}");
        let own = self
            .db
            .select("SELECT :number AS own FROM notes")
            .bind_named("number", number.to_string());
        let rows = own.no_cache().fetch().await.unwrap();
        assert_eq!(rows.len(), 3, "{case}");
        assert_eq!(rows[0].get::<&str>("own").unwrap(), number.to_string(), "{case}");
        let (layer, direct) = (
            self.db.query(READ, NONE).await,
            self.direct.select(READ).no_cache().fetch().await,
        );
        assert_eq!(
            layer.unwrap().into_set(),
            direct.unwrap().into_set(),
            "{case}: stale"
        );
        assert!(pool_stats(&self.db).total <= 1, "{case}");
    }
}

/// Goes on to the end of a transaction from within.
async fn finish(mut transaction: Transaction, outcome: Outcome) -> Result<(), Error> {
    if outcome == Outcome::Error {
        transaction.query(REFUSED, NONE).await?;
    }
    transaction.commit().await
}

/// A statement that the database refuses, where that is the outcome.
async fn refuse(db: &Manager, outcome: Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Error => db.query(REFUSED, NONE).await.map(drop),
        _ => Ok(()),
    }
}

async fn read_on(mut stream: RowStream) -> Result<(), Error> {
    while stream.next().await?.is_some() {}
    Ok(())
}

/// What the caller does. It says when it has come to the point, as far as that can be said, and waits there for `gate` where nothing
/// else keeps it.
async fn call(
    db: Manager,
    point: Point,
    outcome: Outcome,
    there: Arc<Notify>,
    gate: Arc<Notify>,
) -> Result<(), Error> {
    match point {
        Point::Queued | Point::Dialing => {
            there.notify_one();
            let sql = if outcome == Outcome::Error { REFUSED } else { READ };
            db.select(sql).no_cache().fetch().await.map(drop)
        }
        Point::Reading => {
            there.notify_one();
            // Longer than anybody here waits, unless it is to come to its end; over a broken connection it is sent again.
            let seconds = if matches!(outcome, Outcome::Ok | Outcome::Error | Outcome::Broken) {
                "0.1"
            } else {
                "600"
            };
            let sleep = match db.databases()[0].dialect() {
                Dialect::Postgres => "pg_sleep",
                _ => "sleep",
            };
            db.query(&format!("SELECT {sleep}({seconds})"), NONE).await?;
            refuse(&db, outcome).await
        }
        Point::Running => {
            there.notify_one();
            db.execute(WRITE, NONE).await?;
            refuse(&db, outcome).await
        }
        Point::InTransaction => {
            let mut transaction = db.begin().await?;
            transaction.execute(WRITE, NONE).await?;
            there.notify_one();
            gate.notified().await;
            finish(transaction, outcome).await
        }
        Point::AtCommit => {
            let mut transaction = db.begin().await?;
            transaction.execute(WRITE, NONE).await?;
            there.notify_one();
            gate.notified().await;
            transaction.commit().await?;
            refuse(&db, outcome).await
        }
        Point::Streaming => {
            let many = "SELECT a.id FROM notes a, notes b, notes c, notes d, notes e, notes f, notes g, notes h, notes i";
            let mut stream = db.stream(many, NONE).await?;
            stream.next().await?;
            there.notify_one();
            gate.notified().await;
            if outcome == Outcome::Error {
                drop(stream);
                return refuse(&db, outcome).await;
            }
            read_on(stream).await
        }
        Point::InReset => {
            db.execute("CREATE TEMPORARY TABLE scratch (id INTEGER)", NONE)
                .await?;
            there.notify_one();
            let sql = if outcome == Outcome::Error { REFUSED } else { READ };
            db.select(sql).no_cache().fetch().await.map(drop)
        }
    }
}

/// Brings the call to the point and lets the outcome happen. Returns what the caller was told, if it was.
async fn run(scene: &Scene, point: Point, outcome: Outcome) -> Option<Result<(), Error>> {
    let mut blocker = None;
    match point {
        Point::Queued => blocker = Some(scene.db.begin().await.unwrap()),
        Point::Dialing => {
            scene.proxy.reset_connections().unwrap();
            scene.proxy.set(Traffic::Hold).unwrap();
        }
        Point::Running => {
            let mut lock = scene.direct.begin().await.unwrap();
            lock.execute("UPDATE notes SET body = 'locked' WHERE id = 1", NONE)
                .await
                .unwrap();
            blocker = Some(lock);
        }
        _ => {}
    }
    let (there, gate, panic) = (
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let task = tokio::spawn({
        let (db, there, gate, panic) = (
            scene.db.clone(),
            Arc::clone(&there),
            Arc::clone(&gate),
            Arc::clone(&panic),
        );
        async move {
            let call = call(db, point, outcome, there, gate);
            let patience = if outcome == Outcome::Deadline {
                DEADLINE
            } else {
                PATIENCE
            };
            tokio::select! {
                told = tokio::time::timeout(patience, call) => told.ok(),
                () = panic.notified() => panic!("the panic of the test"),
            }
        }
    });
    // A caller whose time runs out may never get there.
    let _ = tokio::time::timeout(PATIENCE.min(DEADLINE * 5), there.notified()).await;
    if point == Point::AtCommit {
        scene.proxy.set_one_way(Direction::ToClient, Flow::Hold).unwrap();
        gate.notify_one();
    }
    // Some way into what it waits for.
    tokio::time::sleep(Duration::from_millis(20)).await;
    match outcome {
        Outcome::Ok | Outcome::Error => {}
        Outcome::Dropped => task.abort(),
        Outcome::Panic => panic.notify_one(),
        Outcome::Broken => scene.proxy.reset_connections().unwrap(),
        Outcome::Deadline => tokio::time::sleep(DEADLINE).await,
    }
    let is_gone = matches!(outcome, Outcome::Dropped | Outcome::Panic | Outcome::Deadline);
    let mut ending = Box::pin(tokio::time::timeout(PATIENCE, task));
    let mut told = None;
    if is_gone {
        told = Some(ending.as_mut().await.unwrap().ok().flatten());
        if point == Point::Running {
            // It is cancelled on the server while the lock is still held, by a transaction that goes on.
            scene
                .wait_until_going_on(1, "the statement of a caller that is gone")
                .await;
        }
    }
    if let Some(blocker) = blocker {
        // Its own connection may be among those that were reset.
        blocker.rollback().await.ok();
    }
    scene.proxy.set(Traffic::Pass).unwrap();
    gate.notify_one();
    match told {
        Some(told) => told,
        None => ending.await.unwrap().unwrap(),
    }
}

async fn each_outcome_at_each_point(database: TestDatabase, port: u16) {
    let scene = Scene::of(database, port).await;
    for (point, number) in POINTS.into_iter().zip((0..).step_by(OUTCOMES.len())) {
        for (outcome, number) in OUTCOMES.into_iter().zip(number..) {
            let case = format!("{outcome:?} at {point:?}");
            scene
                .direct
                .execute("UPDATE notes SET body = 'old' WHERE id = 1", NONE)
                .await
                .unwrap();
            scene.db.invalidate_table("notes").await.unwrap();
            let told = run(&scene, point, outcome).await;
            match outcome {
                Outcome::Ok => assert!(matches!(told, Some(Ok(()))), "{case}: {told:?}"),
                Outcome::Error => assert!(matches!(told, Some(Err(Error::Driver(_)))), "{case}: {told:?}"),
                _ => {}
            }
            scene.assert_clean(&case, number).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_outcome_at_each_point_on_postgres() {
    let port = plexidb_testkit::postgres().port();
    each_outcome_at_each_point(TestDatabase::postgres(), port).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_outcome_at_each_point_on_mariadb() {
    let port = plexidb_testkit::mariadb().port();
    each_outcome_at_each_point(TestDatabase::mariadb(), port).await;
}
