//! The forms of numbers, at their edges.

use std::time::Duration;

use super::{bytes, count, duration, factor, percent};

#[test]
fn numbers_have_separators_and_units() {
    assert_eq!(
        ["0", "999", "1,000", "1,234,567"],
        [0, 999, 1_000, 1_234_567]
            .map(count)
            .each_ref()
            .map(String::as_str)
    );
    let durations = [
        0,
        310,
        999,
        1_234,
        45_678,
        999_499,
        999_500,
        8_000_000,
        1_500_000_000,
    ];
    assert_eq!(
        [
            "0 ns", "310 ns", "999 ns", "1.23 µs", "45.7 µs", "999 µs", "1.00 ms", "8.00 ms", "1.50 s"
        ],
        durations
            .map(|ns| duration(Duration::from_nanos(ns)))
            .each_ref()
            .map(String::as_str),
    );
    assert_eq!(
        (factor(8.14).as_str(), factor(1_234.4).as_str()),
        ("8.1×", "1,234×")
    );
    assert_eq!(percent(0.8714), "87.1 %");
    assert_eq!(
        (bytes(512).as_str(), bytes(3 << 19).as_str()),
        ("512 B", "1.5 MiB")
    );
}
