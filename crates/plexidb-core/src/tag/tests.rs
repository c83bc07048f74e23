//! One thing has one tag, different things have different ones.

use std::collections::HashSet;

use super::{Facet, KeySpace, Place, Tag};

#[test]
fn names_are_told_apart_but_not_by_case() {
    let users = Place::table("public", "users");
    assert_eq!(users, Place::table("PUBLIC", "Users"));
    assert_ne!(users, Place::table("publicu", "sers"));
    assert_eq!(users.key(&["Id"]), users.key(&["id"]));
    assert_ne!(users.key(&["a", "b"]), users.key(&["b", "a"]));
    assert_ne!(users.key(&["a", "b"]), users.key(&["ab"]));
    assert_eq!(Facet::column("Name"), Facet::column("name"));
}

#[test]
fn tags_of_different_things_differ() {
    let facets = [
        Facet::INSERT,
        Facet::DELETE,
        Facet::ANY_COLUMN,
        Facet::column("name"),
        Facet::column("id"),
    ];
    let mut tags = HashSet::from([Tag::DATABASE]);
    let mut count = 1;
    for table in ["users", "messages"] {
        let place = Place::table("public", table);
        tags.insert(Tag::table("public", table));
        count += 1;
        let mut places = vec![place];
        for key in [vec!["id"], vec!["name"], vec!["id", "name"]] {
            let key = place.key(&key);
            places.push(key.unknown());
            // Small numbers, as ids are, must not meet.
            places.extend((0..1000).map(|value| key.at(value)));
        }
        for place in places {
            tags.extend(facets.map(|facet| place.tag(facet)));
            count += facets.len();
        }
    }
    assert_eq!(tags.len(), count);
}

#[test]
fn tags_of_one_value_can_be_told_from_others() {
    let users = Place::table("public", "users");
    let key = users.key(&["id"]);
    for facet in [
        Facet::INSERT,
        Facet::DELETE,
        Facet::ANY_COLUMN,
        Facet::column("name"),
    ] {
        assert!((0..100).all(|value| key.at(value).tag(facet).is_of_value()));
        assert!(!users.tag(facet).is_of_value() && !key.unknown().tag(facet).is_of_value());
    }
    assert!(!Tag::DATABASE.is_of_value() && !Tag::table("public", "users").is_of_value());
}

#[test]
fn values_of_several_columns_depend_on_their_order() {
    assert_ne!(KeySpace::combine_hashes([1, 2]), KeySpace::combine_hashes([2, 1]));
    assert_ne!(KeySpace::combine_hashes([0, 0]), KeySpace::combine_hashes([0]));
}
