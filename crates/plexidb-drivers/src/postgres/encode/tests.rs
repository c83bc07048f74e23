//! What is sent for which value and type, and what is refused before.

use plexidb_core::{Date, Time, Timestamp};

use super::*;

fn sent(oid: u32, value: ValueRef<'_>) -> Result<(i16, Vec<u8>), Rejection> {
    let mut outbound = BytesMut::new();
    let format = write_value(&mut outbound, Parameter::new(oid), value)?;
    Ok((format, outbound.to_vec()))
}

fn reason(oid: u32, value: ValueRef<'_>) -> String {
    match sent(oid, value) {
        Err(Rejection::Reason(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn integers_take_the_width_of_their_type() {
    assert_eq!(sent(oid::INT2, ValueRef::Int(-2)), Ok((BINARY, vec![0xff, 0xfe])));
    assert_eq!(sent(oid::INT4, ValueRef::UInt(7)), Ok((BINARY, vec![0, 0, 0, 7])));
    assert_eq!(
        sent(oid::NUMERIC, ValueRef::UInt(u64::MAX)),
        Ok((TEXT, b"18446744073709551615".to_vec()))
    );
    assert!(reason(oid::INT2, ValueRef::Int(32_768)).contains("-32768 to 32767"));
    assert!(reason(oid::INT8, ValueRef::UInt(u64::MAX)).contains("18446744073709551615"));
    assert!(reason(oid::OID, ValueRef::Int(-1)).contains("0 to 4294967295"));
}

#[test]
fn a_kind_that_does_not_fit_is_refused() {
    for (oid, value) in [
        (oid::INT4, ValueRef::Bool(true)),
        (oid::INT4, ValueRef::Double(1.0)),
        (oid::BOOL, ValueRef::Int(1)),
        (oid::TEXT, ValueRef::Bytes(b"x")),
        (oid::DATE, ValueRef::Int(1)),
        (oid::DATE, ValueRef::Time(Time::from_micros(0))),
        (oid::UUID, ValueRef::Int(1)),
        (1007, ValueRef::Int(1)),
    ] {
        assert_eq!(sent(oid, value), Err(Rejection::Kind), "{oid} {value}");
    }
    let instant = ValueRef::TimestampTz(Timestamp::from_micros_since_2000(0));
    assert!(reason(oid::TIMESTAMP, instant).contains("timestamptz"));
}

#[test]
fn nul_is_refused_in_text_and_sent_in_bytes() {
    assert!(reason(oid::TEXT, ValueRef::Text("a\0b")).contains("NUL"));
    assert!(reason(99_999, ValueRef::Text("\0")).contains("NUL"));
    assert_eq!(
        sent(oid::BYTEA, ValueRef::Bytes(b"a\0b")),
        Ok((BINARY, b"a\0b".to_vec()))
    );
}

#[test]
fn infinities_and_ranges_of_dates_and_floats_are_kept() {
    assert_eq!(
        sent(oid::DATE, ValueRef::Date(Date::INFINITY)).unwrap().1,
        i32::MAX.to_be_bytes()
    );
    let early = Date::from_unix_days(i32::MIN + 1);
    assert!(reason(oid::DATE, ValueRef::Date(early)).contains("beyond its range"));
    assert!(reason(oid::FLOAT4, ValueRef::Double(1e300)).contains("beyond its range"));
    assert_eq!(
        sent(oid::FLOAT4, ValueRef::Double(f64::INFINITY)).unwrap().1,
        f32::INFINITY.to_be_bytes()
    );
}
