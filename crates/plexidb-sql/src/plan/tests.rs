//! Parameters into tags: pinned where their values can be told apart, wide where not.

use plexidb_core::{Comparison, Facet, Place, Tag, Value, ValueRef};

use super::{
    Dependencies, FollowedKey, InsertNeed, JoinedTable, KeyImage, KeyTouch, Learning, PinnedColumn,
    PinnedKey, PinnedValue, Precision, ReadPlan, ShownColumns, TableRead, TableTouch, TagList, Touched,
    TouchedKey, WritePlan,
};

fn users() -> Place {
    Place::table("public", "users")
}

fn all() -> Tag {
    Tag::table("public", "users")
}

fn name() -> Facet {
    Facet::column("name")
}

fn at(id: i64) -> Place {
    let hash = Comparison::Number.hash(ValueRef::Int(id)).unwrap();
    users().key(&["id"]).at(hash)
}

fn unknown() -> Place {
    users().key(&["id"]).unknown()
}

fn pinned(values: Vec<PinnedValue>) -> PinnedKey {
    PinnedKey {
        space: users().key(&["id"]),
        columns: vec![PinnedColumn {
            comparison: Comparison::Number,
            values,
        }],
    }
}

/// `SELECT name FROM users WHERE id = ?`, found or not.
fn point_read() -> ReadPlan {
    ReadPlan {
        tables: vec![TableRead {
            label: "users".into(),
            all: all(),
            table: users(),
            facets: vec![name()],
            insert: InsertNeed::UnlessFound,
            key: Some(pinned(vec![PinnedValue::Parameter(0)])),
            shown: None,
        }],
        joined: Vec::new(),
    }
}

/// `UPDATE users SET name = ? WHERE …` with what is known of the id.
fn update(key: TouchedKey, is_learnt: bool) -> WritePlan {
    WritePlan {
        tables: vec![TableTouch {
            label: "users".into(),
            all: all(),
            is_unbounded: false,
            table: users(),
            facets: vec![name(), Facet::ANY_COLUMN],
            keys: vec![KeyTouch {
                space: users().key(&["id"]),
                facets: vec![name(), Facet::ANY_COLUMN],
                key,
                is_learnt,
            }],
        }],
        ..WritePlan::default()
    }
}

fn meet(read: &Dependencies, touched: &Touched) -> bool {
    touched.all().any(|tag| read.all().any(|other| other == tag))
}

#[test]
fn a_point_read_meets_the_writes_of_its_row_and_no_others() {
    let read = point_read().dependencies(&[ValueRef::Int(7)]);
    let write = |id| {
        update(TouchedKey::Pinned(pinned(vec![PinnedValue::Parameter(0)])), false)
            .touched(&[ValueRef::Int(id)])
    };
    assert!(meet(&read, &write(7)));
    assert!(!meet(&read, &write(8)));
    assert!(meet(&read, &update(TouchedKey::Unknown, false).touched(&[])));
    assert_eq!(read.known.unless_found.as_slice(), [at(7).tag(Facet::INSERT)]);
    assert_eq!(
        read.unknown.unless_found.as_slice(),
        [unknown().tag(Facet::INSERT)]
    );
}

#[test]
fn a_value_that_cannot_be_told_apart_widens() {
    let vague = [ValueRef::Text("07")];
    let read = point_read().dependencies(&vague);
    assert!(read.known.always.contains(&users().tag(name())));
    assert!(read.known.always.contains(&users().tag(Facet::INSERT)));
    let write = update(TouchedKey::Pinned(pinned(vec![PinnedValue::Parameter(0)])), false).touched(&vague);
    assert!(write.certain.contains(&unknown().tag(name())));
    // A statement with too few parameters is the database's to refuse.
    assert!(
        point_read()
            .dependencies(&[])
            .known
            .always
            .contains(&users().tag(name()))
    );
}

#[test]
fn a_list_pins_each_of_its_values_up_to_a_bound() {
    let list = |count: i64| {
        let mut plan = point_read();
        let values = (0..count).map(|id| PinnedValue::Constant(Value::Int(id)));
        plan.tables[0].key = Some(pinned(values.collect()));
        plan.dependencies(&[])
    };
    assert!((0..16).all(|id| list(16).known.always.contains(&at(id).tag(name()))));
    assert!(list(17).known.always.contains(&users().tag(name())));
}

#[test]
fn values_of_several_columns_are_combined_in_order() {
    let column = |values: &[i64]| PinnedColumn {
        comparison: Comparison::Number,
        values: values
            .iter()
            .map(|value| PinnedValue::Constant(Value::Int(*value)))
            .collect(),
    };
    let key = |columns| PinnedKey {
        space: users().key(&["a", "b"]),
        columns,
    };
    let places = |columns| key(columns).places(&[]).unwrap();
    let both = places(vec![column(&[1, 2]), column(&[3])]);
    assert_eq!(both.len(), 2);
    assert_eq!(both[1..], places(vec![column(&[2]), column(&[3])])[..]);
    assert_ne!(both[1..], places(vec![column(&[3]), column(&[2])])[..]);
}

#[test]
fn keys_of_the_result_depend_on_their_rows_alone() {
    let joined = JoinedTable {
        label: "users".into(),
        all: all(),
        key: followed(vec![name()]),
        missing: Vec::new(),
        guards: vec![users().tag(name())],
    };
    let mut tags = TagList::new();
    assert!(joined.key.add_tags(ValueRef::Int(7), &mut tags));
    assert!(joined.key.add_tags(ValueRef::Null, &mut tags));
    assert_eq!(tags.as_slice(), [at(7).tag(name())]);
    assert!(!joined.key.add_tags(ValueRef::Double(7.5), &mut tags));
    let plan = ReadPlan {
        tables: Vec::new(),
        joined: vec![joined],
    };
    let found = plan.dependencies(&[]);
    assert_eq!(found.known.always.as_slice(), [Tag::DATABASE, all()]);
    assert_eq!(found.unknown.always.as_slice(), [unknown().tag(name())]);
    assert_eq!(found.guards[0].known.as_slice(), [users().tag(name())]);
}

/// The `id` in the first column of the result.
fn followed(facets: Vec<Facet>) -> FollowedKey {
    FollowedKey {
        column: 0,
        comparison: Comparison::Number,
        space: users().key(&["id"]),
        facets,
        needs_insert: false,
        is_null_nothing: true,
    }
}

#[test]
fn shown_columns_depend_on_the_rows_of_the_result_or_on_all_that_may_be_in_it() {
    let bio = Facet::column("bio");
    let mut plan = point_read();
    plan.tables[0].key = None;
    plan.tables[0].shown = Some(ShownColumns {
        facets: vec![bio],
        key: FollowedKey {
            is_null_nothing: false,
            ..followed(vec![bio])
        },
    });
    let found = plan.dependencies(&[]);
    // A row of unknown id may be one of the result's.
    assert_eq!(found.unknown.always.as_slice(), [unknown().tag(bio)]);
    assert!(!found.known.always.contains(&users().tag(bio)));
    assert_eq!(found.guards[0].known.as_slice(), [users().tag(bio)]);
    // A row whose key is NULL cannot be followed.
    let key = plan.followed().next().unwrap();
    assert!(!key.add_tags(ValueRef::Null, &mut TagList::new()));
    let coarse = plan.with_precision(Precision::RowWithoutColumns);
    assert!(coarse.followed().next().is_none());
    let all = coarse.dependencies(&[]).known.always;
    assert!(all.contains(&users().tag(Facet::ANY_COLUMN)));
}

#[test]
fn keys_that_are_learnt_are_a_precaution_until_then() {
    let plan = update(TouchedKey::Unknown, true);
    let touched = plan.touched(&[]);
    assert_eq!(
        touched.precaution.as_slice(),
        [unknown().tag(name()), unknown().tag(Facet::ANY_COLUMN)]
    );
    assert!(!touched.certain.iter().any(|tag| touched.precaution.contains(tag)));
    let learning = Learning {
        sql: String::new(),
        columns: vec!["id".into()],
        added_columns: 1,
        images: vec![KeyImage {
            space: users().key(&["id"]),
            columns: vec![(0, Comparison::Number)],
            facets: vec![name()],
        }],
        lookup: None,
    };
    let learn = |value| {
        let mut tags = TagList::new();
        learning.add_tags(&[value], &mut tags);
        tags
    };
    assert_eq!(learn(ValueRef::Int(7)).as_slice(), [at(7).tag(name())]);
    assert_eq!(learn(ValueRef::Double(7.5)).as_slice(), [unknown().tag(name())]);
}

#[test]
fn less_precision_still_meets() {
    let params = [ValueRef::Int(7)];
    for precision in [Precision::Row, Precision::RowWithoutColumns, Precision::Table] {
        let read = point_read().with_precision(precision).dependencies(&params);
        for key in [
            TouchedKey::Unknown,
            TouchedKey::Pinned(pinned(vec![PinnedValue::Parameter(0)])),
        ] {
            let touched = update(key, false).with_precision(precision).touched(&params);
            assert!(meet(&read, &touched), "{precision:?}");
        }
    }
    // Another column of the same row matters only without column precision.
    let mut other = update(TouchedKey::Pinned(pinned(vec![PinnedValue::Parameter(0)])), false);
    other.tables[0].facets = vec![Facet::column("bio"), Facet::ANY_COLUMN];
    other.tables[0].keys[0].facets = other.tables[0].facets.clone();
    let meets = |precision| {
        let read = point_read().with_precision(precision).dependencies(&params);
        meet(&read, &other.clone().with_precision(precision).touched(&params))
    };
    assert!(!meets(Precision::Row));
    assert!(meets(Precision::RowWithoutColumns));
}
