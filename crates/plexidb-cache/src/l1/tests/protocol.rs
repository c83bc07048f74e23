//! The protocol between readers, writers and slots under all interleavings, by shuttle.
//!
//! The database is one number that every write raises. A read is wrong if it returns less than what was acknowledged
//! to a writer, or returned to a reader, before it started. The same check must find every planted fault:
//! one that finds none proves nothing.

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::AtomicU64 as ModelU64;
use shuttle::{Config, FailurePersistence, Runner, thread};

use super::*;
use crate::shim::Ordering::SeqCst;

/// A way to get the protocol wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The reader captures its stamps when it has its rows.
    StampAfterRead,
    /// The writer ends its hold before the write becomes visible.
    InvalidateBeforeWrite,
    /// The writer touches its slots only after its write has been acknowledged.
    InvalidateAfterAcknowledgement,
    /// The writer raises the version after the write, but does not hold the slots while it is under way.
    WriteUnannounced,
    /// The writer takes its version back although the write became visible.
    ReleaseAfterWrite,
    /// The reader returns what it finds without a look at the slots.
    HitUnchecked,
    /// The reader looks at a precaution after it has looked at what the write turns out to touch.
    PrecautionSeenLast,
    /// The writer lets its precaution go before it raises what it has learnt to have touched.
    PrecautionReleasedFirst,
    /// The reader does not compare what it has watched.
    WatchIgnored,
    /// The reader compares what it has watched before it captures the rows of its result.
    WatchedTooShort,
}

const FAULTS: [Fault; 10] = [
    Fault::StampAfterRead,
    Fault::InvalidateBeforeWrite,
    Fault::InvalidateAfterAcknowledgement,
    Fault::WriteUnannounced,
    Fault::ReleaseAfterWrite,
    Fault::HitUnchecked,
    Fault::PrecautionSeenLast,
    Fault::PrecautionReleasedFirst,
    Fault::WatchIgnored,
    Fault::WatchedTooShort,
];

/// What a write holds that does not know what it touches.
fn any_key() -> Tag {
    Tag::table("public", "users by any key")
}

/// The row that a result turns out to hold.
fn row() -> Tag {
    Tag::table("public", "users with this key")
}

struct World {
    l1: L1,
    slots: Arc<SlotArray<ModelU64>>,
    database: ModelU64,
    fault: Fault,
    /// The highest number that a finished operation has told somebody; outside of the model, so that looking at it
    /// is no step.
    known: AtomicU64,
    violations: Arc<AtomicU64>,
    hits: Arc<AtomicU64>,
}

impl World {
    fn tell(&self, number: u64) {
        self.known.fetch_max(number, SeqCst);
    }

    /// A point at which the scheduler may let others go on.
    fn pass_time(&self) {
        self.database.load(SeqCst);
    }

    fn write(&self) {
        let number = match self.fault {
            Fault::InvalidateBeforeWrite => {
                self.slots.begin_write(&[USERS]).end();
                self.database.fetch_add(1, SeqCst) + 1
            }
            Fault::InvalidateAfterAcknowledgement => {
                let number = self.database.fetch_add(1, SeqCst) + 1;
                self.tell(number);
                self.slots.begin_write(&[USERS]).end();
                number
            }
            Fault::WriteUnannounced => {
                let number = self.database.fetch_add(1, SeqCst) + 1;
                self.slots.begin_write(&[USERS]).end();
                number
            }
            _ => {
                let hold = self.slots.begin_write(&[USERS]);
                let number = self.database.fetch_add(1, SeqCst) + 1;
                // The answer of the database takes its time.
                self.pass_time();
                if self.fault == Fault::ReleaseAfterWrite {
                    hold.release()
                } else {
                    hold.end()
                }
                number
            }
        };
        self.tell(number);
    }

    /// A write that learns only from the database's answer what it has touched.
    fn write_and_learn(&self) {
        let precaution = self.slots.begin_write(&[any_key()]);
        let number = self.database.fetch_add(1, SeqCst) + 1;
        self.pass_time();
        if self.fault == Fault::PrecautionReleasedFirst {
            precaution.release();
            self.slots.begin_write(&[USERS]).end();
        } else {
            self.slots.begin_write(&[USERS]).end();
            precaution.release();
        }
        self.tell(number);
    }

    /// A write of the row, of which it learns from the answer where else it is looked for.
    fn edit(&self) {
        let certain = self.slots.begin_write(&[row()]);
        let precaution = self.slots.begin_write(&[any_key()]);
        let number = self.database.fetch_add(1, SeqCst) + 1;
        self.pass_time();
        self.slots.begin_write(&[USERS]).end();
        precaution.release();
        certain.end();
        self.tell(number);
    }

    /// A write that the database rolls back.
    fn fail_to_write(&self) {
        let hold = self.slots.begin_write(&[USERS]);
        self.pass_time();
        hold.release();
    }

    fn read(&self) {
        let known = self.known.load(SeqCst);
        let number = self.cached().unwrap_or_else(|| self.fetch());
        if number < known {
            self.violations.fetch_add(1, SeqCst);
        }
        self.tell(number);
    }

    /// A read of which only the result tells on which row it depends.
    fn list(&self) {
        let known = self.known.load(SeqCst);
        let number = self.cached().unwrap_or_else(|| self.fetch_list());
        if number < known {
            self.violations.fetch_add(1, SeqCst);
        }
        self.tell(number);
    }

    fn fetch_list(&self) -> u64 {
        let watch = self.slots.watch([any_key()].into_iter(), [USERS].into_iter());
        let number = self.database.load(SeqCst);
        self.pass_time();
        let is_unchanged = || watch.as_ref().is_some_and(|watch| self.slots.is_unchanged(watch));
        let was_unchanged = is_unchanged();
        let stamps = self.slots.capture([row()].into_iter());
        let is_unchanged = match self.fault {
            Fault::WatchIgnored => true,
            Fault::WatchedTooShort => was_unchanged,
            _ => is_unchanged(),
        };
        if let (Some(stamps), true) = (stamps, is_unchanged) {
            let mut buffer = KeyBuffer::new();
            let key = KeyRef::new(0, SQL, &[], &mut buffer).to_owned(SQL.into());
            let _ = self
                .l1
                .insert(key, fill(rows(number as i64), stamps, TTL), &self.slots);
        }
        number
    }

    fn cached(&self) -> Option<u64> {
        let mut buffer = KeyBuffer::new();
        let key = KeyRef::new(0, SQL, &[], &mut buffer);
        if self.fault == Fault::HitUnchecked {
            return self
                .l1
                .entries
                .get(&key)
                .map(|stored| number(&stored.entry.rows) as u64);
        }
        match self.l1.get(&key, &self.slots) {
            Lookup::Hit(rows) => {
                self.hits.fetch_add(1, SeqCst);
                Some(number(&rows) as u64)
            }
            _ => None,
        }
    }

    fn fetch(&self) -> u64 {
        let capture = || {
            let known = self
                .slots
                .capture([USERS, Tag::table("public", "users")].into_iter())?;
            if self.fault == Fault::PrecautionSeenLast {
                let mut last = known;
                last.then
                    .extend(self.slots.capture([any_key()].into_iter())?.then);
                return Some(last);
            }
            Some(self.slots.capture_first([any_key()].into_iter())?.join(known))
        };
        let early = capture();
        let number = self.database.load(SeqCst);
        let stamps = if self.fault == Fault::StampAfterRead {
            capture()
        } else {
            early
        };
        // Between its rows and its fill a reader may be held up for any time.
        self.pass_time();
        if let Some(stamps) = stamps {
            let mut buffer = KeyBuffer::new();
            let key = KeyRef::new(0, SQL, &[], &mut buffer).to_owned(SQL.into());
            let _ = self
                .l1
                .insert(key, fill(rows(number as i64), stamps, TTL), &self.slots);
        }
        number
    }
}

/// What the threads of a scenario do, each a list of operations.
#[derive(Clone, Copy)]
enum Step {
    Read,
    Write,
    WriteAndLearn,
    FailToWrite,
    List,
    Edit,
}

use Step::{Edit, FailToWrite, List, Read, Write, WriteAndLearn};

struct Outcome {
    violations: u64,
    hits: u64,
}

/// Runs the threads under every schedule that the scheduler makes.
fn explore(
    scheduler: impl Scheduler + 'static,
    fault: Fault,
    threads: &'static [&'static [Step]],
) -> Outcome {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    // It explores sequential consistency only; word.rs argues for the weaker orderings.
    config.silence_warnings = true;
    let (violations, hits) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let counted = (Arc::clone(&violations), Arc::clone(&hits));
    Runner::new(scheduler, config).run(move || {
        let world = Arc::new(World {
            l1: L1::with_clock(
                L1Config {
                    bytes_max: 1 << 16,
                    entry_bytes_max: 1 << 14,
                    ..L1Config::default()
                },
                FakeClock::default(),
            ),
            slots: Arc::new(SlotArray::with_layout(4, 7)),
            database: ModelU64::new(0),
            fault,
            known: AtomicU64::new(0),
            violations: Arc::clone(&counted.0),
            hits: Arc::clone(&counted.1),
        });
        let running: Vec<_> = threads
            .iter()
            .map(|steps| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    for step in *steps {
                        match step {
                            Read => world.read(),
                            Write => world.write(),
                            WriteAndLearn => world.write_and_learn(),
                            FailToWrite => world.fail_to_write(),
                            List => world.list(),
                            Edit => world.edit(),
                        }
                    }
                })
            })
            .collect();
        for thread in running {
            thread.join().unwrap();
        }
    });
    Outcome {
        violations: violations.load(SeqCst),
        hits: hits.load(SeqCst),
    }
}

/// Fixed, so that a failure comes again.
const SEED: u64 = 20;

const SMALL: &[&[Step]] = &[&[Write], &[Read, Read]];
const LEARNING: &[&[Step]] = &[
    &[WriteAndLearn, WriteAndLearn],
    &[Read, Read, Read],
    &[Read, Read, Read],
];
const LISTING: &[&[Step]] = &[
    &[Edit, Edit],
    &[List, List, List, List],
    &[List, List, List, List],
];
const LARGE: &[&[Step]] = &[
    &[Write, FailToWrite, Write],
    &[Write, Read],
    &[Read, Read, Read, Read],
    &[Read, Read, Read],
];

#[test]
fn no_read_is_stale_in_any_interleaving_of_a_writer_and_a_reader() {
    let outcome = explore(DfsScheduler::new(None, false), Fault::None, SMALL);
    assert_eq!(outcome.violations, 0);
    assert!(outcome.hits > 0);
}

#[test]
fn no_read_is_stale_among_many_readers_and_writers() {
    for outcome in [
        explore(RandomScheduler::new_from_seed(SEED, 1500), Fault::None, LARGE),
        explore(PctScheduler::new_from_seed(SEED, 3, 1500), Fault::None, LARGE),
        explore(RandomScheduler::new_from_seed(SEED, 1000), Fault::None, LEARNING),
        explore(PctScheduler::new_from_seed(SEED, 4, 1000), Fault::None, LEARNING),
        explore(RandomScheduler::new_from_seed(SEED, 1000), Fault::None, LISTING),
        explore(PctScheduler::new_from_seed(SEED, 4, 1000), Fault::None, LISTING),
    ] {
        assert_eq!(outcome.violations, 0);
        assert!(
            outcome.hits > 100,
            "the cache was hardly used: {} hits",
            outcome.hits
        );
    }
}

#[test]
fn the_tags_of_the_scenarios_lie_in_different_slots() {
    let slots = SlotArray::<AtomicU64>::with_layout(4, 7);
    let of = |tag: Tag| slots.capture([tag].into_iter()).unwrap().then[0].slot;
    assert_ne!(of(any_key()), of(USERS));
    assert_ne!(of(any_key()), of(Tag::table("public", "users")));
    assert_ne!(of(row()), of(USERS));
    assert_ne!(of(row()), of(any_key()));
}

#[test]
fn every_planted_fault_is_found() {
    for fault in FAULTS {
        let is_of_learning = matches!(fault, Fault::PrecautionSeenLast | Fault::PrecautionReleasedFirst);
        let is_of_lists = matches!(fault, Fault::WatchIgnored | Fault::WatchedTooShort);
        let threads = match (is_of_learning, is_of_lists) {
            (true, _) => LEARNING,
            (_, true) => LISTING,
            _ => LARGE,
        };
        // A precaution that is seen last needs four changes of thread at the right places.
        let outcome = if fault == Fault::PrecautionSeenLast {
            explore(PctScheduler::new_from_seed(SEED, 5, 5_000), fault, threads)
        } else {
            explore(RandomScheduler::new_from_seed(SEED, 1500), fault, threads)
        };
        assert!(outcome.violations > 0, "{fault:?} was not found");
    }
}
