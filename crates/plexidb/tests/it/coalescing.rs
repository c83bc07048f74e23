//! Equal reads that miss at the same time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use plexidb::{
    Config, DatabaseConfig, DriverError, Error, ErrorKind, Manager, Rows, Select, Source, Transaction, params,
};

use crate::databases::{NONE, TestDatabase, on_each_database};

on_each_database! {
    equal_misses_at_once_make_one_execution
    other_parameters_and_other_limits_do_not_share
    a_read_that_begins_after_a_write_starts_its_own
    a_dropped_leader_leaves_nobody_waiting
    errors_are_each_ones_own
    a_follower_obeys_its_own_timeout
    reads_past_the_cache_share_nothing
}

const READ: &str = "SELECT body FROM notes WHERE id <= :id ORDER BY id";
const READERS: usize = 8;
const BYTES_MAX: usize = 1 << 20;

type Read<'a> = Pin<Box<dyn Future<Output = Result<Rows, Error>> + Send + 'a>>;

/// All connections, taken, so that nothing that begins ends before it is opened.
struct Gate(Vec<Transaction>);

impl Gate {
    async fn close(db: &Manager) -> Self {
        let mut taken = Vec::new();
        for _ in 0..db.stats().pools[0].1.connections_max {
            taken.push(db.begin().await.unwrap());
        }
        Self(taken)
    }

    async fn open(self) {
        for transaction in self.0 {
            transaction.rollback().await.unwrap();
        }
    }

    /// Opens it with a write.
    async fn write(mut self, body: &str) {
        let mut last = self.0.pop().unwrap();
        let update = "UPDATE notes SET body = :body WHERE id = 1";
        last.execute(update, params! { body: body }).await.unwrap();
        last.commit().await.unwrap();
        self.open().await;
    }
}

/// A read that has begun and goes on only when it is awaited: it cannot end before then.
fn begin<'a>(read: impl Future<Output = Result<Rows, Error>> + Send + 'a) -> Read<'a> {
    let mut read: Read<'a> = Box::pin(read);
    let is_ready = read
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready();
    assert!(!is_ready, "it was answered at once");
    read
}

fn read(db: &Manager) -> Select<'_> {
    db.select(READ).bind_named("id", 2)
}

fn begin_all(db: &Manager) -> Vec<Read<'_>> {
    (0..READERS).map(|_| begin(read(db).fetch())).collect()
}

/// Executions and coalesced reads of the statement.
fn counted(db: &Manager) -> (u64, u64) {
    db.databases()[0]
        .statement_stats()
        .iter()
        .filter(|stats| stats.statement.starts_with("select body"))
        .fold((0, 0), |(executions, coalesced), stats| {
            (executions + stats.executions, coalesced + stats.coalesced)
        })
}

fn first(rows: &Rows) -> String {
    rows[0].get(0).unwrap()
}

/// Notes, of which the first says "first", behind so many connections.
async fn notes(database: &TestDatabase, connections: usize) -> Manager {
    drop(database.with_schema().await);
    let config = Config::builder().database(DatabaseConfig {
        connection_pool_size: connections,
        max_overflow: 0,
        ..DatabaseConfig::from_url("test", database.url.as_str())
    });
    let db = Manager::from_config(config.build().unwrap()).await.unwrap();
    let more: Vec<_> = (2..=9).map(|id| format!("({id}, 'note {id}')")).collect();
    db.execute(&format!("INSERT INTO notes VALUES {}", more.join(", ")), NONE)
        .await
        .unwrap();
    db
}

async fn equal_misses_at_once_make_one_execution(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let reads = begin_all(&db);
    gate.open().await;
    let mut sources = Vec::new();
    for read in reads {
        let rows = read.await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(first(&rows), "first");
        sources.push(rows.source());
    }
    assert_eq!(sources[0], Source::Database);
    assert!(sources[1..].iter().all(|source| *source == Source::Coalesced));
    assert_eq!(counted(&db), (1, READERS as u64 - 1));
    assert_eq!(db.cache_stats().coalesced, READERS as u64 - 1);
    assert_eq!(read(&db).fetch().await.unwrap().source(), Source::L1);
}

async fn other_parameters_and_other_limits_do_not_share(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let one = begin(db.select(READ).bind_named("id", 1).fetch());
    let three = begin(db.select(READ).bind_named("id", 3).fetch());
    gate.open().await;
    assert_eq!(one.await.unwrap().len(), 1);
    assert_eq!(three.await.unwrap().len(), 3);

    let gate = Gate::close(&db).await;
    let limited = begin(read(&db).limits(1, BYTES_MAX).fetch());
    let free = begin(read(&db).fetch());
    gate.open().await;
    let error = limited.await.unwrap_err();
    assert_eq!(
        error.driver().map(DriverError::kind),
        Some(ErrorKind::ResultTooLarge)
    );
    let rows = free.await.unwrap();
    assert_eq!((rows.len(), rows.source()), (2, Source::Database));
}

async fn a_read_that_begins_after_a_write_starts_its_own(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let leader = begin(read(&db).fetch());
    let joined = begin(read(&db).fetch());
    gate.write("changed").await;
    let later = begin(read(&db).fetch());
    let joined_later = begin(read(&db).fetch());
    // The first one goes on before the others, so that its answer is there to be taken.
    let leader = leader.await.unwrap();
    let joined = joined.await.unwrap();
    assert_eq!(joined.source(), Source::Coalesced);
    assert_eq!(leader.into_set(), joined.into_set());
    let later = later.await.unwrap();
    assert_eq!(
        (first(&later), later.source()),
        ("changed".to_owned(), Source::Database)
    );
    let joined_later = joined_later.await.unwrap();
    assert_eq!(
        (first(&joined_later), joined_later.source()),
        ("changed".to_owned(), Source::Coalesced)
    );
    assert_eq!(counted(&db), (2, 2));
}

async fn a_dropped_leader_leaves_nobody_waiting(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let mut reads = begin_all(&db);
    drop(reads.remove(0));
    gate.open().await;
    for read in reads {
        assert_eq!(first(&read.await.unwrap()), "first");
    }
    // The next ones start anew, and nothing is left of the flight.
    Gate::close(&db).await.write("changed").await;
    let gate = Gate::close(&db).await;
    let reads = begin_all(&db);
    gate.open().await;
    for read in reads {
        assert_eq!(first(&read.await.unwrap()), "changed");
    }
}

async fn errors_are_each_ones_own(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let reads: Vec<_> = (0..READERS)
        .map(|_| begin(read(&db).limits(1, BYTES_MAX).fetch()))
        .collect();
    gate.open().await;
    for read in reads {
        let error = read.await.unwrap_err();
        assert_eq!(
            error.driver().map(DriverError::kind),
            Some(ErrorKind::ResultTooLarge),
            "{error}"
        );
    }
    assert_eq!(counted(&db), (READERS as u64, 0), "each has asked itself");
}

async fn a_follower_obeys_its_own_timeout(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let leader = begin(read(&db).fetch());
    let follower = read(&db).timeout(Duration::from_millis(20)).fetch();
    let error = follower.await.unwrap_err();
    assert_eq!(
        error.driver().map(DriverError::kind),
        Some(ErrorKind::Cancelled),
        "{error}"
    );
    gate.open().await;
    assert_eq!(leader.await.unwrap().len(), 2);
}

async fn reads_past_the_cache_share_nothing(database: TestDatabase) {
    let db = notes(&database, 1).await;
    let gate = Gate::close(&db).await;
    let one = begin(read(&db).no_cache().fetch());
    let other = begin(read(&db).no_cache().fetch());
    gate.open().await;
    assert_eq!(one.await.unwrap().source(), Source::Database);
    assert_eq!(other.await.unwrap().source(), Source::Database);
}

/// A task that polls one read, then awaits an equal one before it goes on with the first, must not wait for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_nobody_polls_is_given_up() {
    let database = TestDatabase::postgres();
    let db = notes(&database, 2).await;
    let gate = Gate::close(&db).await;
    let leader = begin(read(&db).fetch());
    gate.open().await;
    let rows = read(&db).fetch().await.unwrap();
    assert_eq!((rows.len(), rows.source()), (2, Source::Database));
    assert_eq!(leader.await.unwrap().len(), 2);
}
