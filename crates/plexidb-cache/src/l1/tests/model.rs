//! The cache against a reference that is too simple to be wrong.
//!
//! The reference keeps, for every key, the rows and the versions of what they depend on. A hit must be just what it
//! has; where nothing was evicted, a valid entry must be a hit.

use std::collections::HashMap;

use plexidb_core::Tag;
use proptest::prelude::*;

use super::*;
use crate::slots::WriteHold;

const TABLES: usize = 4;
const KEYS: i64 = 6;

#[derive(Clone, Debug)]
enum Operation {
    /// Captures, "queries" and stores at once.
    Fill {
        key: i64,
        tables: Vec<usize>,
        ttl_ms: u64,
    },
    /// Captures now, stores at the next `StoreLate`.
    CaptureLate {
        key: i64,
        tables: Vec<usize>,
    },
    StoreLate,
    Begin {
        tables: Vec<usize>,
    },
    Extend {
        hold: usize,
        tables: Vec<usize>,
    },
    End {
        hold: usize,
    },
    Release {
        hold: usize,
    },
    Get {
        key: i64,
    },
    Remove {
        key: i64,
    },
    Clear,
    Advance {
        ms: u64,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let tables = || prop::collection::vec(0..TABLES, 1..4);
    prop_oneof![
        4 => (0..KEYS, tables(), 1_u64..40).prop_map(|(key, tables, ttl_ms)| Operation::Fill { key, tables, ttl_ms }),
        2 => (0..KEYS, tables()).prop_map(|(key, tables)| Operation::CaptureLate { key, tables }),
        2 => Just(Operation::StoreLate),
        2 => tables().prop_map(|tables| Operation::Begin { tables }),
        1 => (0..4_usize, tables()).prop_map(|(hold, tables)| Operation::Extend { hold, tables }),
        2 => (0..4_usize).prop_map(|hold| Operation::End { hold }),
        1 => (0..4_usize).prop_map(|hold| Operation::Release { hold }),
        8 => (0..KEYS).prop_map(|key| Operation::Get { key }),
        1 => (0..KEYS).prop_map(|key| Operation::Remove { key }),
        1 => Just(Operation::Clear),
        1 => (0..30_u64).prop_map(|ms| Operation::Advance { ms }),
    ]
}

/// The state of a table: completed writes, and writes in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct TableState {
    version: u64,
    writers: u64,
}

type Dependencies = Vec<(usize, TableState)>;

#[derive(Clone, Debug)]
struct Expected {
    number: i64,
    dependencies: Dependencies,
    expires_at_ms: u64,
}

struct Bench {
    l1: L1,
    slots: Arc<SlotArray>,
    clock: FakeClock,
    /// Brings every key to one of few hashes.
    hash_mask: u64,
    is_roomy: bool,
    tables: [TableState; TABLES],
    entries: HashMap<i64, Expected>,
    holds: Vec<(WriteHold, Vec<usize>)>,
    late: Option<(i64, Dependencies, Stamps)>,
    next_number: i64,
}

impl Bench {
    fn new(bytes_max: u64, hash_mask: u64) -> Self {
        let clock = FakeClock::default();
        Self {
            l1: L1::with_clock(
                L1Config {
                    bytes_max,
                    entry_bytes_max: bytes_max,
                    is_cost_aware: true,
                },
                clock.clone(),
            ),
            slots: Arc::new(SlotArray::with_layout(16, 7)),
            clock,
            hash_mask,
            is_roomy: bytes_max > 100_000,
            tables: Default::default(),
            entries: HashMap::new(),
            holds: Vec::new(),
            late: None,
            next_number: 0,
        }
    }

    fn tags(tables: &[usize]) -> Vec<Tag> {
        tables
            .iter()
            .map(|table| Tag::table("public", &format!("t{table}")))
            .collect()
    }

    fn with_key<T>(&self, id: i64, act: impl FnOnce(&L1, &KeyRef<'_>) -> T) -> T {
        let mut buffer = KeyBuffer::new();
        let mut key = KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer);
        key.hash &= self.hash_mask;
        act(&self.l1, &key)
    }

    fn capture(&self, tables: &[usize]) -> Result<Option<(Dependencies, Stamps)>, TestCaseError> {
        let stamps = self.slots.capture(Self::tags(tables).into_iter());
        let is_free = tables.iter().all(|&table| self.tables[table].writers == 0);
        prop_assert_eq!(stamps.is_some(), is_free);
        Ok(stamps.map(|stamps| {
            (
                tables.iter().map(|&table| (table, self.tables[table])).collect(),
                stamps,
            )
        }))
    }

    fn store(&mut self, id: i64, dependencies: Dependencies, stamps: Stamps, ttl_ms: u64) {
        self.next_number += 1;
        let number = self.next_number;
        let had_entry = self.with_key(id, |l1, key| l1.entries.contains_key(key));
        let inserted = self.with_key(id, |l1, key| {
            let fill = Fill {
                // Few are worth what others cost, so that some are not admitted.
                cost: Duration::from_micros(1 << (number % 16)),
                ..fill(rows(number), stamps, Duration::from_millis(ttl_ms))
            };
            l1.insert(key.to_owned(SQL.into()), fill, &self.slots)
        });
        // Where there is room, and where a result takes the place of an older one, nothing is weighed.
        let may_refuse = !self.is_roomy && !had_entry;
        assert!(may_refuse || !matches!(inserted, Inserted::NotAdmitted { .. }));
        if inserted == Inserted::Stored {
            let expires_at_ms = self.clock.now_ms() + ttl_ms;
            self.entries.insert(
                id,
                Expected {
                    number,
                    dependencies,
                    expires_at_ms,
                },
            );
        }
    }

    fn is_valid(&self, expected: &Expected) -> bool {
        self.clock.now_ms() < expected.expires_at_ms
            && expected
                .dependencies
                .iter()
                .all(|&(table, state)| self.tables[table] == state)
    }

    fn get(&mut self, id: i64) -> Result<(), TestCaseError> {
        let found = self.with_key(id, |l1, key| l1.get(key, &self.slots));
        let expected = self.entries.get(&id);
        match found {
            Lookup::Hit(rows) => {
                let expected =
                    expected.ok_or_else(|| TestCaseError::fail("a hit of a key that was never stored"))?;
                prop_assert_eq!(number(&rows), expected.number);
                prop_assert!(
                    self.is_valid(expected),
                    "a dead entry was returned: {:?}",
                    expected
                );
            }
            Lookup::Stale | Lookup::Expired => {
                prop_assert!(expected.is_some_and(|expected| !self.is_valid(expected)));
                self.entries.remove(&id);
            }
            // Kept: what holds it may turn out not to touch it.
            Lookup::Held => {
                let is_held = |table: usize| self.tables[table].writers > 0;
                let may_hold_again = expected
                    .is_some_and(|expected| expected.dependencies.iter().any(|&(table, _)| is_held(table)));
                prop_assert!(may_hold_again);
            }
            Lookup::Miss => prop_assert!(!self.is_roomy || expected.is_none(), "a valid entry was lost"),
        }
        Ok(())
    }

    fn decide(&mut self, hold: usize, has_effect: bool) {
        if hold < self.holds.len() {
            let (hold, tables) = self.holds.swap_remove(hold);
            for table in tables {
                self.tables[table].writers -= 1;
                self.tables[table].version += u64::from(has_effect);
            }
            if has_effect { hold.end() } else { hold.release() }
        }
    }

    fn begin(&mut self, tables: &[usize]) {
        let hold = self.slots.begin_write(&Self::tags(tables));
        self.holds.push((hold, Vec::new()));
        self.note_held(self.holds.len() - 1, tables);
    }

    fn note_held(&mut self, hold: usize, tables: &[usize]) {
        for &table in tables {
            if !self.holds[hold].1.contains(&table) {
                self.holds[hold].1.push(table);
                self.tables[table].writers += 1;
            }
        }
    }

    fn run(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Fill { key, tables, ttl_ms } => {
                if let Some((dependencies, stamps)) = self.capture(tables)? {
                    self.store(*key, dependencies, stamps, *ttl_ms);
                }
            }
            Operation::CaptureLate { key, tables } => {
                self.late = self
                    .capture(tables)?
                    .map(|(dependencies, stamps)| (*key, dependencies, stamps));
            }
            Operation::StoreLate => {
                if let Some((key, dependencies, stamps)) = self.late.take() {
                    self.store(key, dependencies, stamps, 20);
                }
            }
            Operation::Begin { tables } => self.begin(tables),
            Operation::Extend { hold, tables } if *hold < self.holds.len() => {
                self.holds[*hold].0.extend(&Self::tags(tables));
                self.note_held(*hold, tables);
            }
            Operation::Extend { .. } => {}
            Operation::End { hold } => self.decide(*hold, true),
            Operation::Release { hold } => self.decide(*hold, false),
            Operation::Get { key } => self.get(*key)?,
            Operation::Remove { key } => {
                let is_removed = self.with_key(*key, |l1, key| l1.remove(key));
                let was_there = self.entries.remove(key).is_some();
                prop_assert!(is_removed == was_there || !self.is_roomy && !is_removed);
            }
            Operation::Clear => {
                self.l1.clear();
                self.entries.clear();
            }
            Operation::Advance { ms } => {
                self.clock.advance_ms(*ms);
                self.l1.tick();
            }
        }
        prop_assert_eq!(self.l1.room.taken(), self.l1.bytes());
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for (hold, _) in self.holds.drain(..) {
            hold.end();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn with_room_it_returns_exactly_what_is_valid(
        operations in prop::collection::vec(operation(), 0..120),
        is_colliding: bool,
    ) {
        let mut bench = Bench::new(1 << 20, if is_colliding { 1 } else { u64::MAX });
        for operation in &operations {
            bench.run(operation)?;
        }
    }

    #[test]
    fn under_pressure_it_returns_nothing_that_is_not_valid(
        operations in prop::collection::vec(operation(), 0..120),
        is_colliding: bool,
    ) {
        // Room for about three entries.
        let mut bench = Bench::new(2600, if is_colliding { 1 } else { u64::MAX });
        for operation in &operations {
            bench.run(operation)?;
        }
    }
}
