//! The order in which a claim lets go, as readers on other threads see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use plexidb_cache::{SlotArray, Stamps};
use plexidb_core::{Facet, Place, Tag};

use super::Claim;

const WRITES: u64 = 50_000;

fn tags() -> (Tag, Tag, Tag) {
    let table = Place::table("public", "messages");
    let body = Facet::column("body");
    let channel = table.key(&["channel_id"]);
    (
        table.tag(body),
        channel.at(7).tag(body),
        channel.unknown().tag(body),
    )
}

/// What a read pinned to a key depends on, as it is captured: rows of unknown key are looked at first.
fn capture(slots: &SlotArray, key: Tag, unknown: Tag) -> Option<Stamps> {
    let first = slots.capture_first([unknown].into_iter())?;
    Some(first.join(slots.capture([key].into_iter())?))
}

#[test]
fn no_reader_of_a_learnt_key_sees_what_was_before() {
    let slots = Arc::new(SlotArray::default());
    // Stands for the database: a row's value, which each write raises.
    let database = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let (table, exact, unknown) = tags();
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (slots, database, is_over) =
                (Arc::clone(&slots), Arc::clone(&database), Arc::clone(&is_over));
            std::thread::spawn(move || {
                let mut hits = 0_u64;
                while !is_over.load(Ordering::Relaxed) {
                    let Some(stamps) = capture(&slots, exact, unknown) else {
                        continue;
                    };
                    let result = database.load(Ordering::SeqCst);
                    // An entry stays in the cache while it does not hold, and is looked at again.
                    for _ in 0..50 {
                        let now = database.load(Ordering::SeqCst);
                        if slots.holds(&stamps) {
                            assert!(result >= now, "a result of before {now} is served: {result}");
                            hits += 1;
                        }
                    }
                }
                hits
            })
        })
        .collect();
    // Many keys at once, so that raising them takes a while.
    let others = Place::table("public", "messages").key(&["channel_id"]);
    let mut learnt: Vec<Tag> = (8..72)
        .map(|key| others.at(key).tag(Facet::column("body")))
        .collect();
    learnt.push(exact);
    for value in 1..=WRITES {
        let mut claim = Claim::of(&slots, &[table], Vec::new()).with_precaution(&slots, &[unknown]);
        database.store(value, Ordering::SeqCst);
        claim.learn(&slots, &learnt);
        claim.end();
    }
    is_over.store(true, Ordering::Relaxed);
    let hits: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(hits > 0, "nothing was ever served");
    assert_eq!((slots.held(), slots.abandoned_holds()), (0, 0));
}

#[test]
fn a_precaution_counts_as_touched_where_nothing_was_learnt() {
    let slots = Arc::new(SlotArray::default());
    let (table, exact, unknown) = tags();
    let stamps = capture(&slots, exact, unknown).unwrap();
    Claim::of(&slots, &[table], Vec::new())
        .with_precaution(&slots, &[unknown])
        .end();
    assert!(!slots.holds(&stamps), "the write may have been of this key");
    assert_eq!(slots.held(), 0);
}

#[test]
fn results_of_other_keys_stay_true() {
    let slots = Arc::new(SlotArray::default());
    let (table, exact, unknown) = tags();
    let other = Place::table("public", "messages").key(&["channel_id"]).at(8);
    let of_other = capture(&slots, other.tag(Facet::column("body")), unknown).unwrap();
    let of_exact = capture(&slots, exact, unknown).unwrap();
    let mut claim = Claim::of(&slots, &[table], Vec::new()).with_precaution(&slots, &[unknown]);
    assert!(!slots.holds(&of_other), "the key is not known yet");
    claim.learn(&slots, &[exact]);
    claim.end();
    assert!(slots.holds(&of_other));
    assert!(!slots.holds(&of_exact));
}
