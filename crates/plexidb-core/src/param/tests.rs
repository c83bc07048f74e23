//! The macro and the conversions.

use super::*;
use crate::params;

#[test]
fn parameters_borrow_and_keep_their_types() {
    let name = String::from("Ada");
    let id = 7_u32;
    let bytes = &b"\x00"[..];
    let Params::Positional(values) = params![id, name, u64::MAX, None::<bool>, bytes] else {
        panic!("parameters without names are positional");
    };
    assert_eq!(
        values,
        [
            ValueRef::Int(7),
            ValueRef::Text("Ada"),
            ValueRef::UInt(u64::MAX),
            ValueRef::Null,
            ValueRef::Bytes(&[0])
        ]
    );
}

#[test]
fn names_come_with_their_values() {
    let Params::Named(values) = params!(id: 1, name: "x") else {
        panic!("parameters with names are named")
    };
    assert_eq!(values, [("id", ValueRef::Int(1)), ("name", ValueRef::Text("x"))]);
}
