//! Flat parts come back as the same result; parts that were tampered with are refused.

use proptest::prelude::*;

use super::*;
use crate::array::{Array, Dimension};
use crate::value::Value;

fn columns(count: usize) -> Arc<[Column]> {
    (0..count)
        .map(|number| Column {
            name: format!("c{number}"),
            type_name: "text".into(),
        })
        .collect()
}

fn result() -> RowSet {
    let mut builder = RowSetBuilder::new(columns(3));
    let array = Array::from_values([Value::Int(1), Value::Null, Value::Text("ž".into())]);
    for _ in 0..2 {
        builder.push(ValueRef::Text("žluťoučký"));
        builder.push(ValueRef::Array(array.as_ref()));
        builder.push(ValueRef::Null);
    }
    builder.push(ValueRef::Text("an unfinished row"));
    builder.finish()
}

fn from_parts(rows: &RowSet, ends: &[u32], bytes: &[u8]) -> Result<RowSet, MalformedRows> {
    RowSet::from_flat(rows.columns().into(), ends.into(), bytes.into())
}

#[test]
fn a_result_comes_back_from_its_parts() {
    for rows in [result(), RowSet::empty(), RowSetBuilder::new(columns(2)).finish()] {
        let again = from_parts(&rows, rows.flat_ends(), rows.flat_bytes()).unwrap();
        assert_eq!(again, rows);
        assert_eq!(again.columns(), rows.columns());
    }
    assert_eq!(result().len(), 2);
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let rows = result();
    let (ends, bytes) = (rows.flat_ends(), rows.flat_bytes());
    assert_eq!(
        from_parts(&rows, &ends[..5], bytes),
        Err(MalformedRows::Ragged { cells: 5, columns: 3 })
    );
    assert_eq!(from_parts(&rows, &ends[..3], bytes), Err(MalformedRows::Ends));
    assert_eq!(
        from_parts(&rows, ends, &bytes[..bytes.len() - 1]),
        Err(MalformedRows::Ends)
    );
    let mut descending = ends.to_vec();
    descending[1] = descending[0] - 1;
    assert_eq!(from_parts(&rows, &descending, bytes), Err(MalformedRows::Ends));
    let mut text = bytes.to_vec();
    text[2] = 0xff;
    assert_eq!(
        from_parts(&rows, ends, &text),
        Err(MalformedRows::Cell { cell: 0 })
    );
    assert_eq!(
        RowSet::from_flat(columns(0), [1].into(), [0].into()),
        Err(MalformedRows::Ragged { cells: 1, columns: 0 })
    );
}

#[test]
fn an_array_that_announces_other_elements_than_it_holds_is_refused() {
    let cell_of = |lens: &[u32], elements: usize| {
        let dimensions: Vec<Dimension> = lens
            .iter()
            .map(|&len| Dimension { len, lower_bound: 1 })
            .collect();
        let array = Array::with_dimensions(&dimensions, vec![ValueRef::Int(1); elements]);
        let mut cell = Vec::new();
        ValueRef::Array(array.as_ref()).encode(&mut cell);
        cell
    };
    assert!(is_value(&cell_of(&[2, 3], 6)));
    assert!(is_value(&cell_of(&[], 0)));
    assert!(!is_value(&cell_of(&[2, 3], 5)));
    assert!(!is_value(&cell_of(&[], 1)));
    // Whoever printed these would walk over four thousand million rows of nothing.
    assert!(!is_value(&cell_of(&[u32::MAX, 0], 0)));
    assert!(!is_value(&cell_of(&[u32::MAX, u32::MAX, u32::MAX], 1)));
    let mut cut = cell_of(&[1], 1);
    cut.pop();
    assert!(!is_value(&cut));
}

proptest! {
    #[test]
    fn any_parts_are_refused_or_make_a_result_that_can_be_read(
        count in 0_usize..4,
        ends in proptest::collection::vec(0_u32..40, 0..12),
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        if let Ok(rows) = RowSet::from_flat(columns(count), ends.into(), bytes.into()) {
            for row in &rows {
                for position in 0..count {
                    prop_assert!(row.get::<ValueRef<'_>>(position).is_ok());
                }
                let _ = format!("{row:?}");
            }
        }
    }
}
