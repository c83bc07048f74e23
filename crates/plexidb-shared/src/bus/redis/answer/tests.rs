//! What is made of a script's answer, and that nothing is made of others.

use super::*;

fn string(bytes: &[u8]) -> Value {
    Value::BulkString(bytes.to_vec())
}

fn eight(number: u64) -> Value {
    string(&number.to_be_bytes())
}

fn answer(values: &[Value]) -> Result<Answer, BusError> {
    Answer::new(Value::Array(values.to_vec()))
}

fn members(ids: &[u128]) -> Value {
    let entry = |id: &u128| [string(&id.to_be_bytes()), string(&[1; 16])];
    let always = [string(b""), string(b"")];
    Value::Array(ids.iter().flat_map(entry).chain(always).collect())
}

#[test]
fn members_come_in_the_order_of_their_names() {
    let values = [
        Value::Int(0),
        string(b"1"),
        eight(4),
        eight(9),
        members(&[u128::MAX, 3, 7]),
    ];
    let renewed = answer(&values).unwrap().renewed().unwrap();
    assert!(renewed.is_settled);
    assert_eq!((renewed.generation, renewed.seq), (4, 9));
    let ids: Vec<u128> = renewed.members.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [3, 7, u128::MAX]);
}

#[test]
fn an_answer_of_another_shape_is_malformed() {
    let whole = [Value::Int(0), string(b"1"), eight(4), eight(9), members(&[3])];
    for missing in 1..whole.len() {
        let cut = answer(&whole[..missing]).unwrap().renewed();
        assert!(matches!(cut, Err(BusError::Malformed(_))), "{missing}: {cut:?}");
    }
    for (place, wrong) in [
        (1, string(b"2")),
        (2, string(b"4")),
        (3, Value::Int(9)),
        (4, Value::Array(vec![string(&[0; 16])])),
        (4, Value::Array(vec![string(&[0; 15]), string(&[0; 16])])),
        (4, Value::Array(vec![string(&[0; 16]), string(&[0; 17])])),
        (4, Value::Nil),
    ] {
        let mut values = whole.clone();
        values[place] = wrong;
        let read = answer(&values).unwrap().renewed();
        assert!(matches!(read, Err(BusError::Malformed(_))), "{place}: {read:?}");
    }
    for value in [
        Value::Nil,
        Value::Int(0),
        Value::Array(Vec::new()),
        Value::Array(vec![Value::Int(99)]),
        Value::Array(vec![Value::Int(2), string(b"short")]),
        Value::Array(vec![Value::Int(6), string(&[255; 33])]),
    ] {
        assert!(
            matches!(Answer::new(value.clone()), Err(BusError::Malformed(_))),
            "{value:?}"
        );
    }
}

#[test]
fn a_refusal_carries_what_it_is_about() {
    let refused = answer(&[Value::Int(2), string(&7_u128.to_be_bytes())]);
    assert!(matches!(
        refused,
        Err(BusError::Refused(Refusal::OtherEpoch(EpochId(7))))
    ));
    assert!(matches!(
        answer(&[Value::Int(1)]),
        Err(BusError::Refused(Refusal::Gone))
    ));
    assert!(matches!(answer(&[Value::Int(10)]), Err(BusError::Unreachable(_))));
}
