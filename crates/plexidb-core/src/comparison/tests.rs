//! What a database holds equal has one hash, or none.

use super::Comparison::{self, CaseInsensitive, Exact, Number, Opaque, Padded, Uuid};
use crate::ValueRef::{self, Bool, Bytes, Decimal, Double, Int, Null, Real, Text, UInt};

fn is_one(comparison: Comparison, values: &[ValueRef<'_>]) -> bool {
    let hashes: Vec<_> = values.iter().map(|value| comparison.hash(*value)).collect();
    hashes[0].is_some() && hashes.iter().all(|hash| *hash == hashes[0])
}

fn has_none(comparison: Comparison, values: &[ValueRef<'_>]) -> bool {
    values.iter().all(|value| comparison.hash(*value).is_none())
}

#[test]
fn seven_is_seven_in_every_type() {
    let sevens = [
        Int(7),
        UInt(7),
        Real(7.0),
        Double(7.0),
        Decimal("7"),
        Decimal("7.00"),
        Text("7"),
    ];
    assert!(is_one(Number, &sevens));
    assert!(is_one(Number, &[Int(1), Bool(true)]));
    assert!(is_one(Number, &[Int(0), Double(-0.0), Text("0")]));
    assert_ne!(Number.hash(Int(7)), Number.hash(Int(-7)));
}

#[test]
fn what_may_be_a_number_in_some_databases_has_no_hash() {
    let texts = ["07", " 7", "7 ", "+7", "7.0", "7e0", "-0", "", "7abc", "٧"].map(Text);
    assert!(has_none(Number, &texts));
    let numbers = [
        Double(7.5),
        Double(1e300),
        Double(f64::NAN),
        Decimal("7.5"),
        Decimal("NaN"),
        UInt(u64::MAX),
    ];
    assert!(has_none(Number, &numbers));
    // As doubles these two texts are equal, as integers they are not.
    assert!(has_none(
        Number,
        &[Text("9007199254740992"), Text("9007199254740993")]
    ));
    assert_ne!(
        Number.hash(Int(9_007_199_254_740_992)),
        Number.hash(Int(9_007_199_254_740_993))
    );
}

#[test]
fn texts_are_compared_as_the_collation_says() {
    assert_ne!(Exact.hash(Text("a")), Exact.hash(Text("A")));
    assert_ne!(Exact.hash(Text("a")), Exact.hash(Text("a ")));
    assert!(is_one(Exact, &[Text("a"), Bytes(b"a")]));
    assert!(is_one(Padded, &[Text("a"), Text("a  ")]));
    assert_ne!(Padded.hash(Text("a")), Padded.hash(Text("A")));
    assert!(is_one(CaseInsensitive, &[Text("Ada"), Text("aDA "), Text("ADA")]));
    assert!(has_none(
        CaseInsensitive,
        &[Text("\u{e4}da"), Text("ad\u{ad}a"), Text("ada\u{1}"), Int(7)]
    ));
    assert!(has_none(Exact, &[Int(7), Double(7.0)]));
}

#[test]
fn uuids_are_equal_however_they_are_written() {
    let bytes = std::array::from_fn(|index| index as u8 * 16 + 10);
    let texts = [
        "0a1a2a3a-4a5a-6a7a-8a9a-aabacadaeafa",
        "0A1A2A3A4A5A6A7A8A9AAABACADAEAFA",
    ];
    assert!(is_one(
        Uuid,
        &[ValueRef::Uuid(bytes), Text(texts[0]), Text(texts[1])]
    ));
    assert!(has_none(
        Uuid,
        &[
            Text("{0a1a2a3a-4a5a-6a7a-8a9a-aabacadaeafa}"),
            Text(""),
            Text("0-a")
        ]
    ));
}

#[test]
fn null_needs_no_rule_and_nothing_else_has_a_hash_without_one() {
    for comparison in [Number, Exact, Padded, CaseInsensitive, Uuid, Opaque] {
        assert!(comparison.hash(Null).is_some());
    }
    assert!(has_none(Opaque, &[Int(1), Text("a")]));
}

#[test]
fn odd_texts_have_no_hash_or_one() {
    for text in [
        "",
        "-",
        "--1",
        "9223372036854775808",
        "-9223372036854775808",
        "\0",
        "\u{10ffff}",
        ".",
    ] {
        for comparison in [Number, Exact, Padded, CaseInsensitive, Uuid, Opaque] {
            assert_eq!(comparison.hash(Text(text)), comparison.hash(Text(text)));
            assert_eq!(comparison.hash(Decimal(text)), comparison.hash(Decimal(text)));
        }
    }
}
