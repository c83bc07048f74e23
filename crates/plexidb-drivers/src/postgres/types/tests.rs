//! Rows of the question about types, as a server answers it.

use super::*;

fn row(cells: [Option<&str>; 6]) -> TextRow {
    cells.map(|cell| cell.map(str::to_owned)).to_vec()
}

#[test]
fn builtin_types_are_told_from_their_arrays() {
    let name_and_kind = |oid| builtin(oid).map(|info| (info.name, info.kind));
    assert_eq!(
        name_and_kind(20),
        Some(("int8".into(), Kind::Scalar(Scalar::Int8)))
    );
    assert_eq!(
        name_and_kind(1016),
        Some(("int8[]".into(), Kind::Array(Scalar::Int8)))
    );
    assert_eq!(
        name_and_kind(1041),
        Some(("inet[]".into(), Kind::Scalar(Scalar::Other)))
    );
    assert_eq!(name_and_kind(99_999), None);
}

#[test]
fn enums_and_domains_are_their_base_types_and_the_rest_is_other() {
    let enumeration = row([
        Some("70001"),
        Some("mood"),
        None,
        Some("70001"),
        Some("t"),
        Some("f"),
    ]);
    let (oid, info) = described(&enumeration).unwrap();
    assert_eq!(
        (oid, info.name.as_str(), info.kind),
        (70_001, "mood", Kind::Scalar(Scalar::Text))
    );

    let domains = row([
        Some("7"),
        Some("_positive"),
        Some("positive"),
        Some("23"),
        Some("f"),
        Some("f"),
    ]);
    let (_, info) = described(&domains).unwrap();
    assert_eq!(
        (info.name.as_str(), info.kind),
        ("positive[]", Kind::Array(Scalar::Int4))
    );

    let of_arrays = row([
        Some("8"),
        Some("_ints"),
        Some("ints"),
        Some("1007"),
        Some("f"),
        Some("f"),
    ]);
    assert_eq!(described(&of_arrays).unwrap().1.kind, Kind::Scalar(Scalar::Other));
}
