//! What the live view shows.

use std::time::Duration;

use super::{Moment, line, table};

fn moment(seconds: u64, operations_per_second: f64, hit_ratio: f64) -> Moment {
    Moment {
        elapsed: Duration::from_secs(seconds),
        operations_per_second,
        hit_ratio,
        p50: Duration::from_micros(45),
        p99: Duration::from_micros(1_234),
    }
}

#[test]
fn both_runs_stand_side_by_side() {
    let (direct, layer) = (moment(10, 12_345.6, 0.0), moment(4, 98_765.4, 0.871));
    insta::assert_snapshot!(table(Some(direct), Some(layer), Duration::from_secs(10)), @r"
                        directly       plexidb
    operations/s          12,345        98,765
    p50                  45.0 µs       45.0 µs
    p99                  1.23 ms       1.23 ms
    hit ratio              0.0 %        87.1 %
    time              10 of 10 s     4 of 10 s
    ");
    insta::assert_snapshot!(table(Some(direct), None, Duration::from_secs(10)), @r"
                        directly       plexidb
    operations/s          12,345             –
    p50                  45.0 µs             –
    p99                  1.23 ms             –
    hit ratio              0.0 %             –
    time              10 of 10 s     0 of 10 s
    ");
    let expected = "plexidb: 4 s, 98,765 operations/s, p50 45.0 µs, p99 1.23 ms, hit ratio 87.1 %";
    assert_eq!(line("plexidb", layer), expected);
}
