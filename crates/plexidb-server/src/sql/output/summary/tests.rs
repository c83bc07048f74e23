//! Numbers and times as people read them.

use std::time::Duration;

use super::{count, describe_duration, grouped};

#[test]
fn numbers_are_grouped_and_counted() {
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1_000), "1,000");
    assert_eq!(grouped(1_234_567), "1,234,567");
    assert_eq!(count(1), "1 row");
    assert_eq!(count(0), "0 rows");
}

#[test]
fn times_have_the_unit_that_fits() {
    assert_eq!(describe_duration(Duration::from_nanos(1_400)), "1 µs");
    assert_eq!(describe_duration(Duration::from_micros(12_340)), "12.3 ms");
    assert_eq!(describe_duration(Duration::from_millis(2_346)), "2.35 s");
    assert_eq!(describe_duration(Duration::from_secs(125)), "2 min 5 s");
}
