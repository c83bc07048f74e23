//! Counters of statements are told apart by their form alone.

use std::time::Duration;

use plexidb_cache::Inserted;
use plexidb_core::Dialect;
use plexidb_sql::{Cacheability, Profile, Reason};

use super::{Miss, Registry, StatementPolicy};

fn record(registry: &Registry, sql: &str) -> std::sync::Arc<super::Record> {
    let profile = Profile::analyze(sql, Dialect::Sqlite);
    registry.record(&profile, &Cacheability::Cacheable)
}

#[test]
fn literals_do_not_make_another_statement() {
    let registry = Registry::new(16, true);
    record(&registry, "SELECT name FROM users WHERE id = 7").executed(Duration::from_micros(40), Some(1));
    record(&registry, "select name from users where id = 8").executed(Duration::from_micros(60), Some(2));
    record(&registry, "SELECT id FROM users").executed(Duration::from_micros(10), None);
    let [users, ids] = &registry.snapshot()[..] else {
        panic!("two statements")
    };
    assert_eq!(users.statement, "select name from users where id = ?");
    assert_eq!((users.executions, users.rows, users.errors), (2, 3, 0));
    assert_eq!(
        (users.time, users.time_max),
        (Duration::from_micros(100), Duration::from_micros(60))
    );
    assert_eq!((ids.executions, ids.errors), (1, 1));
}

#[test]
fn why_a_statement_is_not_cached_is_told_by_the_newest_schema() {
    let registry = Registry::new(16, true);
    let profile = Profile::analyze("SELECT random()", Dialect::Sqlite);
    registry.record(&profile, &Cacheability::Not(Reason::NotARead));
    assert!(registry.snapshot()[0].refusal.is_some());
    registry.record(&profile, &Cacheability::Cacheable);
    assert_eq!(registry.snapshot()[0].refusal, None);
}

#[test]
fn caching_that_never_hits_is_switched_off_and_shown() {
    for is_adaptive in [true, false] {
        let registry = Registry::new(16, is_adaptive);
        let record = record(&registry, "SELECT name FROM users");
        for _ in 0..1_200 {
            if registry.pays(&record) {
                record.missed(Miss::Stale);
                record.filled(Inserted::Stored);
                registry.judge(&record, Duration::from_micros(40), Duration::from_micros(2));
            }
        }
        let stats = &registry.snapshot()[0];
        assert_eq!(
            (stats.is_switched_off, registry.pays(&record)),
            (is_adaptive, !is_adaptive)
        );
        assert_eq!(stats.stale, stats.fills);
    }
}

#[test]
fn a_policy_holds_for_all_statements_of_a_form() {
    let registry = Registry::new(16, true);
    let policy = StatementPolicy {
        ttl: Some(Duration::from_secs(5)),
        ..StatementPolicy::default()
    };
    record(&registry, "SELECT name FROM users WHERE id = 7").set_policy(policy);
    assert_eq!(
        record(&registry, "SELECT name FROM users WHERE id = 8").policy(),
        policy
    );
    assert_eq!(
        record(&registry, "SELECT name FROM users").policy(),
        StatementPolicy::default()
    );
}

#[test]
fn quick_statements_are_not_waited_for() {
    let registry = Registry::new(16, true);
    let users = record(&registry, "SELECT name FROM users WHERE id = 7");
    assert!(users.is_worth_a_wait(), "nothing is known of it");
    users.executed(Duration::from_micros(3), Some(1));
    assert!(!users.is_worth_a_wait());
    users.executed(Duration::from_millis(2), Some(1));
    assert!(users.is_worth_a_wait(), "the mean is over 20 µs now");
}

#[test]
fn results_that_were_not_kept_are_counted_by_their_reason() {
    let registry = Registry::new(16, true);
    let users = record(&registry, "SELECT name FROM users");
    users.filled(Inserted::Stored);
    for _ in 0..2 {
        users.filled(Inserted::NotAdmitted { bytes: 7 });
    }
    for _ in 0..3 {
        users.filled(Inserted::TooLarge {
            bytes: 7,
            bytes_max: 6,
        });
    }
    users.filled(Inserted::Expired);
    let stats = &registry.snapshot()[0];
    assert_eq!((stats.fills, stats.not_admitted, stats.too_large), (1, 2, 3));
}

#[test]
fn a_time_that_says_nothing_of_the_work_is_clamped() {
    let registry = Registry::new(16, true);
    let users = record(&registry, "SELECT name FROM users");
    for _ in 0..99 {
        users.executed(Duration::from_micros(100), Some(1));
    }
    assert_eq!(
        users.usual(Duration::from_micros(300)),
        Duration::from_micros(300)
    );
    users.executed(Duration::from_micros(10_100), Some(1));
    assert_eq!(
        users.usual(Duration::from_micros(10_100)),
        Duration::from_micros(800)
    );
}
