//! Redis that is absent, frozen, cut off or dead: what writes and reads do then, as it is configured.

use plexidb::{OnPartition, RedisStatus};

use super::*;

on_both! {
    a_pool_of_one_connection_takes_part_and_writes_without_redis
    who_is_to_refuse_says_why_and_sends_nothing
    a_transaction_commits_without_redis
}

fn small(database: &TestDatabase, redis: &Redis, change: impl FnOnce(&mut RedisConfig)) -> Config {
    let mut settings = settings(redis, Coherence::Strict);
    change(&mut settings);
    let mut database = DatabaseConfig::from_url("chat", database.url.clone());
    database.connection_pool_size = 1;
    database.max_overflow = 0;
    Config::builder()
        .database(database)
        .redis(settings)
        .build()
        .unwrap()
}

async fn a_pool_of_one_connection_takes_part_and_writes_without_redis(database: TestDatabase) {
    let redis = redis();
    let one = Manager::from_config(small(&database, &redis, |_| ()))
        .await
        .unwrap();
    // The first write has the only connection while the first epoch is settled.
    one.execute_script("CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT INTO members VALUES (1, 'Ada')")
        .await
        .unwrap();
    let other = connect(&database, &redis).await;
    prime(&other).await;
    redis.kill().unwrap();
    let writes = (0..4).map(|round| {
        let one = one.clone();
        tokio::spawn(async move { rename(&one, &format!("without {round}")).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    let truth = one.query_with(SELECT, NONE, no_cache()).await.unwrap();
    assert_eq!(name(&read(&other).await), name(&truth));
    assert!(matches!(one.redis_status(), RedisStatus::Degraded { .. }));
}

async fn who_is_to_refuse_says_why_and_sends_nothing(database: TestDatabase) {
    let redis = redis();
    let refuse = |settings: &mut RedisConfig| settings.on_partition = OnPartition::Refuse;
    let one = Manager::from_config(small(&database, &redis, refuse))
        .await
        .unwrap();
    one.execute_script("CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT INTO members VALUES (1, 'Ada')")
        .await
        .unwrap();
    prime(&one).await;
    redis.kill().unwrap();
    until("there is no lease any more", || !serves(&one)).await;
    let sql = "UPDATE members SET name = 'lost' WHERE id = 1";
    let error = one.execute(sql, NONE).await.unwrap_err().to_string();
    assert!(
        error.contains("was not sent") && error.contains("Redis cannot be reached"),
        "{error}"
    );
    assert_eq!(name(&read(&one).await), "Ada");
    redis.start_again().unwrap();
    prime(&one).await;
    rename(&one, "back").await;
    assert_eq!(name(&read(&one).await), "back");
    assert_eq!(one.redis_status(), RedisStatus::Connected);
}

async fn a_transaction_commits_without_redis(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&other).await;
    redis.kill().unwrap();
    let mut transaction = one.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET name = 'Grace' WHERE id = 1", NONE)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(name(&read(&other).await), "Grace");
    redis.start_again().unwrap();
    until("both serve again", || serves(&one) && serves(&other)).await;
    prime(&other).await;
    rename(&one, "back").await;
    assert_eq!(name(&read(&other).await), "back");
}
