//! What is sent, and what is refused before it is sent.

use mysql_async::{Params, Value as Wire};
use plexidb_core::{Array, Bits, Date, DriverError, Interval, Time, Timestamp, ValueRef};

use super::encode;

fn sent(value: ValueRef<'_>) -> Wire {
    match encode(&[value], 1, 1 << 24).unwrap() {
        Params::Positional(mut values) => values.remove(0),
        other => panic!("{other:?}"),
    }
}

fn refused(value: ValueRef<'_>) -> String {
    let error = encode(&[ValueRef::Null, value], 2, 64).unwrap_err();
    assert!(
        matches!(error, DriverError::ParameterType { position: 2, .. }),
        "{error}"
    );
    error.to_string()
}

fn timestamp(year: i32, micros: i64) -> Timestamp {
    Timestamp::from_parts(Date::from_ymd(year, 12, 31).unwrap(), Time::from_micros(micros)).unwrap()
}

#[test]
fn dates_and_times_keep_their_microseconds() {
    let last = timestamp(9999, 86_399_999_999);
    assert_eq!(
        sent(ValueRef::Timestamp(last)),
        Wire::Date(9999, 12, 31, 23, 59, 59, 999_999)
    );
    let longest = Time::from_micros(-3_020_399_999_999);
    assert_eq!(
        sent(ValueRef::Time(longest)),
        Wire::Time(true, 34, 22, 59, 59, 999_999)
    );
    let first = Date::from_ymd(1, 1, 1).unwrap();
    assert_eq!(sent(ValueRef::Date(first)), Wire::Date(1, 1, 1, 0, 0, 0, 0));
}

#[test]
fn bits_are_sent_as_their_number() {
    let bits = |len, bytes| ValueRef::Bits(Bits { len, bytes });
    assert_eq!(sent(bits(3, &[0b1010_0000])), Wire::UInt(0b101));
    assert_eq!(sent(bits(12, &[0xab, 0xc0])), Wire::UInt(0xabc));
    assert_eq!(sent(bits(64, &[0xff; 8])), Wire::UInt(u64::MAX));
    assert!(refused(bits(65, &[0; 9])).contains("64 bits"));
    assert!(refused(bits(9, &[0])).contains("64 bits"));
}

#[test]
fn a_uuid_is_sent_as_its_text() {
    let uuid = ValueRef::Uuid([0x12; 16]);
    assert_eq!(
        sent(uuid),
        Wire::Bytes(b"12121212-1212-1212-1212-121212121212".to_vec())
    );
}

#[test]
fn what_mysql_cannot_hold_is_refused() {
    assert!(refused(ValueRef::Double(f64::NAN)).contains("NaN"));
    assert!(refused(ValueRef::Real(f32::INFINITY)).contains("infinity"));
    assert!(refused(ValueRef::Decimal("NaN")).contains("NaN"));
    assert!(refused(ValueRef::Decimal("-Infinity")).contains("infinity"));
    assert!(refused(ValueRef::Date(Date::INFINITY)).contains("9999"));
    assert!(refused(ValueRef::Date(Date::from_ymd(0, 1, 1).unwrap())).contains("year 1"));
    assert!(refused(ValueRef::Timestamp(timestamp(10_000, 0))).contains("9999"));
    assert!(refused(ValueRef::TimestampTz(Timestamp::NEG_INFINITY)).contains("infinite"));
    assert!(refused(ValueRef::Time(Time::from_micros(3_020_400_000_000))).contains("838:59:59"));
    assert!(refused(ValueRef::Interval(Interval::default())).contains("interval"));
    assert!(refused(ValueRef::Array(Array::from_values([]).as_ref())).contains("arrays"));
}

#[test]
fn what_the_server_takes_bounds_all_values_together() {
    let half = "x".repeat(500);
    let text = ValueRef::Text(&half);
    assert!(encode(&[text], 1, 1_000).is_ok());
    let error = encode(&[ValueRef::Int(1), text, text], 3, 1_000).unwrap_err();
    assert!(
        matches!(error, DriverError::ParameterType { position: 2, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("max_allowed_packet is 1000"),
        "{error}"
    );
    // Large values are sent one by one.
    let large = "x".repeat(10 << 20);
    let text = ValueRef::Text(&large);
    assert!(encode(&[text, text], 2, 1 << 24).is_ok());
    assert!(encode(&[text, text], 2, 10 << 20).is_err());
}

#[test]
fn the_count_is_checked() {
    let error = encode(&[ValueRef::Null], 2, 64).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statement takes 2 parameters, 1 were given"
    );
    assert_eq!(encode(&[], 0, 64).unwrap(), Params::Empty);
}
