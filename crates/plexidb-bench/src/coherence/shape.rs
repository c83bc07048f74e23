//! Shapes of reads: a statement, the values it takes, and what its result is by the rows that there are.
//!
//! Invariant: a shape says what SQL says, in a few lines; it knows nothing of versions, time, or the layer.

use plexidb::{Dialect, Value};

use super::dice::Dice;
use super::fact::{Fact, Tuple, tuple};
use super::unit::{Family, UnitId, domain};
use super::work::placeholders;

mod families;
mod money;
mod people;
mod posts;

/// Most values that a shape takes.
pub(crate) const ARGUMENTS_MAX: usize = 4;

/// The values of one read, as numbers.
pub(crate) type Numbers = [i64; ARGUMENTS_MAX];

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    Person,
    /// A handle, in any case.
    Handle,
    Post,
    Lane,
    Room,
    Tag,
    Account,
    Owner,
    Parent,
    Child,
    Order,
    Hall,
    Place,
}

/// Which units a read looks at.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    /// One, by the values of the read.
    One(Family, fn(&Numbers) -> i64),
    /// All of these families.
    All(&'static [Family]),
}

/// What the kept rows come to.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Themselves.
    Rows,
    /// Their number.
    Count,
    /// The sum of their first cells, which is never asked of none.
    Sum,
    /// Anything else; the order of its rows does not matter.
    Of(fn(&[Tuple], &Numbers) -> Vec<Tuple>),
}

/// A shape of reads.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// With `?` for its values.
    pub(crate) sql: &'static str,
    pub(crate) arguments: &'static [Argument],
    pub(crate) scope: Scope,
    /// What matters of a row, if it matters: for most shapes, the row of the result that it makes.
    pub(crate) keep: fn(&Fact, &Numbers) -> Option<Tuple>,
    pub(crate) answer: Answer,
}

/// A read with its values.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// Among all shapes.
    pub(crate) shape: usize,
    pub(crate) numbers: Numbers,
    pub(crate) params: Vec<Value>,
}

/// All shapes with their texts for one database.
pub(crate) struct Shapes {
    pub(crate) all: Vec<&'static Shape>,
    pub(crate) texts: Vec<String>,
}

impl Shapes {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let parts = [people::SHAPES, posts::SHAPES, money::SHAPES, families::SHAPES];
        let all: Vec<&'static Shape> = parts.into_iter().flatten().collect();
        let texts = all.iter().map(|shape| placeholders(dialect, shape.sql)).collect();
        Self { all, texts }
    }

    /// The shapes that look at one of these families.
    pub(crate) fn of_families(&self, families: &[Family]) -> Vec<usize> {
        let looks_at = |shape: &Shape| match shape.scope {
            Scope::One(family, _) => families.contains(&family),
            Scope::All(all) => all.iter().any(|family| families.contains(family)),
        };
        (0..self.all.len())
            .filter(|index| looks_at(self.all[*index]))
            .collect()
    }

    /// A read of this shape with values by the dice.
    pub(crate) fn read(&self, shape: usize, dice: &mut Dice) -> Read {
        let mut numbers = Numbers::default();
        let mut params = Vec::with_capacity(ARGUMENTS_MAX);
        for (index, argument) in self.all[shape].arguments.iter().enumerate() {
            let number = dice.skewed(argument.domain());
            numbers[index] = number;
            params.push(argument.value(number, dice));
        }
        Read {
            shape,
            numbers,
            params,
        }
    }
}

impl Argument {
    fn domain(self) -> i64 {
        match self {
            Self::Person => domain::PEOPLE,
            Self::Handle => domain::HANDLES,
            Self::Post => domain::POSTS,
            Self::Lane => domain::LANES,
            Self::Room => domain::ROOMS,
            Self::Tag => domain::TAGS,
            Self::Account => domain::ACCOUNTS,
            Self::Owner => domain::OWNERS,
            Self::Parent => domain::PARENTS,
            Self::Child => domain::CHILDREN,
            Self::Order => domain::ORDERS,
            Self::Hall => domain::HALLS,
            Self::Place => domain::PLACES,
        }
    }

    fn value(self, number: i64, dice: &mut Dice) -> Value {
        match self {
            Self::Handle => {
                let word = dice.pick(&["Handle", "handle", "HANDLE", "hAndle"]);
                format!("{word}-{number}").into()
            }
            Self::Tag => format!("tag-{number}").into(),
            _ => number.into(),
        }
    }
}

impl Shape {
    /// Whether such a read looks at this unit alone.
    pub(crate) fn is_about(&self, unit: UnitId, numbers: &Numbers) -> bool {
        match self.scope {
            Scope::One(family, index) => family == unit.family && index(numbers) == unit.index as i64,
            Scope::All(_) => false,
        }
    }

    /// What of a unit matters to the read.
    pub(crate) fn seen(&self, facts: &[Fact], numbers: &Numbers) -> Vec<Tuple> {
        let mut seen: Vec<Tuple> = facts
            .iter()
            .filter_map(|fact| (self.keep)(fact, numbers))
            .collect();
        match self.answer {
            Answer::Rows | Answer::Of(_) => seen.sort_unstable(),
            // Units that differ in what they add up to only matter.
            Answer::Count => seen = vec![tuple(&[seen.len() as i64])],
            Answer::Sum => seen = vec![tuple(&[seen.iter().map(|cells| cells[0]).sum()])],
        }
        seen
    }

    /// The result by what was seen of all units, sorted.
    pub(crate) fn result(&self, seen: &[Tuple], numbers: &Numbers) -> Vec<Tuple> {
        let mut result = match self.answer {
            Answer::Rows => seen.to_vec(),
            Answer::Count | Answer::Sum => {
                vec![tuple(&[seen.iter().map(|cells| cells[0]).sum()])]
            }
            Answer::Of(answer) => answer(seen, numbers),
        };
        result.sort_unstable();
        result
    }
}
