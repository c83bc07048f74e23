//! Processes that share results through Redis: none serves a stale one, whatever becomes of Redis or of the others.
//!
//! The "processes" are managers of this one: they share nothing but Redis and the database.

use std::time::{Duration, Instant};

use plexidb::{Coherence, Config, DatabaseConfig, Execution, Manager, RedisConfig, Rows, Source};
use plexidb_testkit::{Private, Redis};

use super::databases::{NONE, TestDatabase};

macro_rules! on_both {
    ($($test:ident)+) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::TestDatabase::postgres()).await;
            })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::TestDatabase::mariadb()).await;
            })+
        }
    };
}

mod configuration;
mod partition;

const SELECT: &str = "SELECT name FROM members WHERE id = 1";
const PATIENCE: Duration = Duration::from_secs(20);

/// Redis of its own, as it is killed.
fn redis() -> Private<Redis> {
    Redis::start_private().unwrap()
}

fn settings(redis: &Redis, coherence: Coherence) -> RedisConfig {
    let mut settings = RedisConfig::from_url(redis.url());
    settings.coherence = coherence;
    settings.lease = Duration::from_secs(1);
    // Other tests keep the machine busy.
    settings.timeout = Duration::from_millis(200);
    settings
}

async fn manager(database: &TestDatabase, settings: RedisConfig) -> Manager {
    let config = Config::builder()
        .database(DatabaseConfig::from_url("chat", database.url.clone()))
        .redis(settings)
        .build()
        .unwrap();
    Manager::from_config(config).await.unwrap()
}

async fn connect(database: &TestDatabase, redis: &Redis) -> Manager {
    manager(database, settings(redis, Coherence::Strict)).await
}

fn no_cache() -> Execution {
    Execution {
        no_cache: true,
        ..Execution::default()
    }
}

fn serves(db: &Manager) -> bool {
    db.stats().shared[0].1.serves
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn read(db: &Manager) -> Rows {
    db.query(SELECT, NONE).await.unwrap()
}

fn name(rows: &Rows) -> String {
    rows[0].get(0).unwrap()
}

async fn rename(db: &Manager, name: &str) {
    let sql = format!("UPDATE members SET name = '{name}' WHERE id = 1");
    db.execute(&sql, NONE).await.unwrap();
}

/// Reads until the cache of the process answers.
async fn prime(db: &Manager) {
    let begun = Instant::now();
    while read(db).await.source() != Source::L1 {
        assert!(
            begun.elapsed() < PATIENCE,
            "nothing is served from the cache: {:?}",
            db.stats().shared
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn two(database: &TestDatabase, redis: &Redis) -> (Manager, Manager) {
    let one = connect(database, redis).await;
    one.execute_script("CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT INTO members VALUES (1, 'Ada')")
        .await
        .unwrap();
    let other = connect(database, redis).await;
    (one, other)
}

on_both! {
    what_one_process_writes_the_others_see_at_once
    what_one_process_has_fetched_another_takes_from_redis
    redis_dies_and_comes_back_empty
    a_process_that_vanishes_delays_a_write_once
    a_change_of_the_schema_reaches_the_others
}

async fn what_one_process_writes_the_others_see_at_once(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    for round in 0..20 {
        prime(&other).await;
        rename(&one, &format!("Ada {round}")).await;
        assert_eq!(name(&read(&other).await), format!("Ada {round}"));
        prime(&one).await;
        let mut transaction = other.begin().await.unwrap();
        transaction
            .execute("UPDATE members SET name = 'Grace' WHERE id = 1", NONE)
            .await
            .unwrap();
        assert_ne!(name(&read(&one).await), "Grace");
        transaction.commit().await.unwrap();
        assert_eq!(name(&read(&one).await), "Grace");
    }
}

async fn what_one_process_has_fetched_another_takes_from_redis(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    until("both have a lease", || serves(&one) && serves(&other)).await;
    let begun = Instant::now();
    for round in 0.. {
        let renamed = format!("Ada {round}");
        rename(&one, &renamed).await;
        // Its result is written down in the background.
        read(&one).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let rows = read(&other).await;
        assert_eq!(name(&rows), renamed);
        if rows.source() == Source::L2 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", other.stats().shared);
    }
    assert_eq!(read(&other).await.source(), Source::L1);
    rename(&one, "Grace").await;
    assert_eq!(name(&read(&other).await), "Grace");
}

async fn redis_dies_and_comes_back_empty(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&one).await;
    prime(&other).await;
    redis.kill().unwrap();
    for round in 0..5 {
        rename(&one, &format!("without {round}")).await;
        assert_eq!(name(&read(&other).await), format!("without {round}"));
        rename(&other, &format!("other {round}")).await;
        assert_eq!(name(&read(&one).await), format!("other {round}"));
    }
    redis.start_again().unwrap();
    until("both serve again", || serves(&one) && serves(&other)).await;
    prime(&one).await;
    prime(&other).await;
    rename(&one, "back").await;
    assert_eq!(name(&read(&other).await), "back");
}

async fn a_process_that_vanishes_delays_a_write_once(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&one).await;
    prime(&other).await;
    // It neither leaves nor answers.
    let runtime = std::mem::ManuallyDrop::new(other);
    drop(std::mem::ManuallyDrop::into_inner(runtime));
    rename(&one, "alone").await;
    prime(&one).await;
    assert_eq!(name(&read(&one).await), "alone");
}

async fn a_change_of_the_schema_reaches_the_others(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&other).await;
    one.execute("ALTER TABLE members ADD COLUMN score INTEGER DEFAULT 7", NONE)
        .await
        .unwrap();
    let all = "SELECT * FROM members";
    assert_eq!(other.query(all, NONE).await.unwrap().columns().len(), 3);
    until("both serve again", || serves(&one) && serves(&other)).await;
    prime(&one).await;
    prime(&other).await;
    rename(&other, "later").await;
    assert_eq!(name(&read(&one).await), "later");
}
