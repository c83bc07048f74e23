//! Times as people write them.

use std::time::Duration;

use super::parse_duration;

#[test]
fn times_have_units() {
    assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
    assert_eq!(parse_duration("1.5"), Ok(Duration::from_millis(1_500)));
    assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
    assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3_600)));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in ["", "s", "-1s", "0", "NaN", "inf", "5 parsecs", "1e300h"] {
        assert!(parse_duration(text).is_err(), "{text:?} must be refused");
    }
}
