//! A stamp holds exactly as long as nothing that it covers may have changed.

use std::sync::Arc;

use plexidb_core::{Facet, Place, Tag};
use proptest::prelude::*;

use super::SlotArray;
use super::word::{VERSION_LAST, WRITERS_STUCK, begun, ended, is_held, released, version, writers};
use crate::shim::AtomicU64;

const SEED: u64 = 7;

fn array() -> Arc<SlotArray> {
    Arc::new(SlotArray::with_layout(20, SEED))
}

/// Tables whose tags lie in different slots under this seed.
fn tables() -> [Tag; 3] {
    let tags = ["users", "messages", "channels"].map(|name| Tag::table("public", name));
    assert_eq!(array().indexes(tags.into_iter()).len(), 3);
    tags
}

#[test]
fn a_write_kills_the_results_that_depend_on_it_and_no_others() {
    let slots = array();
    let [users, messages, channels] = tables();
    let joined = slots.capture([users, messages].into_iter()).unwrap();
    let other = slots.capture([channels].into_iter()).unwrap();
    let hold = slots.begin_write(&[users]);
    assert!(!slots.holds(&joined));
    assert!(slots.holds(&other));
    assert_eq!(slots.capture([users, messages].into_iter()), None);
    hold.end();
    assert!(!slots.holds(&joined));
    assert!(slots.holds(&other));
    let renewed = slots.capture([users, messages].into_iter()).unwrap();
    assert!(slots.holds(&renewed));
}

#[test]
fn a_write_without_effect_leaves_results_alive() {
    let slots = array();
    let [users, ..] = tables();
    let stamps = slots.capture([users].into_iter()).unwrap();
    let hold = slots.begin_write(&[users]);
    assert!(!slots.holds(&stamps));
    hold.release();
    assert!(slots.holds(&stamps));
}

#[test]
fn a_slot_stays_held_until_its_last_writer_is_done() {
    let slots = array();
    let [users, messages, _] = tables();
    let first = slots.begin_write(&[users]);
    let second = slots.begin_write(&[users, messages]);
    first.end();
    assert_eq!(slots.capture([users].into_iter()), None);
    second.release();
    assert!(slots.capture([users].into_iter()).is_some());
    assert_eq!(slots.held(), 0);
}

#[test]
fn captured_stamps_take_no_more_memory_than_they_need() {
    let slots = array();
    for tags in [1, 4, 5, 17, 40] {
        let tags = (0..tags).map(|id| {
            Place::table("public", "users")
                .key(&["id"])
                .at(id)
                .tag(Facet::DELETE)
        });
        let stamps = slots.capture(tags).unwrap();
        let needed = if stamps.len() > 4 { 16 * stamps.len() } else { 0 };
        assert_eq!(stamps.heap_bytes(), needed);
    }
}

#[test]
fn a_tag_that_is_named_twice_is_held_once() {
    let slots = array();
    let [users, messages, _] = tables();
    let mut hold = slots.begin_write(&[users, users]);
    hold.extend(&[messages, users, messages]);
    assert_eq!(hold.len(), 2);
    assert_eq!(slots.held(), 2);
    hold.end();
    assert_eq!(slots.held(), 0);
    assert_eq!(
        slots
            .capture([users, users].into_iter())
            .map(|stamps| stamps.len()),
        Some(1)
    );
}

#[test]
fn a_lost_hold_keeps_reads_away_and_is_counted() {
    let slots = array();
    let [users, messages, _] = tables();
    drop(slots.begin_write(&[users]));
    slots.begin_write(&[messages]).end();
    assert_eq!(slots.abandoned_holds(), 1);
    // Not even a later write of the same table makes it cacheable again.
    slots.begin_write(&[users]).end();
    assert_eq!(slots.capture([users].into_iter()), None);
    assert!(slots.capture([messages].into_iter()).is_some());
}

#[test]
fn two_tags_in_one_slot_cost_a_miss_and_nothing_else() {
    // Two slots for many tables: collisions are certain.
    let slots = Arc::new(SlotArray::new(0));
    let tags: Vec<Tag> = (0..20)
        .map(|number| Tag::table("public", &format!("t{number}")))
        .collect();
    for &written in &tags {
        let stamps = slots.capture([written].into_iter()).unwrap();
        let all = slots.capture(tags.iter().copied()).unwrap();
        slots.begin_write(&[written]).end();
        assert!(!slots.holds(&stamps));
        assert!(!slots.holds(&all));
    }
}

#[test]
fn tags_spread_over_the_slots_and_the_seed_decides_where() {
    let key = Place::table("public", "users").key(&["id"]);
    let values: Vec<Tag> = (0..1000).map(|value| key.at(value).tag(Facet::INSERT)).collect();
    let tables: Vec<Tag> = (0..1000)
        .map(|number| Tag::table("public", &format!("t{number}")))
        .collect();
    let [a, b] = [1, 2].map(|seed| SlotArray::<AtomicU64>::with_layout(16, seed));
    // 1000 of 65,536 and of 16,384: about 8 and 30 collisions are expected.
    for (tags, distinct_min) in [(&values, 960), (&tables, 930)] {
        assert!(a.indexes(tags.iter().copied()).len() > distinct_min);
        let equal = tags.iter().filter(|&&tag| a.index(tag) == b.index(tag)).count();
        assert!(equal < 10, "{equal} tags lie in the same slot under both seeds");
    }
}

#[test]
fn what_many_results_depend_on_shares_no_slot_with_single_values() {
    let slots = SlotArray::<AtomicU64>::with_layout(4, SEED);
    let key = Place::table("public", "users").key(&["id"]);
    let of_values = slots.indexes((0..1000).map(|value| key.at(value).tag(Facet::INSERT)));
    let of_tables = slots.indexes((0..1000).map(|number| Tag::table("public", &format!("t{number}"))));
    assert_eq!((of_values.len(), of_tables.len()), (16, 16));
    assert!(of_values.iter().all(|slot| !of_tables.contains(slot)));
}

#[test]
fn arrays_of_one_layout_hold_each_others_slots() {
    let [writer, reader] = [(), ()].map(|()| Arc::new(SlotArray::<AtomicU64>::with_layout(16, SEED)));
    let [users, messages, _] = tables();
    let stamps = reader.capture([users, messages].into_iter()).unwrap();
    let hold = writer.begin_write(&[users]);
    let remote = reader.begin_write_of_slots(hold.slots());
    assert!(!reader.holds(&stamps));
    let slots: Vec<u32> = stamps.other_slots().collect();
    assert_eq!(slots, writer.slots_of([users, messages].into_iter()));
    assert_eq!(reader.capture_slots(&[], &slots), None);
    remote.end();
    hold.end();
    assert!(!reader.holds(&stamps));
    let renewed = reader.capture_slots(&slots, &[]).unwrap();
    assert_eq!(renewed.first_slots().collect::<Vec<_>>(), slots);
    assert!(reader.holds(&renewed));
}

#[test]
fn of_several_slots_those_that_were_touched_go_up_alone() {
    let slots = array();
    let [users, messages, channels] = tables();
    let of = |tag| slots.capture([tag].into_iter()).unwrap();
    let (touched, precaution, other) = (of(users), of(messages), of(channels));
    let hold = slots.begin_write(&[users, messages]);
    let once_more = hold.again();
    hold.end_of_slots(&slots.slots_of([users, channels].into_iter()));
    assert_eq!(slots.held(), 2);
    once_more.release();
    assert!(!slots.holds(&touched));
    assert!(slots.holds(&precaution));
    assert!(slots.holds(&other));
    assert_eq!((slots.held(), slots.abandoned_holds()), (0, 0));
}

#[test]
fn a_slot_that_is_not_there_is_the_whole_database() {
    let slots = array();
    let absent = u32::try_from(slots.slot_count()).unwrap();
    let everything = slots.capture([Tag::DATABASE].into_iter()).unwrap();
    assert_eq!(slots.capture_slots(&[absent], &[]), None);
    slots.begin_write_of_slots(&[absent]).end();
    assert!(!slots.holds(&everything));
}

#[test]
fn debug_output_shows_counts_only() {
    let slots = array();
    let hold = slots.begin_write(&tables());
    assert_eq!(
        format!("{slots:?}"),
        "SlotArray { slots: 1310720, abandoned_holds: 0, .. }"
    );
    assert_eq!(format!("{hold:?}"), "WriteHold { slots: 3, .. }");
    hold.end();
}

#[test]
fn a_slot_at_its_bounds_is_bypassed_for_good() {
    let crowded = WRITERS_STUCK - 1;
    let full = begun(crowded);
    assert_eq!(writers(full), WRITERS_STUCK);
    let worn = ended(VERSION_LAST << 20 | 1);
    for mut word in [full, worn] {
        let before = word;
        for step in [begun, ended, released, ended, released] {
            word = step(word);
        }
        assert_eq!(word, before);
        assert!(is_held(word));
    }
}

proptest! {
    #[test]
    fn a_step_changes_its_own_field_only(word: u64, steps in prop::collection::vec(0..3_u8, 0..40)) {
        let mut word = word;
        for step in steps {
            let next = match step {
                0 => begun(word),
                1 => ended(word),
                _ => released(word),
            };
            prop_assert!(version(next) == version(word) || step == 1 && version(next) == version(word) + 1);
            prop_assert!(writers(next).abs_diff(writers(word)) <= 1 || writers(next) == WRITERS_STUCK);
            if step == 1 {
                // After a write no value without writers comes back.
                prop_assert!(is_held(next) || version(next) > version(word));
            }
            word = next;
        }
    }

    #[test]
    fn begun_and_released_is_as_before(word: u64) {
        prop_assert!(released(begun(word)) == word || writers(begun(word)) == WRITERS_STUCK);
    }
}
