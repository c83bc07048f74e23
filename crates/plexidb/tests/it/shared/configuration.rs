//! Processes that are configured otherwise, modes that ask for less, and what is dropped by hand.

use plexidb::{Invalidated, RedisStatus};

use super::*;

on_both! {
    another_lease_is_refused_with_words_and_takes_over_once_it_is_alone
    what_is_dropped_by_hand_is_dropped_in_all_processes
    bounded_writes_go_on_without_redis_and_are_told_later
    a_trigger_made_by_one_process_counts_for_the_writes_of_another
}

async fn another_lease_is_refused_with_words_and_takes_over_once_it_is_alone(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&one).await;
    let mut settings = settings(&redis, Coherence::Strict);
    settings.lease = Duration::from_secs(2);
    let stranger = manager(&database, settings).await;
    until("it is refused", || {
        matches!(stranger.redis_status(), RedisStatus::Degraded { .. })
    })
    .await;
    let sql = "UPDATE members SET name = 'stranger' WHERE id = 1";
    let error = stranger.execute(sql, NONE).await.unwrap_err().to_string();
    assert!(error.contains("strict, 1s, with marker"), "{error}");
    assert_eq!(read(&stranger).await.source(), Source::Database);
    assert_eq!(read(&stranger).await.source(), Source::Database);
    assert!(serves(&one));
    one.close().await;
    other.close().await;
    prime(&stranger).await;
    stranger.execute(sql, NONE).await.unwrap();
    assert_eq!(name(&read(&stranger).await), "stranger");
}

async fn what_is_dropped_by_hand_is_dropped_in_all_processes(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    prime(&one).await;
    prime(&other).await;
    // Past plexidb.
    let beside = database.connect().await;
    rename(&beside, "beside").await;
    assert_eq!(name(&read(&other).await), "Ada");
    let Invalidated {
        processes, confirmed, ..
    } = one.invalidate_table("members").await.unwrap();
    assert_eq!((processes, confirmed), (2, 2));
    assert_eq!(name(&read(&other).await), "beside");
    assert_eq!(name(&read(&one).await), "beside");
    prime(&other).await;
    assert_eq!(one.clear_cache().await.unwrap().confirmed, 2);
    assert_ne!(read(&other).await.source(), Source::L1);
    redis.kill().unwrap();
    let error = one.invalidate_table("members").await.unwrap_err().to_string();
    assert!(error.contains("will be told"), "{error}");
    assert_eq!(one.stats().shared[0].1.owed_slots, 1);
    redis.start_again().unwrap();
    until("they are told", || one.stats().shared[0].1.owed_slots == 0).await;
}

async fn bounded_writes_go_on_without_redis_and_are_told_later(database: TestDatabase) {
    let redis = redis();
    let mut settings = settings(&redis, Coherence::Bounded);
    settings.max_staleness = Duration::from_millis(600);
    let one = manager(&database, settings.clone()).await;
    one.execute_script("CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT INTO members VALUES (1, 'Ada')")
        .await
        .unwrap();
    let other = manager(&database, settings).await;
    prime(&one).await;
    prime(&other).await;
    redis.kill().unwrap();
    for round in 0..5 {
        rename(&one, &format!("without {round}")).await;
        assert_eq!(name(&read(&one).await), format!("without {round}"));
    }
    until("the bound is over", || !serves(&other)).await;
    assert_eq!(name(&read(&other).await), "without 4");
    assert!(one.stats().shared[0].1.unannounced_writes > 0);
    redis.start_again().unwrap();
    until("all is told", || {
        one.stats().shared[0].1.owed_slots == 0 && serves(&one) && serves(&other)
    })
    .await;
    prime(&other).await;
    assert_eq!(name(&read(&other).await), "without 4");
}

async fn a_trigger_made_by_one_process_counts_for_the_writes_of_another(database: TestDatabase) {
    let redis = redis();
    let (one, other) = two(&database, &redis).await;
    one.execute_script(
        "CREATE TABLE audit (id INTEGER, name VARCHAR(50)); INSERT INTO audit VALUES (0, 'none')",
    )
    .await
    .unwrap();
    prime(&other).await;
    let is_mariadb = database.url.starts_with("m");
    if !is_mariadb {
        one.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (NEW.id, NEW.name); RETURN NEW; END $$",
            NONE,
        )
        .await
        .unwrap();
    }
    let body = if is_mariadb {
        "INSERT INTO audit VALUES (NEW.id, NEW.name)"
    } else {
        "EXECUTE FUNCTION note()"
    };
    let sql = format!("CREATE TRIGGER noted AFTER UPDATE ON members FOR EACH ROW {body}");
    one.execute(&sql, NONE).await.unwrap();
    let count = "SELECT count(*) FROM audit";
    for round in 0..5_i64 {
        // Whoever may serve knows of the trigger by then.
        rename(&other, &format!("Ada {round}")).await;
        let rows = one.query(count, NONE).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), round + 2);
    }
}
