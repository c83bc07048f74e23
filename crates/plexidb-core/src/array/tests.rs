//! Text forms of arrays, as PostgreSQL writes them.

use super::*;

#[test]
fn arrays_print_as_postgresql_prints_them() {
    let texts = ["a b", "", "NULL", "q\"\\", "plain"].map(|text| Value::Text(text.into()));
    assert_eq!(
        Array::from_values(texts).as_ref().to_string(),
        r#"{"a b","","NULL","q\"\\",plain}"#
    );
    assert_eq!(Array::from_values([]).as_ref().to_string(), "{}");
    let bools = [Value::Bool(true), Value::Null];
    assert_eq!(Array::from_values(bools).as_ref().to_string(), "{t,NULL}");
}

#[test]
fn dimensions_and_bounds_are_kept() {
    let dimensions = [
        Dimension {
            len: 2,
            lower_bound: 0,
        },
        Dimension {
            len: 2,
            lower_bound: 1,
        },
    ];
    let array = Array::with_dimensions(&dimensions, [1, 2, 3, 4].map(ValueRef::Int));
    assert_eq!(array.as_ref().to_string(), "[0:1][1:2]={{1,2},{3,4}}");
    assert_eq!(array.as_ref().dimensions().collect::<Vec<_>>(), dimensions);
}

#[test]
fn malformed_bytes_end_the_iteration() {
    let array = ArrayRef::from_encoded(&[1, 255, 255, 255, 255, 1, 0, 0, 0, 9, 0, 0, 0, 3]);
    assert_eq!(array.elements().count(), 0);
    assert_eq!(array.to_string(), "{}");
    assert_eq!(ArrayRef::from_encoded(&[]).to_string(), "{}");
}
