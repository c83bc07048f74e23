//! What the cache returns, refuses and forgets.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Column, RowSet, RowSetBuilder, Tag, ValueRef};

use super::{Fill, Inserted, L1, L1Config, Lookup};
use crate::clock::Clock;
use crate::key::{KeyBuffer, KeyRef};
use crate::shim::{AtomicU64, AtomicWord, Ordering};
use crate::slots::SlotArray;
use crate::stamp::Stamps;
use crate::tally::Tally;

mod admission;
mod bounds;
mod model;
mod protocol;

const SQL: &str = "SELECT name FROM users WHERE id = ?";
const TTL: Duration = Duration::from_secs(600);
const USERS: Tag = Tag::DATABASE;

/// A clock that a test moves.
#[derive(Clone, Default)]
struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A result of one row with one number.
fn rows(number: i64) -> RowSet {
    let columns = [Column {
        name: "n".into(),
        type_name: "int8".into(),
    }];
    let mut builder = RowSetBuilder::new(columns.into());
    builder.push(ValueRef::Int(number));
    builder.finish()
}

/// A result of about this many bytes.
fn rows_of_size(bytes: usize) -> RowSet {
    let columns = [Column {
        name: "b".into(),
        type_name: "bytea".into(),
    }];
    let mut builder = RowSetBuilder::new(columns.into());
    builder.push(ValueRef::Bytes(&vec![7; bytes]));
    builder.finish()
}

fn number(rows: &RowSet) -> i64 {
    rows[0].get(0).unwrap()
}

/// Looks the statement up with this parameter.
fn get<W: AtomicWord>(l1: &L1, slots: &SlotArray<W>, id: i64) -> Lookup {
    let mut buffer = KeyBuffer::new();
    l1.get(&KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer), slots)
}

fn hit<W: AtomicWord>(l1: &L1, slots: &SlotArray<W>, id: i64) -> Option<i64> {
    match get(l1, slots, id) {
        Lookup::Hit(rows) => Some(number(&rows)),
        _ => None,
    }
}

fn insert(l1: &L1, slots: &SlotArray, id: i64, rows: RowSet, ttl: Duration) -> Inserted {
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer).to_owned(SQL.into());
    l1.insert(key, fill(rows, capture(slots), ttl), slots)
}

fn fill(rows: RowSet, stamps: Stamps, ttl: Duration) -> Fill {
    Fill {
        rows,
        stamps,
        ttl,
        cost: Duration::from_millis(1),
        tally: Arc::default(),
        keeps_stale: false,
    }
}

fn capture<W: AtomicWord>(slots: &SlotArray<W>) -> Stamps {
    slots.capture([USERS].into_iter()).unwrap()
}

#[test]
fn a_result_is_returned_until_a_write_overtakes_it() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    assert!(matches!(get(&l1, &slots, 7), Lookup::Miss));
    assert_eq!(insert(&l1, &slots, 7, rows(70), TTL), Inserted::Stored);
    assert_eq!(hit(&l1, &slots, 7), Some(70));
    assert!(matches!(get(&l1, &slots, 8), Lookup::Miss));
    slots.begin_write(&[USERS]).end();
    assert!(matches!(get(&l1, &slots, 7), Lookup::Stale));
    // It was removed when it was met.
    assert!(matches!(get(&l1, &slots, 7), Lookup::Miss));
    assert!(l1.is_empty());
    let stats = l1.stats();
    assert_eq!((stats.hits, stats.misses, stats.stale, stats.fills), (1, 3, 1, 1));
}

#[test]
fn a_result_that_was_overtaken_before_it_was_stored_is_dead_on_arrival() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    let stamps = capture(&slots);
    slots.begin_write(&[USERS]).end();
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    let inserted = l1.insert(key.to_owned(SQL.into()), fill(rows(70), stamps, TTL), &slots);
    assert_eq!(inserted, Inserted::Stored);
    assert!(matches!(l1.get(&key, &slots), Lookup::Stale));
}

#[test]
fn nothing_is_returned_while_a_write_is_in_flight() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    insert(&l1, &slots, 7, rows(70), TTL);
    let hold = slots.begin_write(&[USERS]);
    assert!(matches!(get(&l1, &slots, 7), Lookup::Held));
    hold.end();
    assert!(matches!(get(&l1, &slots, 7), Lookup::Stale));
}

#[test]
fn a_result_survives_a_write_that_turns_out_not_to_touch_it() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    insert(&l1, &slots, 7, rows(70), TTL);
    let precaution = slots.begin_write(&[USERS]);
    assert!(matches!(get(&l1, &slots, 7), Lookup::Held));
    precaution.release();
    assert_eq!(hit(&l1, &slots, 7), Some(70));
    assert_eq!((l1.stats().held, l1.stats().hits), (1, 1));
}

#[test]
fn stamps_that_a_write_has_come_between_never_hold() {
    let slots = Arc::new(SlotArray::default());
    let before = capture(&slots);
    assert!(slots.holds(&before.clone().join(capture(&slots))));
    slots.begin_write(&[USERS]).end();
    assert!(!slots.holds(&before.join(capture(&slots))));
    assert!(slots.holds(&Stamps::default().join(capture(&slots))));
}

#[test]
fn hits_are_counted_for_their_statement_also_after_their_entry_is_gone() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    let tally = Arc::new(Tally::default());
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    let fill = Fill {
        tally: Arc::clone(&tally),
        ..fill(rows(70), capture(&slots), TTL)
    };
    l1.insert(key.to_owned(SQL.into()), fill, &slots);
    for _ in 0..100 {
        assert!(hit(&l1, &slots, 7).is_some());
    }
    assert_eq!(tally.hits(), 64);
    l1.clear();
    assert_eq!(tally.hits(), 100);
}

#[test]
fn a_result_that_may_be_stale_is_kept_and_told_its_age() {
    let clock = FakeClock::default();
    let (l1, slots) = (
        L1::with_clock(L1Config::default(), clock.clone()),
        Arc::new(SlotArray::default()),
    );
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    let kept = Fill {
        keeps_stale: true,
        ..fill(rows(70), capture(&slots), TTL)
    };
    l1.insert(key.to_owned(SQL.into()), kept, &slots);
    slots.begin_write(&[USERS]).end();
    clock.advance_ms(1_500);
    l1.tick();
    assert!(matches!(l1.get(&key, &slots), Lookup::Stale));
    let (stale, age) = l1.peek_stale(&key).unwrap();
    assert_eq!((number(&stale), age), (70, Duration::from_millis(1_500)));
    // Others are gone at once.
    insert(&l1, &slots, 7, rows(71), TTL);
    assert!(l1.peek_stale(&key).is_none());
}

#[test]
fn a_late_reader_of_a_dead_entry_does_not_remove_its_successor() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    insert(&l1, &slots, 7, rows(70), TTL);
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    let dead = l1.entries.get(&key).unwrap();
    slots.begin_write(&[USERS]).end();
    insert(&l1, &slots, 7, rows(71), TTL);
    l1.forget(&key, &dead.entry, super::Event::Stale);
    assert_eq!(hit(&l1, &slots, 7), Some(71));
}

#[test]
fn an_entry_expires_by_the_clock_that_the_owner_ticks() {
    let clock = FakeClock::default();
    let (l1, slots) = (
        L1::with_clock(L1Config::default(), clock.clone()),
        Arc::new(SlotArray::default()),
    );
    insert(&l1, &slots, 7, rows(70), Duration::from_millis(500));
    clock.advance_ms(499);
    l1.tick();
    assert_eq!(hit(&l1, &slots, 7), Some(70));
    clock.advance_ms(1);
    assert_eq!(hit(&l1, &slots, 7), Some(70), "nothing expires without a tick");
    l1.tick();
    assert!(matches!(get(&l1, &slots, 7), Lookup::Expired));
    assert!(matches!(get(&l1, &slots, 7), Lookup::Miss));
    assert_eq!(l1.stats().expired, 1);
}

#[test]
fn ttls_of_all_sizes_are_taken() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    assert_eq!(insert(&l1, &slots, 1, rows(1), Duration::ZERO), Inserted::Expired);
    assert_eq!(insert(&l1, &slots, 2, rows(2), Duration::MAX), Inserted::Stored);
    assert_eq!(hit(&l1, &slots, 1), None);
    assert_eq!(hit(&l1, &slots, 2), Some(2));
}

#[test]
fn entries_can_be_removed_and_cleared() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    for id in 0..3 {
        insert(&l1, &slots, id, rows(id), TTL);
    }
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(1)], &mut buffer);
    assert!(l1.remove(&key));
    assert!(!l1.remove(&key));
    assert_eq!(l1.len(), 2);
    assert_eq!(hit(&l1, &slots, 0), Some(0));
    l1.clear();
    assert_eq!((l1.len(), l1.bytes()), (0, 0));
    assert_eq!(hit(&l1, &slots, 0), None);
}

#[test]
fn equal_statements_of_two_databases_are_kept_apart() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    let mut buffers = [KeyBuffer::new(), KeyBuffer::new()];
    let [first, second] = &mut buffers;
    let keys = [KeyRef::new(1, SQL, &[], first), KeyRef::new(2, SQL, &[], second)];
    for (key, value) in keys.iter().zip([10, 20]) {
        let fill = fill(rows(value), capture(&slots), TTL);
        l1.insert(key.to_owned(SQL.into()), fill, &slots);
    }
    for (key, value) in keys.iter().zip([10, 20]) {
        assert!(matches!(l1.get(key, &slots), Lookup::Hit(rows) if number(&rows) == value));
    }
}

#[test]
fn keys_of_one_hash_are_compared_in_full() {
    let (l1, slots) = (L1::new(L1Config::default()), Arc::new(SlotArray::default()));
    let lookup = |id: i64| {
        let mut buffer = KeyBuffer::new();
        let mut key = KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer);
        key.hash = 0;
        l1.get(&key, &slots)
    };
    for id in 0..20 {
        assert!(matches!(lookup(id), Lookup::Miss));
        let mut buffer = KeyBuffer::new();
        let mut key = KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer);
        key.hash = 0;
        let fill = fill(rows(id), capture(&slots), TTL);
        l1.insert(key.to_owned(SQL.into()), fill, &slots);
    }
    for id in 0..20 {
        assert!(matches!(lookup(id), Lookup::Hit(rows) if number(&rows) == id));
    }
}

#[test]
fn bypasses_are_counted_apart_from_lookups() {
    let l1 = L1::new(L1Config::default());
    l1.count_bypass();
    assert_eq!((l1.stats().bypasses, l1.stats().lookups()), (1, 0));
}
