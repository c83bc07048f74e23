//! Typed access to rows.

use serde::Deserialize;

use super::*;
use crate::value::ValueRef;

fn people() -> RowSet {
    let columns = ["id", "name", "active", "score"].map(|name| Column {
        name: name.into(),
        type_name: String::new(),
    });
    let mut builder = RowSetBuilder::new(columns.into());
    for value in [
        ValueRef::Int(1),
        ValueRef::Text("Ada"),
        ValueRef::Int(1),
        ValueRef::Decimal("1.50"),
    ] {
        builder.push(value);
    }
    for value in [
        ValueRef::Int(2),
        ValueRef::Null,
        ValueRef::Bool(false),
        ValueRef::Null,
    ] {
        builder.push(value);
    }
    builder.push(ValueRef::Int(3));
    builder.finish()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Person {
    id: u32,
    name: Option<String>,
    active: bool,
    score: Option<f64>,
}

#[test]
fn rows_become_structs_tuples_and_values() {
    let rows = people();
    assert_eq!(
        rows.deserialize::<Person>().unwrap(),
        [
            Person {
                id: 1,
                name: Some("Ada".into()),
                active: true,
                score: Some(1.5)
            },
            Person {
                id: 2,
                name: None,
                active: false,
                score: None
            },
        ]
    );
    let tuple: (i64, String, i64, String) = rows[0].deserialize().unwrap();
    assert_eq!(tuple, (1, "Ada".into(), 1, "1.50".into()));
}

#[test]
fn an_unfinished_row_is_dropped_and_columns_are_found_by_name_and_position() {
    let rows = people();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get::<&str>("NAME").unwrap(), "Ada");
    assert_eq!(rows[1].get::<Option<&str>>(1).unwrap(), None);
    let error = rows[0].get::<i64>("nmae").unwrap_err().to_string();
    assert_eq!(
        error,
        "no column \"nmae\"; the result has id, name, active, score"
    );
    let error = rows[0].get::<i64>("name").unwrap_err().to_string();
    assert_eq!(error, "column name: a text value does not fit i64");
}

#[test]
fn an_error_of_deserialization_names_its_column() {
    #[derive(Debug, Deserialize)]
    struct Wrong {
        #[expect(dead_code, reason = "only its type matters")]
        name: u8,
    }
    let error = people()[0].deserialize::<Wrong>().unwrap_err().to_string();
    assert!(error.starts_with("column name: "), "{error}");
}

#[test]
fn last_columns_are_taken_off() {
    let column = |name: &str| Column {
        name: name.to_owned(),
        type_name: "int8".to_owned(),
    };
    let mut builder = RowSetBuilder::new([column("id"), column("team"), column("rank")].into());
    for value in [1, 10, 100, 2, 20, 200] {
        builder.push(ValueRef::Int(value));
    }
    let all = builder.finish();
    let kept = all.without_last_columns(2);
    assert_eq!(kept.columns(), [column("id")]);
    let values: Vec<i64> = kept.into_iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(values, [1, 2]);
    assert_eq!(kept.cell_bytes() * 3, all.cell_bytes());
    assert_eq!(all.without_last_columns(0), all);
    assert_eq!(all.without_last_columns(3), RowSet::empty());
    assert_eq!(all.without_last_columns(4), RowSet::empty());
}
