//! Text forms of values.

use super::*;

#[test]
fn values_print_as_psql_prints_them() {
    let uuid = [
        0x55, 0x0e, 0x84, 0, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0,
    ];
    for (value, text) in [
        (ValueRef::Double(f64::NAN), "NaN"),
        (ValueRef::Real(f32::NEG_INFINITY), "-Infinity"),
        (ValueRef::Real(0.1), "0.1"),
        (ValueRef::Double(3.0), "3"),
        (ValueRef::Bytes(&[0, 255]), "\\x00ff"),
        (
            ValueRef::Bits(Bits {
                len: 5,
                bytes: &[0b1010_1000],
            }),
            "10101",
        ),
        (ValueRef::Uuid(uuid), "550e8400-e29b-41d4-a716-446655440000"),
        (
            ValueRef::TimestampTz(Timestamp::from_micros_since_2000(0)),
            "2000-01-01 00:00:00+00",
        ),
        (ValueRef::TimestampTz(Timestamp::INFINITY), "infinity"),
    ] {
        assert_eq!(value.to_string(), text);
    }
}

#[test]
fn a_value_and_its_copy_are_equal() {
    for value in [
        ValueRef::Text("ä"),
        ValueRef::UInt(u64::MAX),
        ValueRef::Bits(Bits {
            len: 3,
            bytes: &[0xe0],
        }),
    ] {
        assert_eq!(value.to_owned().as_ref(), value);
    }
    assert_ne!(ValueRef::Int(1), ValueRef::UInt(1));
}
