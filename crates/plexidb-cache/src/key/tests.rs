//! Two keys are one only if all their parts are.

use std::sync::Arc;

use plexidb_core::{Value, ValueRef};
use proptest::prelude::*;
use quick_cache::Equivalent as _;

use super::{Key, KeyBuffer, KeyRef};

const SQL: &str = "SELECT name FROM users WHERE id = ?";

fn key(scope: u64, sql: &str, params: &[ValueRef<'_>]) -> Key {
    let mut buffer = KeyBuffer::new();
    KeyRef::new(scope, sql, params, &mut buffer).to_owned(Arc::from(sql))
}

fn is_same(left: (u64, &str, &[ValueRef<'_>]), right: (u64, &str, &[ValueRef<'_>])) -> bool {
    let owned = key(left.0, left.1, left.2);
    let mut buffer = KeyBuffer::new();
    let borrowed = KeyRef::new(right.0, right.1, right.2, &mut buffer);
    let is_equivalent = borrowed.equivalent(&owned);
    assert_eq!(is_equivalent, owned == borrowed.to_owned(Arc::from(right.1)));
    if is_equivalent {
        assert_eq!(owned.hash, borrowed.hash);
    }
    is_equivalent
}

#[test]
fn parameters_that_look_alike_are_not_alike() {
    let lists: [&[ValueRef<'_>]; 16] = [
        &[],
        &[ValueRef::Null],
        &[ValueRef::Null, ValueRef::Null],
        &[ValueRef::Text("")],
        &[ValueRef::Int(1)],
        &[ValueRef::Text("1")],
        &[ValueRef::Bool(true)],
        &[ValueRef::Text("ab"), ValueRef::Text("c")],
        &[ValueRef::Text("a"), ValueRef::Text("bc")],
        &[ValueRef::Bytes(b"ab"), ValueRef::Text("c")],
        &[ValueRef::UInt(1)],
        &[ValueRef::Double(f64::from_bits(1))],
        &[ValueRef::Bytes(&[1, 0, 0, 0, 0, 0, 0])],
        &[ValueRef::Bytes(&[1, 0, 0, 0, 0, 0, 0, 0])],
        &[ValueRef::Bytes(&[0xff; 8]), ValueRef::Int(1)],
        &[ValueRef::Int(-1), ValueRef::Int(1)],
    ];
    for (i, left) in lists.iter().enumerate() {
        for (j, right) in lists.iter().enumerate() {
            assert_eq!(
                is_same((0, SQL, left), (0, SQL, right)),
                i == j,
                "{left:?} and {right:?}"
            );
        }
    }
}

#[test]
fn scope_and_text_are_part_of_the_key() {
    let params = [ValueRef::Int(7)];
    assert!(is_same((1, SQL, &params), (1, SQL, &params)));
    assert!(!is_same((1, SQL, &params), (2, SQL, &params)));
    assert!(!is_same(
        (1, SQL, &params),
        (1, "SELECT name FROM users WHERE id =  ?", &params)
    ));
}

#[test]
fn a_parameter_cannot_pass_for_two() {
    // A text that holds the encoding of the second parameter of another list.
    let two = key(0, SQL, &[ValueRef::Text("a"), ValueRef::Text("b")]);
    let tail = std::str::from_utf8(&two.params[9..]).unwrap();
    assert!(!is_same(
        (0, SQL, &[ValueRef::Text("a"), ValueRef::Text("b")]),
        (0, SQL, &[ValueRef::Text(tail)])
    ));
}

#[test]
fn the_text_is_shared_only_where_it_is_the_same() {
    let mut buffer = KeyBuffer::new();
    let borrowed = KeyRef::new(0, SQL, &[], &mut buffer);
    let shared: Arc<str> = Arc::from(SQL);
    assert!(Arc::ptr_eq(&borrowed.to_owned(Arc::clone(&shared)).sql, &shared));
    assert_eq!(&*borrowed.to_owned(Arc::from("SELECT 2")).sql, SQL);
}

#[test]
fn parameters_of_any_length_are_compared_to_their_last_byte() {
    // 128 bytes fit on the stack; these are around it, a text alone and one behind and before integers.
    for length in 80..150 {
        let texts = ["a".repeat(length), "a".repeat(length - 1) + "b"];
        let lists = texts.each_ref().map(|text| {
            let text = ValueRef::Text(text);
            [
                vec![text],
                vec![ValueRef::Int(7), text],
                vec![text, ValueRef::Int(7), text, ValueRef::Null],
            ]
        });
        for (left, right) in lists[0].iter().zip(&lists[1]) {
            assert!(is_same((0, SQL, left), (0, SQL, left)));
            assert!(!is_same((0, SQL, left), (0, SQL, right)));
        }
    }
}

#[test]
fn a_buffer_can_be_used_again() {
    let mut buffer = KeyBuffer::new();
    let _ = KeyRef::new(
        0,
        SQL,
        &[ValueRef::Text("left over from the lookup before")],
        &mut buffer,
    );
    let second = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    assert!(second.equivalent(&key(0, SQL, &[ValueRef::Int(7)])));
    let long = "spilt".repeat(100);
    let _ = KeyRef::new(0, SQL, &[ValueRef::Text(&long)], &mut buffer);
    let third = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    assert!(third.equivalent(&key(0, SQL, &[ValueRef::Int(7)])));
}

fn params() -> impl Strategy<Value = Vec<Value>> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2_i64..3).prop_map(Value::Int),
        (0_u64..3).prop_map(Value::UInt),
        "[a\u{0}\u{8}]{0,3}".prop_map(Value::Text),
        prop::collection::vec(0_u8..9, 0..3).prop_map(Value::Bytes),
    ];
    prop::collection::vec(value, 0..4)
}

proptest! {
    #[test]
    fn keys_are_equal_exactly_where_their_parts_are(
        left in (0_u64..2, "[ab]{0,2}", params()),
        right in (0_u64..2, "[ab]{0,2}", params()),
    ) {
        let [a, b] = [&left, &right].map(|(_, _, params)| params.iter().map(Value::as_ref).collect::<Vec<_>>());
        prop_assert!(is_same((left.0, &left.1, &a), (left.0, &left.1, &a)));
        prop_assert_eq!(is_same((left.0, &left.1, &a), (right.0, &right.1, &b)), left == right);
    }
}
