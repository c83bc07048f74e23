//! The histories of all units, and the judgement of reads by them.
//!
//! Invariant: a result is right if there is one moment between the read's start and its end at which it can have been the
//! truth of all units at once. This is linearizability and atomicity of transactions in one test; that nobody reads less than he
//! has written, and nobody reads backwards, follow from it.

use super::clock::{Clock, Moment};
use super::fact::{Fact, Tuple};
use super::history::{Choice, History, Version};
use super::shape::{Numbers, Scope, Shape};
use super::unit::{Family, UnitId};

/// Combinations of versions that are tried for one read.
const COMBINATIONS_MAX: usize = 20_000;

/// All units of one database.
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// By family, in the order of [`Family::ALL`].
    histories: Vec<Vec<History>>,
}

/// When a read ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: Moment,
    pub(crate) end: Moment,
}

/// What became of a read.
pub(crate) enum Verdict {
    Right,
    /// Too much was written meanwhile to tell.
    Unknown,
    /// There is no moment at which it was the truth; the result that was expected without the writes under way.
    Wrong(Vec<Tuple>),
}

/// The units of which a read may have seen one of several states.
struct Search<'a> {
    shape: &'a Shape,
    numbers: &'a Numbers,
    result: &'a [Tuple],
    open: Vec<(UnitId, Vec<Choice>)>,
    /// What was seen of all units so far.
    seen: Vec<Tuple>,
    /// The choice of each open unit so far.
    taken: Vec<usize>,
    /// The first choice of each open unit with which the result fits.
    first_fit: Vec<usize>,
    fits: bool,
    combinations: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        let of_family = |family: Family| {
            (0..family.units())
                .map(|index| {
                    let mut facts = family.initial(index);
                    facts.sort_unstable();
                    History::new(facts)
                })
                .collect()
        };
        Self {
            clock: Clock::new(),
            histories: Family::ALL.into_iter().map(of_family).collect(),
        }
    }

    pub(crate) fn history(&self, unit: UnitId) -> &History {
        &self.histories[unit.family as usize][unit.index]
    }

    pub(crate) fn units(&self) -> impl Iterator<Item = UnitId> {
        Family::ALL
            .into_iter()
            .flat_map(|family| (0..family.units()).map(move |index| UnitId { family, index }))
    }

    /// Judges the sorted result of a read, and notes what it proves.
    pub(crate) fn judge(&self, shape: &Shape, numbers: &Numbers, result: &[Tuple], span: Span) -> Verdict {
        let mut search = Search {
            shape,
            numbers,
            result,
            open: Vec::new(),
            seen: Vec::new(),
            taken: Vec::new(),
            first_fit: Vec::new(),
            fits: false,
            combinations: 0,
        };
        for unit in units_of(shape, numbers) {
            let mut keep = |facts: &[Fact]| shape.seen(facts, numbers);
            let Some(mut choices) = self.history(unit).choices(span.start, span.end, &mut keep) else {
                return Verdict::Unknown;
            };
            if choices.len() == 1 {
                search.seen.append(&mut choices[0].seen);
            } else {
                search.open.push((unit, choices));
            }
        }
        search.first_fit = vec![usize::MAX; search.open.len()];
        search.descend(span.start, span.end);
        if search.combinations > COMBINATIONS_MAX {
            return Verdict::Unknown;
        }
        if !search.fits {
            return Verdict::Wrong(search.newest());
        }
        for ((unit, choices), fit) in search.open.iter().zip(&search.first_fit) {
            if *fit > 0 {
                self.history(*unit).observe(choices[*fit].number, span.end);
            }
        }
        Verdict::Right
    }

    /// The versions of the units that a read looks at, around it; only units that changed.
    pub(crate) fn around(&self, shape: &Shape, numbers: &Numbers, span: Span) -> Vec<(UnitId, Vec<Version>)> {
        units_of(shape, numbers)
            .into_iter()
            .map(|unit| (unit, self.history(unit).around(span.start, span.end)))
            .filter(|(_, versions)| {
                let matters = |version: &Version| !shape.seen(&version.facts, numbers).is_empty();
                versions.len() > 1 && versions.iter().any(matters)
            })
            .collect()
    }
}

impl Search<'_> {
    /// Tries all combinations of choices that can have been true at one moment from `from` to `until`.
    fn descend(&mut self, from: Moment, until: Moment) {
        if from > until || self.combinations > COMBINATIONS_MAX {
            return;
        }
        let depth = self.taken.len();
        if depth == self.open.len() {
            self.combinations += 1;
            if self.shape.result(&self.seen, self.numbers) == self.result {
                self.fits = true;
                for (first, taken) in self.first_fit.iter_mut().zip(&self.taken) {
                    *first = (*first).min(*taken);
                }
            }
            return;
        }
        let before = self.seen.len();
        for index in 0..self.open[depth].1.len() {
            let choice = &self.open[depth].1[index];
            let (from, until) = (from.max(choice.begun), until.min(choice.superseded));
            self.seen.extend_from_slice(&choice.seen);
            self.taken.push(index);
            self.descend(from, until);
            self.taken.pop();
            self.seen.truncate(before);
        }
    }

    /// The result after all writes under way.
    fn newest(mut self) -> Vec<Tuple> {
        for (_, choices) in &self.open {
            if let Some(last) = choices.last() {
                self.seen.extend_from_slice(&last.seen);
            }
        }
        self.shape.result(&self.seen, self.numbers)
    }
}

fn units_of(shape: &Shape, numbers: &Numbers) -> Vec<UnitId> {
    match shape.scope {
        Scope::One(family, index) => vec![UnitId {
            family,
            index: index(numbers) as usize,
        }],
        Scope::All(families) => families
            .iter()
            .flat_map(|family| {
                (0..family.units()).map(|index| UnitId {
                    family: *family,
                    index,
                })
            })
            .collect(),
    }
}
