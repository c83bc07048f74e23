//! The bounds on memory hold, and what does not fit is said to be too large.

use super::*;
use crate::l1::shards;

#[test]
fn memory_stays_below_its_bound_and_evictions_are_counted() {
    let config = L1Config {
        bytes_max: 256 << 10,
        entry_bytes_max: 8 << 10,
        is_cost_aware: false,
    };
    let (l1, slots) = (L1::new(config), Arc::new(SlotArray::default()));
    for id in 0..2000 {
        let size = (id as usize * 131) % (6 << 10);
        assert_eq!(insert(&l1, &slots, id, rows_of_size(size), TTL), Inserted::Stored);
        assert!(l1.bytes() <= config.bytes_max, "{} bytes", l1.bytes());
    }
    let stats = l1.stats();
    assert_eq!(stats.evictions + stats.entries, 2000);
    assert!(stats.evictions > 1000 && stats.entries > 20, "{stats:?}");
    assert_eq!(stats.bytes, l1.bytes());
}

#[test]
fn a_result_is_stored_or_said_to_be_too_large() {
    for (bytes_max, entry_bytes_max) in [
        (1 << 20, 16 << 10),
        (64 << 10, 1 << 20),
        (100_003, 100_003),
        (3000, 999),
    ] {
        let config = L1Config {
            bytes_max,
            entry_bytes_max,
            is_cost_aware: false,
        };
        let (l1, slots) = (L1::new(config), Arc::new(SlotArray::default()));
        let mut outcomes = [0, 0];
        for id in 0..200 {
            let size = id as usize * (bytes_max.min(entry_bytes_max) as usize) / 150;
            match insert(&l1, &slots, id, rows_of_size(size), TTL) {
                Inserted::Stored => {
                    outcomes[0] += 1;
                    assert!(
                        matches!(get(&l1, &slots, id), Lookup::Hit(_)),
                        "{config:?}: {size} bytes were lost"
                    );
                }
                Inserted::TooLarge { bytes, bytes_max } => {
                    outcomes[1] += 1;
                    assert!(bytes > bytes_max && bytes_max <= config.bytes_max.min(entry_bytes_max));
                    assert!(matches!(get(&l1, &slots, id), Lookup::Miss));
                }
                Inserted::Expired | Inserted::NotAdmitted { .. } => {
                    panic!("the TTL is not zero, nor is anything weighed")
                }
            }
        }
        assert!(
            outcomes.iter().all(|&count| count > 20),
            "{config:?}: {outcomes:?}"
        );
        assert_eq!(l1.stats().rejected, outcomes[1]);
    }
}

#[test]
fn a_cache_without_memory_stores_nothing() {
    let (l1, slots) = (
        L1::new(L1Config {
            bytes_max: 0,
            entry_bytes_max: 100,
            ..L1Config::default()
        }),
        Arc::new(SlotArray::default()),
    );
    assert!(matches!(
        insert(&l1, &slots, 7, rows(7), TTL),
        Inserted::TooLarge { bytes_max: 0, .. }
    ));
    assert!(matches!(get(&l1, &slots, 7), Lookup::Miss));
}

#[test]
fn a_result_that_replaces_an_older_one_evicts_nothing() {
    let config = L1Config {
        bytes_max: 64 << 10,
        entry_bytes_max: 8 << 10,
        ..L1Config::default()
    };
    let (l1, slots) = (L1::new(config), Arc::new(SlotArray::default()));
    for size in 0..2000 {
        insert(&l1, &slots, 7, rows_of_size(size), TTL);
    }
    let stats = l1.stats();
    assert_eq!((stats.evictions, stats.entries, stats.fills), (0, 1, 2000));
    // What it displaces when there is no room are evictions.
    for id in 100..400 {
        insert(&l1, &slots, id, rows_of_size(1000), TTL);
    }
    let stats = l1.stats();
    assert!(stats.entries < 100);
    assert_eq!(stats.evictions, 301 - stats.entries);
}

#[test]
fn an_entry_weighs_what_it_takes_of_the_heap() {
    const ENTRIES: i64 = 3_000;
    let slots = Arc::new(SlotArray::default());
    // Parameters, cells and stamps of few and of many bytes.
    for (cell_bytes, tags) in [(10, 1), (10, 40), (4_000, 3)] {
        let l1 = L1::new(L1Config {
            bytes_max: 1 << 30,
            ..L1Config::default()
        });
        let used = allocation_counter::measure(|| {
            for id in 0..ENTRIES {
                // A text, a tally and columns of its own each: the most that an entry can take.
                let sql = format!("SELECT b FROM blobs WHERE id = ? AND {id} = {id}");
                let mut buffer = KeyBuffer::new();
                let key =
                    KeyRef::new(0, &sql, &[ValueRef::Int(id)], &mut buffer).to_owned(sql.as_str().into());
                let tags = (0..tags).map(|tag| Tag::table("public", &format!("t{tag}")));
                let stamps = slots.capture(tags).unwrap();
                l1.insert(key, fill(rows_of_size(cell_bytes), stamps, TTL), &slots);
            }
        });
        let (bytes, used) = (l1.bytes(), used.bytes_current.unsigned_abs());
        assert_eq!(l1.len() as i64, ENTRIES);
        assert!(
            used <= bytes && bytes < used + ENTRIES as u64 * 500,
            "{cell_bytes} B and {tags} tags: {bytes} B are counted, and {used} B are used"
        );
    }
}

#[test]
fn the_default_has_several_shards_and_each_holds_the_largest_entry() {
    let layout = shards::layout(L1Config::default());
    assert_eq!((layout.shards, layout.entry_bytes_max), (16, 1 << 20));
    let l1 = L1::new(L1Config::default());
    assert_eq!(l1.entries.num_shards(), layout.shards);
    assert_eq!(l1.entries.capacity(), layout.bytes_max);
}

#[test]
fn a_scan_drives_out_what_was_used_once_and_not_what_is_used_again() {
    const EACH: i64 = 100;
    const SCANNED: i64 = 20_000;
    let config = L1Config {
        bytes_max: 1 << 20,
        entry_bytes_max: 8 << 10,
        is_cost_aware: false,
    };
    let (l1, slots) = (L1::new(config), Arc::new(SlotArray::default()));
    let scan = |first: i64| {
        for id in first..first + SCANNED {
            insert(&l1, &slots, id, rows_of_size(1_000), TTL);
        }
    };
    // What comes while there is room is kept longer, so the room is taken first.
    scan(1_000);
    for id in 0..2 * EACH {
        insert(&l1, &slots, id, rows(id), TTL);
        if id < EACH {
            assert!((0..3).all(|_| hit(&l1, &slots, id) == Some(id)));
        }
    }
    // Twenty times the memory of the cache, while nobody reads the others.
    scan(1_000 + SCANNED);
    let kept = |ids: std::ops::Range<i64>| ids.filter(|&id| hit(&l1, &slots, id).is_some()).count() as i64;
    let (used, unused) = (kept(0..EACH), kept(EACH..2 * EACH));
    assert!(
        used >= EACH * 9 / 10 && unused <= EACH / 2,
        "{used} used ones and {unused} others are left of {EACH} each"
    );
}
