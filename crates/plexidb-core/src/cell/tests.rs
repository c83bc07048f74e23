//! Every value survives its encoding; no bytes make the decoder panic.

use super::*;
use crate::array::Array;
use crate::value::Value;

fn every_kind() -> Vec<Value> {
    let array = Array::from_values(["a", "b"].map(|text| Value::Text(text.into())));
    vec![
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::UInt(u64::MAX),
        Value::Real(-0.0),
        Value::Double(f64::INFINITY),
        Value::Decimal("123456789012345678901234567890.5".into()),
        Value::Text("žluťoučký 🐎".into()),
        Value::Bytes(vec![0, 1, 255]),
        Value::Date(Date::INFINITY),
        Value::Time(Time::from_micros(-1)),
        Value::TimeTz(TimeTz {
            time: Time::from_micros(5),
            offset_seconds: -3_600,
        }),
        Value::Timestamp(Timestamp::NEG_INFINITY),
        Value::TimestampTz(Timestamp::from_micros_since_2000(1)),
        Value::Interval(Interval {
            months: -1,
            days: 2,
            micros: -3,
        }),
        Value::Uuid([7; 16]),
        Value::Json("{}".into()),
        Value::Bits {
            len: 9,
            bytes: vec![0xff, 0x80],
        },
        Value::Array(array),
        Value::Other("(1,2)".into()),
    ]
}

#[test]
fn every_value_survives_the_round_trip() {
    for value in every_kind() {
        let mut cell = Vec::new();
        value.as_ref().encode(&mut cell);
        assert_eq!(ValueRef::decode(&cell).map(ValueRef::to_owned), Ok(value));
    }
}

#[test]
fn truncated_or_foreign_bytes_are_an_error_or_another_value_but_never_a_panic() {
    for value in every_kind() {
        let mut cell = Vec::new();
        value.as_ref().encode(&mut cell);
        for end in 0..cell.len() {
            if let Ok(decoded) = ValueRef::decode(&cell[..end]) {
                assert_ne!(decoded.to_owned(), value);
                let _ = decoded.to_string();
            }
        }
    }
    assert_eq!(ValueRef::decode(&[200]), Err(MalformedCell));
    assert_eq!(ValueRef::decode(&[TEXT, 0xff]), Err(MalformedCell));
}
