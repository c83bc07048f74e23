//! What all nodes have told, in one history, and what is wrong with it.
//!
//! Invariant: a read is judged some time after it ended, when what had ended before it began has been told, too. What is told later
//! still (a process may be stopped between an answer and its telling) makes nothing wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::{self, Moment};
use super::event::{Answerer, Event, Fate};
use super::number::writer;
use super::register::{Register, Wrong};
use super::sql::{PAIRS, pair_of};
use super::{MAX_STALENESS, NODES};

/// Violations that are told in full.
const VIOLATIONS_KEPT_MAX: usize = 20;
/// How long after its end a read is judged.
const PATIENCE: Moment = 3_000_000_000;
/// By how much more a bounded read may be old: the clocks' reading and nothing else.
const SLACK: Duration = Duration::from_millis(1);

/// A read that was told.
#[derive(Clone, Debug)]
struct Read {
    node: usize,
    cells: Vec<(usize, i64)>,
    start: Moment,
    end: Moment,
    by: Answerer,
}

/// What was done, counted.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(super) struct Counts {
    pub(super) reads: BTreeMap<String, u64>,
    pub(super) reads_failed: u64,
    pub(super) read_ms_max: u64,
    pub(super) writes: u64,
    /// Sent though the others could not be told.
    pub(super) writes_unannounced: u64,
    pub(super) writes_void: u64,
    pub(super) writes_unknown: u64,
    pub(super) writes_failed: u64,
    pub(super) write_ms_max: u64,
    pub(super) writes_of_two_pairs: u64,
}

/// When a node has done something last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Begin of the last read that its cache answered.
    pub(super) hit: Moment,
    /// Begin of the last write that took effect.
    pub(super) write: Moment,
}

struct Told {
    registers: Vec<Register>,
    /// By node, what its present process has acknowledged itself.
    own: Vec<Vec<Register>>,
    reads: Vec<Read>,
    /// Pairs of writes of two pairs.
    doubles: HashMap<i64, Vec<usize>>,
    progress: [Progress; NODES],
    counts: Counts,
    violations: Vec<String>,
    violation_count: usize,
}

/// The history of a run.
pub(super) struct History {
    is_strict: bool,
    started: Moment,
    told: Mutex<Told>,
}

fn registers() -> Vec<Register> {
    (0..PAIRS).map(|_| Register::default()).collect()
}

impl History {
    pub(super) fn new(is_strict: bool) -> Self {
        Self {
            is_strict,
            started: clock::now(),
            told: Mutex::new(Told {
                registers: registers(),
                own: (0..NODES).map(|_| registers()).collect(),
                reads: Vec::new(),
                doubles: HashMap::new(),
                progress: [Progress::default(); NODES],
                counts: Counts::default(),
                violations: Vec::new(),
                violation_count: 0,
            }),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.at(clock::now())
    }

    fn at(&self, moment: Moment) -> Duration {
        Duration::from_nanos(moment.saturating_sub(self.started))
    }

    pub(super) fn violated(&self, what: String) {
        let elapsed = self.elapsed().as_secs_f64();
        self.told().violated(format!("after {elapsed:.3} s: {what}"));
    }

    pub(super) fn is_violated(&self) -> bool {
        self.told().violation_count > 0
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.told().violations.clone()
    }

    pub(super) fn counts(&self) -> Counts {
        self.told().counts.clone()
    }

    pub(super) fn progress(&self, node: usize) -> Progress {
        self.told().progress[node]
    }

    /// A new process stands in the place of a node: what the one before has acknowledged is none of its own.
    pub(super) fn forget_own(&self, node: usize) {
        self.told().own[node] = registers();
    }

    /// Notes what a node has told. Returns what is an answer to a command.
    pub(super) fn note(&self, node: usize, event: Event) -> Option<Event> {
        let mut told = self.told();
        match event {
            Event::Begun { number, pairs, start } => told.begin(number, pairs, start),
            Event::Ended { .. } => told.end(node, event, self.is_strict),
            Event::Read {
                cells,
                start,
                end,
                by,
            } => {
                *told.counts.reads.entry(format!("{by:?}")).or_default() += 1;
                let took_ms = (end - start) / 1_000_000;
                told.counts.read_ms_max = told.counts.read_ms_max.max(took_ms);
                if by == Answerer::L1 {
                    told.progress[node].hit = told.progress[node].hit.max(start);
                }
                told.reads.push(Read {
                    node,
                    cells,
                    start,
                    end,
                    by,
                });
            }
            Event::Failed { is_write: true, .. } => told.counts.writes_failed += 1,
            Event::Failed { .. } => told.counts.reads_failed += 1,
            Event::Stuck { what, start, end } => {
                let (at, took) = (self.at(start), Duration::from_nanos(end - start));
                told.violated(format!(
                    "stuck: {what} of node {node} that began at {at:.3?} has not ended after {took:.1?}"
                ));
            }
            Event::Wrong(what) => told.violated(format!("node {node}: {what}")),
            answer => return Some(answer),
        }
        None
    }

    /// Judges the reads that ended long enough ago, or all of them where nothing comes any more.
    pub(super) fn judge(&self, is_over: bool) {
        let now = clock::now();
        let mut told = self.told();
        let until = if is_over {
            Moment::MAX
        } else {
            now.saturating_sub(PATIENCE)
        };
        let (due, later) = std::mem::take(&mut told.reads)
            .into_iter()
            .partition::<Vec<_>, _>(|read| read.end < until);
        told.reads = later;
        if self.is_strict {
            // What one has read, nobody reads less of afterwards.
            for read in &due {
                for &(cell, number) in &read.cells {
                    told.registers[pair_of(cell)].raise(read.end, number);
                }
            }
        }
        let Told { registers, own, .. } = &mut *told;
        own.iter_mut().flatten().chain(registers).for_each(Register::sort);
        for read in &due {
            if let Some(wrong) = self.wrong(&told, read) {
                told.violated(wrong);
            }
        }
        told.registers
            .iter_mut()
            .for_each(|register| register.forget(now));
    }

    /// What is wrong with a read.
    fn wrong(&self, told: &Told, read: &Read) -> Option<String> {
        let mut numbers: BTreeMap<usize, i64> = BTreeMap::new();
        for &(cell, number) in &read.cells {
            let first = *numbers.entry(pair_of(cell)).or_insert(number);
            if first != number {
                return Some(self.tell(read, &format!("it shows half a write of pair {}", pair_of(cell))));
            }
        }
        if numbers.is_empty() {
            return Some(self.tell(read, "it shows no rows"));
        }
        let since = if self.is_strict {
            read.start
        } else {
            let age_max = (MAX_STALENESS + SLACK).as_nanos() as u64;
            read.start.saturating_sub(age_max)
        };
        for (&pair, &number) in &numbers {
            let judged = told.registers[pair].judge(number, since, read.end);
            let judged = match (judged, self.is_strict) {
                (Ok(()), false) => told.own[read.node][pair].judge_floor(number, read.start),
                (judged, _) => judged,
            };
            if let Err(wrong) = judged {
                return Some(self.tell(read, &format!("pair {pair} is {number}: {}", self.why(wrong))));
            }
            let both = told.doubles.get(&number).into_iter().flatten();
            for other in both {
                if numbers.get(other).is_some_and(|&found| found < number) {
                    return Some(
                        self.tell(read, &format!("it shows half of the write {number} of two pairs")),
                    );
                }
            }
        }
        None
    }

    fn why(&self, wrong: Wrong) -> String {
        match wrong {
            Wrong::Stale(floor) => format!(
                "{} (by node {}) was acknowledged or read at {:.6?}, before it began",
                floor.number,
                writer(floor.number),
                self.at(floor.at)
            ),
            Wrong::FromNowhere => "its write had not begun when the read ended, or never".to_owned(),
            Wrong::Failed => "its write has had no effect".to_owned(),
        }
    }

    fn tell(&self, read: &Read, what: &str) -> String {
        format!(
            "a read of node {} in {:.6?}..{:.6?}, answered by {:?}: {what}; all of it: {:?}",
            read.node,
            self.at(read.start),
            self.at(read.end),
            read.by,
            read.cells
        )
    }
}

impl Told {
    fn violated(&mut self, what: String) {
        eprintln!("nodes: VIOLATION: {what}");
        self.violation_count += 1;
        if self.violations.len() < VIOLATIONS_KEPT_MAX {
            self.violations.push(what);
        }
    }

    fn begin(&mut self, number: i64, pairs: Vec<usize>, start: Moment) {
        for &pair in &pairs {
            self.registers[pair].begin(number, start);
        }
        self.doubles.insert(number, pairs);
    }

    fn end(&mut self, node: usize, ended: Event, is_strict: bool) {
        let Event::Ended {
            number,
            fates,
            start,
            end,
            is_unannounced,
        } = ended
        else {
            return;
        };
        let pairs = self.doubles.get(&number).cloned().unwrap_or_default();
        self.counts.write_ms_max = self.counts.write_ms_max.max((end - start) / 1_000_000);
        self.counts.writes_unannounced += u64::from(is_unannounced);
        if fates.contains(&Fate::Written) {
            self.counts.writes += 1;
            self.counts.writes_of_two_pairs += u64::from(pairs.len() == 2);
            self.progress[node].write = self.progress[node].write.max(start);
        } else if fates.contains(&Fate::Unknown) {
            self.counts.writes_unknown += 1;
        } else {
            self.counts.writes_void += 1;
        }
        for (pair, fate) in pairs.into_iter().zip(fates) {
            self.registers[pair].end(number, fate);
            if fate != Fate::Written {
                continue;
            }
            self.own[node][pair].raise(end, number);
            // The bound holds while the writer reaches Redis.
            if is_strict || !is_unannounced {
                self.registers[pair].raise(end, number);
            }
        }
    }
}
