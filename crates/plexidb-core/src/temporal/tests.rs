//! Text forms and conversions, with PostgreSQL's own output as the expectation.

use super::*;

#[test]
fn dates_print_as_postgresql_prints_them() {
    for (date, text) in [
        (Date::from_ymd(2024, 2, 29), "2024-02-29"),
        (Date::from_ymd(-43, 3, 15), "0044-03-15 BC"),
        (Date::from_ymd(5_874_897, 12, 31), "5874897-12-31"),
        (Date::from_ymd(0, 1, 1), "0001-01-01 BC"),
        (Some(Date::INFINITY), "infinity"),
        (Some(Date::NEG_INFINITY), "-infinity"),
    ] {
        assert_eq!(date.map(|date| date.to_string()).as_deref(), Some(text));
    }
    assert_eq!(Date::from_ymd(2023, 2, 29), None);
    assert_eq!(Date::from_ymd(2023, 13, 1), None);
}

#[test]
fn civil_dates_and_day_counts_are_inverse() {
    for days in (-3_000_000..3_000_000).step_by(97) {
        let date = Date::from_unix_days(days);
        let (year, month, day) = date.ymd().unwrap();
        assert_eq!(Date::from_ymd(year, month, day), Some(date));
    }
}

#[test]
fn the_latest_timestamp_of_postgresql_is_held() {
    let date = Date::from_ymd(294_276, 12, 31).unwrap();
    let latest = Timestamp::from_parts(date, Time::from_micros(86_399_999_999)).unwrap();
    assert_eq!(latest.to_string(), "294276-12-31 23:59:59.999999");
    assert!(jiff::Timestamp::try_from(latest).is_err());
}

#[test]
fn jiff_values_survive_the_round_trip() {
    let local: jiff::civil::DateTime = "1969-07-20T20:17:40.123456".parse().unwrap();
    assert_eq!(jiff::civil::DateTime::try_from(Timestamp::from(local)), Ok(local));
    let instant: jiff::Timestamp = "2038-01-19T03:14:08.000001Z".parse().unwrap();
    assert_eq!(jiff::Timestamp::try_from(Timestamp::from(instant)), Ok(instant));
    assert!(jiff::Timestamp::try_from(Timestamp::INFINITY).is_err());
}

#[test]
fn intervals_and_times_print_as_postgresql_prints_them() {
    for (months, days, micros, text) in [
        (14, -3, 14_706_700_000, "1 year 2 mons -3 days +04:05:06.7"),
        (0, 0, 0, "00:00:00"),
        (-1, 1, 0, "-1 mons +1 day"),
        (0, 0, -1, "-00:00:00.000001"),
    ] {
        assert_eq!(Interval { months, days, micros }.to_string(), text);
    }
    assert_eq!(Time::from_micros(-3_020_399_000_000).to_string(), "-838:59:59");
    let zoned = TimeTz {
        time: Time::from_micros(1),
        offset_seconds: -12_600,
    };
    assert_eq!(zoned.to_string(), "00:00:00.000001-03:30");
}
