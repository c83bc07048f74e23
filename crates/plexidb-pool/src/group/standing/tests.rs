//! The estimate rises at once, falls by and by, and is forgotten.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < expected * 0.01)
}

#[test]
fn a_peak_counts_at_once_and_decays_over_the_time_constant() {
    let mut standing = Standing::new(10 * SECOND);
    let start = Instant::now();
    assert_eq!(standing.latency_s(start), None);
    standing.answered(MILLI, start);
    standing.answered(100 * MILLI, start + MILLI);
    assert!(near(standing.latency_s(start + MILLI), 0.1));
    // One time constant with an answer at its end: 1/e of the peak is left of what it was above the answer.
    let later = start + MILLI + 10 * SECOND;
    standing.answered(MILLI, later);
    assert!(near(standing.latency_s(later), 0.001 + 0.099 * 0.367_88));
}

#[test]
fn what_nobody_asks_any_more_is_forgotten() {
    let mut standing = Standing::new(10 * SECOND);
    let start = Instant::now();
    standing.failed(5 * SECOND, start);
    assert!(near(standing.latency_s(start), 5.0));
    assert!(standing.latency_s(start + 29 * SECOND).is_some());
    assert_eq!(standing.latency_s(start + 30 * SECOND), None);
    assert_eq!(standing.handicap(start + 30 * SECOND), 1.0);
    // What was forgotten does not come back with the next answer.
    standing.answered(MILLI, start + 31 * SECOND);
    assert!(near(standing.latency_s(start + 31 * SECOND), 0.001));
    assert_eq!(standing.handicap(start + 31 * SECOND), 1.0);
}

#[test]
fn blame_fades_with_time_and_faster_with_answers() {
    let start = Instant::now();
    let blamed = || {
        let mut standing = Standing::new(10 * SECOND);
        standing.failed(5 * SECOND, start);
        standing
    };
    assert!(blamed().handicap(start) > 1000.0);
    let later = start + 10 * SECOND;
    assert!(near(Some(blamed().handicap(later) - 1.0), 367.88));
    let mut working = blamed();
    for _ in 0..20 {
        working.answered(MILLI, start + MILLI);
    }
    assert!(working.handicap(start + MILLI) < 1.01);
}

#[test]
fn a_time_constant_of_nothing_does_no_harm() {
    let mut standing = Standing::new(Duration::ZERO);
    let start = Instant::now();
    standing.answered(MILLI, start);
    standing.answered(2 * MILLI, start);
    assert!(near(standing.latency_s(start), 0.002));
}
