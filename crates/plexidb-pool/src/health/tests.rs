//! Delays between attempts.

use super::*;

const BACKOFF: ConnectBackoff = ConnectBackoff {
    attempts_max: 3,
    delay_min: Duration::from_millis(100),
    delay_max: Duration::from_millis(1_000),
};

fn refused() -> Arc<DriverError> {
    Arc::new(crate::error::no_answer("db", None, Duration::ZERO))
}

#[test]
fn delays_double_up_to_a_bound_and_differ_by_chance() {
    for (failures, longest) in [
        (1, 100),
        (2, 200),
        (3, 400),
        (4, 800),
        (5, 1_000),
        (u32::MAX, 1_000),
    ] {
        let longest = Duration::from_millis(longest);
        let delays: Vec<_> = (0..100).map(|_| delay(BACKOFF, failures)).collect();
        assert!(
            delays.iter().all(|delay| (longest / 2..=longest).contains(delay)),
            "{failures}: {delays:?}"
        );
        let spread = delays
            .iter()
            .max()
            .unwrap()
            .saturating_sub(*delays.iter().min().unwrap());
        assert!(spread > longest / 4, "{failures}: {delays:?}");
    }
}

#[test]
fn failures_side_by_side_count_once() {
    let now = Instant::now();
    let mut health = Health::default();
    health.note_success();
    for _ in 0..10 {
        health.note_failure(refused(), now, BACKOFF);
    }
    assert_eq!(health.failures, 1);
    assert!((50..=100).contains(&health.delay(now).as_millis()));
    let later = now + Duration::from_millis(100);
    assert_eq!(health.delay(later), Duration::ZERO);
    health.note_failure(refused(), later, BACKOFF);
    assert_eq!(health.failures, 2);
    health.note_success();
    assert_eq!((health.failures, health.delay(later)), (0, Duration::ZERO));
}

#[test]
fn only_a_reached_server_and_what_time_may_mend_are_worth_a_retry() {
    let now = Instant::now();
    let mut health = Health::default();
    assert!(!health.is_worth_a_retry(&refused(), BACKOFF));
    health.note_success();
    assert!(health.is_worth_a_retry(&refused(), BACKOFF));
    let denied = DriverError::Authentication {
        target: "db".into(),
        user: "ada".into(),
        message: "no".into(),
    };
    assert!(!health.is_worth_a_retry(&denied, BACKOFF));
    for round in 0..3 {
        health.note_failure(refused(), now + round * Duration::from_secs(2), BACKOFF);
    }
    assert!(!health.is_worth_a_retry(&refused(), BACKOFF));
}
