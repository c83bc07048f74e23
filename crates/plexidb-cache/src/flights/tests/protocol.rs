//! Flights between readers and writers under all interleavings, by shuttle.
//!
//! The database is one number that every write raises. A read is wrong if it returns less than what was acknowledged
//! to a writer, or returned to a reader, before it started. The planted faults must be found.

use std::sync::atomic::AtomicU64;

use shuttle::future::block_on;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::AtomicU64 as ModelU64;
use shuttle::{Config, FailurePersistence, Runner, thread};

use super::*;
use crate::shim::Ordering::SeqCst;
use crate::stamp::Stamps;

/// A way to get it wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// A flight is joined without a look at the slots.
    StaleJoin,
    /// The slots are looked at before a flight is found: those of the reader's own capture.
    OwnStampsChecked,
    /// The leader captures its stamps, and lets others in, when it has its rows.
    StampAfterQuery,
}

/// What a write holds that does not know what it touches.
fn any_key() -> Tag {
    Tag::table("public", "users by any key")
}

struct World {
    flights: Flights,
    slots: Arc<SlotArray<ModelU64>>,
    database: ModelU64,
    fault: Fault,
    /// The highest number that a finished operation has told somebody; outside of the model, so that looking at it is
    /// no step.
    known: AtomicU64,
    violations: Arc<AtomicU64>,
    joined: Arc<AtomicU64>,
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
        let hold = self.slots.begin_write(&[USERS]);
        let number = self.database.fetch_add(1, SeqCst) + 1;
        self.pass_time();
        hold.end();
        self.tell(number);
    }

    fn write_and_learn(&self) {
        let precaution = self.slots.begin_write(&[any_key()]);
        let number = self.database.fetch_add(1, SeqCst) + 1;
        self.pass_time();
        self.slots.begin_write(&[USERS]).end();
        precaution.release();
        self.tell(number);
    }

    /// A read whose caller may go away once it leads.
    fn read(&self, is_dropped: bool) {
        let known = self.known.load(SeqCst);
        let Some(number) = self.answer(is_dropped) else {
            return;
        };
        if number < known {
            self.violations.fetch_add(1, SeqCst);
        }
        self.tell(number);
    }

    fn answer(&self, is_dropped: bool) -> Option<u64> {
        loop {
            let early = (self.fault == Fault::StampAfterQuery).then(|| self.database.load(SeqCst));
            let Some(stamps) = self.capture() else {
                // A write is under way: it runs alone.
                return Some(self.database.load(SeqCst));
            };
            let boarded = self.board(Boarding {
                key: key(1),
                limits: Limits::default(),
                stamps,
            });
            match boarded {
                Boarded::Leads(_leader) if is_dropped => {
                    self.pass_time();
                    return None;
                }
                Boarded::Leads(leader) => {
                    let number = early.unwrap_or_else(|| self.database.load(SeqCst));
                    self.pass_time();
                    leader.publish(&rows(number as i64));
                    self.pass_time();
                    return Some(number);
                }
                Boarded::Follows(follower) => {
                    if let Landing::Rows(rows) = block_on(follower.wait()) {
                        self.joined.fetch_add(1, SeqCst);
                        return Some(rows[0].get::<i64>(0).unwrap() as u64);
                    }
                }
            }
        }
    }

    fn capture(&self) -> Option<Stamps> {
        let first = self.slots.capture_first([any_key()].into_iter())?;
        Some(first.join(self.slots.capture([USERS].into_iter())?))
    }

    fn board(&self, boarding: Boarding) -> Boarded<'_> {
        let is_joined = match self.fault {
            Fault::StaleJoin => true,
            Fault::OwnStampsChecked => self.slots.holds(&boarding.stamps),
            Fault::None | Fault::StampAfterQuery => false,
        };
        if is_joined {
            let hash = boarding.key.hash();
            let found = self.flights.shard(hash).get(&hash).cloned();
            if let Some(flight) = found {
                return Boarded::Follows(Follower { flight, boarding });
            }
        }
        self.flights.board(boarding, &self.slots)
    }
}

/// What the threads of a scenario do, each a list of operations.
#[derive(Clone, Copy)]
enum Step {
    Read,
    ReadAndLeave,
    Write,
    WriteAndLearn,
}

use Step::{Read, ReadAndLeave, Write, WriteAndLearn};

struct Outcome {
    violations: u64,
    joined: u64,
}

/// Runs the threads under every schedule that the scheduler makes. A follower that waits for ever is a deadlock, which
/// shuttle reports.
fn explore(
    scheduler: impl Scheduler + 'static,
    fault: Fault,
    threads: &'static [&'static [Step]],
) -> Outcome {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    // It explores sequential consistency only; slots/word.rs argues for the weaker orderings.
    config.silence_warnings = true;
    let (violations, joined) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let counted = (Arc::clone(&violations), Arc::clone(&joined));
    Runner::new(scheduler, config).run(move || {
        let world = Arc::new(World {
            flights: Flights::default(),
            slots: Arc::new(SlotArray::with_layout(4, 7)),
            database: ModelU64::new(0),
            fault,
            known: AtomicU64::new(0),
            violations: Arc::clone(&counted.0),
            joined: Arc::clone(&counted.1),
        });
        let running: Vec<_> = threads
            .iter()
            .map(|steps| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    for step in *steps {
                        match step {
                            Read => world.read(false),
                            ReadAndLeave => world.read(true),
                            Write => world.write(),
                            WriteAndLearn => world.write_and_learn(),
                        }
                    }
                })
            })
            .collect();
        for thread in running {
            thread.join().unwrap();
        }
        assert!(world.flights.is_empty(), "a flight was left behind");
    });
    Outcome {
        violations: violations.load(SeqCst),
        joined: joined.load(SeqCst),
    }
}

/// Fixed, so that a failure comes again.
const SEED: u64 = 20;

const SCENARIOS: [&[&[Step]]; 2] = [
    &[
        &[Write, Write],
        &[Read, Read, Read],
        &[Read, Read, Read],
        &[ReadAndLeave, Read, Read],
    ],
    &[
        &[WriteAndLearn, Write, WriteAndLearn],
        &[Read, Read, Read],
        &[Read, Read, ReadAndLeave],
    ],
];

#[test]
fn no_follower_gets_a_stale_answer_or_waits_for_ever() {
    for threads in SCENARIOS {
        for outcome in [
            explore(RandomScheduler::new_from_seed(SEED, 2000), Fault::None, threads),
            explore(PctScheduler::new_from_seed(SEED, 4, 2000), Fault::None, threads),
        ] {
            assert_eq!(outcome.violations, 0);
            assert!(outcome.joined > 100, "only {} joined", outcome.joined);
        }
    }
}

#[test]
fn every_planted_fault_is_found() {
    for fault in [Fault::StaleJoin, Fault::OwnStampsChecked, Fault::StampAfterQuery] {
        for threads in SCENARIOS {
            let outcome = explore(RandomScheduler::new_from_seed(SEED, 3000), fault, threads);
            assert!(outcome.violations > 0, "{fault:?} was not found");
        }
    }
}
