//! Binary cells as PostgreSQL sends them, and bytes that it never would.

use plexidb_core::Column;
use proptest::prelude::*;

use super::*;

fn numeric(groups: &[u16], weight: i16, sign: u16, scale: u16) -> String {
    let mut cell = (groups.len() as u16).to_be_bytes().to_vec();
    cell.extend_from_slice(&weight.to_be_bytes());
    cell.extend_from_slice(&sign.to_be_bytes());
    cell.extend_from_slice(&scale.to_be_bytes());
    groups
        .iter()
        .for_each(|group| cell.extend_from_slice(&group.to_be_bytes()));
    numeric_text(&cell).unwrap()
}

#[test]
fn numeric_groups_become_decimal_text() {
    assert_eq!(numeric(&[], 0, 0, 0), "0");
    assert_eq!(numeric(&[], 0, 0, 3), "0.000");
    assert_eq!(numeric(&[1, 2345], 1, 0, 0), "12345");
    assert_eq!(numeric(&[1], 2, 0, 0), "100000000");
    assert_eq!(numeric(&[12, 5000], 0, 0x4000, 2), "-12.50");
    assert_eq!(numeric(&[12], -2, 0, 8), "0.00000012");
    assert_eq!(numeric(&[], 0, 0xC000, 0), "NaN");
    assert_eq!(numeric(&[], 0, 0xF000, 0), "-Infinity");
}

#[test]
fn dates_beyond_the_servers_range_are_malformed() {
    assert_eq!(date(i32::MAX), Ok(Date::INFINITY));
    assert_eq!(date(-1), Ok(Date::from_unix_days(10_956)));
    assert_eq!(date(i32::MAX - 1), Err(CellError::Malformed));
}

#[test]
fn an_array_that_announces_more_than_it_holds_is_malformed() {
    let mut cell = Vec::new();
    for field in [2_u32, 0, 23, u32::MAX, 1, u32::MAX, 1] {
        cell.extend_from_slice(&field.to_be_bytes());
    }
    let mut builder = RowSetBuilder::new([].into());
    let pushed = push_cell(&mut builder, Kind::Array(Scalar::Int4), &cell);
    assert_eq!(pushed, Err(CellError::Malformed));
}

const SCALARS: [Scalar; 22] = [
    Scalar::Bool,
    Scalar::Char,
    Scalar::Int2,
    Scalar::Int4,
    Scalar::Int8,
    Scalar::Oid,
    Scalar::Float4,
    Scalar::Float8,
    Scalar::Numeric,
    Scalar::Text,
    Scalar::Json,
    Scalar::Jsonb,
    Scalar::Bytes,
    Scalar::Date,
    Scalar::Time,
    Scalar::TimeTz,
    Scalar::Timestamp,
    Scalar::TimestampTz,
    Scalar::Interval,
    Scalar::Uuid,
    Scalar::Bits,
    Scalar::Other,
];

proptest! {
    #[test]
    fn any_bytes_are_a_row_or_an_error(
        kinds in proptest::collection::vec((0..SCALARS.len(), any::<bool>()), 1..4),
        body in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), 2..16_u8, any::<u8>()], 0..96),
    ) {
        let kinds: Vec<Kind> = kinds
            .into_iter()
            .map(|(index, is_array)| match is_array {
                true => Kind::Array(SCALARS[index]),
                false => Kind::Scalar(SCALARS[index]),
            })
            .collect();
        let column = Column { name: "c".into(), type_name: String::new() };
        let mut builder = RowSetBuilder::new(vec![column; kinds.len()].into());
        let mut body = body;
        body.splice(0..0, (kinds.len() as u16).to_be_bytes());
        if push_row(&mut builder, &kinds, &body).is_ok() {
            let rows = builder.finish();
            // Whatever was accepted can be read back and printed.
            let texts: Vec<String> = rows[0].values().map(|value| value.to_string()).collect();
            prop_assert_eq!(texts.len(), kinds.len());
        }
    }
}
