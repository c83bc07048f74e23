//! Cells of both protocols, and those that hold nothing that core could.

use mysql_async::Value as Wire;
use plexidb_core::Value;

use super::{Cell, Malformed, decode};

fn read(cell: Cell, wire: Wire) -> Result<Value, Malformed> {
    let mut value = None;
    decode(cell, &wire, |decoded| value = Some(decoded.to_owned()))?;
    Ok(value.unwrap())
}

fn bytes(text: &str) -> Wire {
    Wire::Bytes(text.as_bytes().to_vec())
}

#[test]
fn both_protocols_give_the_same_value() {
    let pairs = [
        (Cell::Int, Wire::Int(-5), "-5"),
        (Cell::UInt, Wire::UInt(u64::MAX), "18446744073709551615"),
        (Cell::UInt, Wire::Int(5), "5"),
        (Cell::Double, Wire::Double(1.5e300), "1.5e300"),
        (Cell::Date, Wire::Date(2024, 2, 29, 0, 0, 0, 0), "2024-02-29"),
        (
            Cell::Timestamp,
            Wire::Date(9999, 12, 31, 23, 59, 59, 999_999),
            "9999-12-31 23:59:59.999999",
        ),
        (
            Cell::TimestampTz,
            Wire::Date(2024, 1, 2, 3, 4, 5, 600_000),
            "2024-01-02 03:04:05.6",
        ),
        (
            Cell::Time,
            Wire::Time(true, 34, 22, 59, 59, 999_999),
            "-838:59:59.999999",
        ),
        (
            Cell::Timestamp,
            Wire::Date(2024, 0, 0, 0, 0, 0, 0),
            "2024-00-00 00:00:00",
        ),
    ];
    for (cell, binary, text) in pairs {
        assert_eq!(read(cell, binary), read(cell, bytes(text)), "{text}");
    }
}

#[test]
fn dates_that_are_none_arrive_as_text() {
    assert_eq!(
        read(Cell::Date, Wire::Date(0, 0, 0, 0, 0, 0, 0)),
        Ok(Value::Other("0000-00-00".into()))
    );
    assert_eq!(
        read(Cell::Date, Wire::Date(2024, 2, 30, 0, 0, 0, 0)),
        Ok(Value::Other("2024-02-30".into()))
    );
    assert_eq!(
        read(Cell::TimestampTz, Wire::Date(0, 0, 0, 0, 0, 0, 0)),
        Ok(Value::Other("0000-00-00 00:00:00".into()))
    );
    assert_eq!(
        read(Cell::Timestamp, Wire::Date(2024, 0, 1, 2, 3, 4, 5)),
        Ok(Value::Other("2024-00-01 02:03:04.000005".into()))
    );
}

#[test]
fn bits_come_first_bit_first() {
    let bits = |len, number: &[u8]| {
        read(Cell::Bits(len), Wire::Bytes(number.to_vec())).map(|value| match value {
            Value::Bits { .. } => value.to_string(),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(bits(1, &[1]).unwrap(), "1");
    assert_eq!(bits(3, &[0b101]).unwrap(), "101");
    assert_eq!(bits(12, &[0x0a, 0xbc]).unwrap(), "101010111100");
    assert_eq!(bits(64, &[0xff; 8]).unwrap(), "1".repeat(64));
    assert_eq!(bits(65, &[0; 9]), Err(Malformed::Content));
}

#[test]
fn malformed_content_is_an_error_and_never_a_panic() {
    for (cell, text) in [
        (Cell::Int, "five"),
        (Cell::UInt, "-1"),
        (Cell::Date, "today"),
        (Cell::Timestamp, "2024-01-01 12"),
        (Cell::Timestamp, "2024-01-01 12:00:00.1234567"),
        (Cell::Time, "noon"),
    ] {
        assert_eq!(read(cell, bytes(text)), Err(Malformed::Content), "{text}");
    }
    assert_eq!(read(Cell::UInt, Wire::Int(-1)), Err(Malformed::Content));
    assert_eq!(
        read(Cell::Text, Wire::Bytes(vec![0xff])),
        Err(Malformed::Encoding)
    );
}
