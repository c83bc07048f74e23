//! Bounds of what is remembered.

use plexidb_core::{Facet, Place, Tag};

use super::{TAGS_MAX, TouchedTags};

fn tag(value: u64) -> Tag {
    Place::table("public", "messages")
        .key(&["id"])
        .at(value)
        .tag(Facet::INSERT)
}

#[test]
fn many_tags_become_their_tables() {
    let table = Tag::table("public", "messages");
    let mut touched = TouchedTags::default();
    touched.add_tables([table]);
    for value in 0..3 * TAGS_MAX as u64 {
        touched.extend([tag(value)]);
    }
    touched.add_tables([table, Tag::table("public", "users")]);
    assert_eq!(touched.into_tags(), [table, Tag::table("public", "users")]);
}

#[test]
fn tags_that_are_named_again_are_told_apart_from_others() {
    let mut touched = TouchedTags::default();
    touched.add_tables([Tag::table("public", "messages")]);
    for value in 0..3 * TAGS_MAX as u64 {
        touched.extend([tag(value % 10)]);
    }
    let mut tags = touched.into_tags();
    tags.sort_unstable();
    tags.dedup();
    let mut wanted: Vec<Tag> = (0..10).map(tag).collect();
    wanted.sort_unstable();
    assert_eq!(tags, wanted);
}
