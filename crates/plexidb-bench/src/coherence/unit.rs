//! Units of change: rows that are written together, each by a sequence of writes that follows from the seed alone.
//!
//! Invariant: a row belongs to one unit, and what a unit's write does to its rows is known before it is sent.

use plexidb::Dialect;

use super::dice::Dice;
use super::edit::Edit;
use super::fact::{Fact, Table};
use super::work::{Step, Work};

mod accounts;
pub(crate) mod gauge;
mod orders;
mod parents;
mod people;
mod posts;
mod seats;

pub(crate) use posts::POSTS_PER_LANE;

/// Units of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// A person: a unique handle in a column that ignores case.
    People,
    /// A few posts, each in a room, by an author, with a tag or none.
    Posts,
    /// Accounts of one owner, whose sum stays the same.
    Accounts,
    /// Two parents, their children, which go with them, and their fans, which stay.
    Parents,
    /// An order, which a trigger enters into a ledger.
    Orders,
    /// A seat, whose key is its hall and its place.
    Seats,
    /// A view, which DDL redefines.
    Gauge,
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnitId {
    pub(crate) family: Family,
    pub(crate) index: usize,
}

impl Family {
    pub(crate) const ALL: [Self; 7] = [
        Self::People,
        Self::Posts,
        Self::Accounts,
        Self::Parents,
        Self::Orders,
        Self::Seats,
        Self::Gauge,
    ];

    /// Units of this family.
    pub(crate) fn units(self) -> usize {
        match self {
            Self::People => people::UNITS,
            Self::Posts => posts::UNITS,
            Self::Accounts => accounts::UNITS,
            Self::Parents => parents::UNITS,
            Self::Orders => orders::UNITS,
            Self::Seats => seats::UNITS,
            Self::Gauge => gauge::UNITS,
        }
    }

    /// What a new unit holds.
    pub(crate) fn initial(self, index: usize) -> Vec<Fact> {
        let index = index as i64;
        match self {
            Self::People => people::initial(index),
            Self::Posts => posts::initial(index),
            Self::Accounts => accounts::initial(index),
            Self::Parents => parents::initial(index),
            Self::Orders => orders::initial(index),
            Self::Seats => seats::initial(index),
            Self::Gauge => gauge::initial(),
        }
    }

    /// The rows of a unit, as a table with a condition; `None` where they cannot be locked.
    pub(crate) fn rows_of_unit(self, index: i64) -> Option<String> {
        let (first, last) = (index * 2, index * 2 + 1);
        Some(match self {
            Self::People => format!("people WHERE id = {index}"),
            Self::Posts => format!("posts WHERE lane = {index}"),
            Self::Accounts => format!("accounts WHERE owner = {index}"),
            Self::Parents => format!("parents WHERE id IN ({first}, {last})"),
            Self::Orders => format!("orders WHERE id = {index}"),
            Self::Seats => format!("seats WHERE place = {index}"),
            Self::Gauge => return None,
        })
    }

    /// Whether its writes may be parts of a transaction.
    fn is_transactional(self) -> bool {
        self != Self::Gauge
    }

    fn edit(self, index: usize, edit: &mut Edit<'_>) {
        let index = index as i64;
        match self {
            Self::People => people::edit(index, edit),
            Self::Posts => posts::edit(index, edit),
            Self::Accounts => accounts::edit(index, edit),
            Self::Parents => parents::edit(index, edit),
            Self::Orders => orders::edit(index, edit),
            Self::Seats => seats::edit(index, edit),
            Self::Gauge => gauge::edit(edit),
        }
    }
}

/// The unit to which a row belongs.
pub(crate) fn unit_of(fact: &Fact) -> UnitId {
    let (family, index) = match fact.table {
        Table::People => (Family::People, fact.cells[0]),
        Table::Posts => (Family::Posts, fact.cells[0] / POSTS_PER_LANE),
        Table::Accounts => (Family::Accounts, fact.cells[1]),
        Table::Parents => (Family::Parents, fact.cells[0] / parents::PARENTS_PER_UNIT),
        Table::Children => (Family::Parents, fact.cells[0] / parents::CHILDREN_PER_UNIT),
        Table::Fans => (Family::Parents, fact.cells[0] / parents::FANS_PER_UNIT),
        Table::Orders | Table::Ledger => (Family::Orders, fact.cells[0]),
        Table::Seats => (Family::Seats, fact.cells[1]),
        Table::Gauge => (Family::Gauge, 0),
    };
    UnitId {
        family,
        index: index.max(0) as usize,
    }
}

/// Domains of the values by which rows are found.
pub(crate) mod domain {
    use super::{accounts, orders, parents, people, posts, seats};

    pub(crate) const PEOPLE: i64 = people::UNITS as i64;
    pub(crate) const HANDLES: i64 = PEOPLE * people::HANDLES_PER_PERSON;
    pub(crate) const POSTS: i64 = posts::UNITS as i64 * posts::POSTS_PER_LANE;
    pub(crate) const LANES: i64 = posts::UNITS as i64;
    pub(crate) const ROOMS: i64 = 5;
    pub(crate) const TAGS: i64 = 5;
    pub(crate) const OWNERS: i64 = accounts::UNITS as i64;
    pub(crate) const ACCOUNTS: i64 = OWNERS * accounts::ACCOUNTS_PER_OWNER;
    pub(crate) const PARENTS: i64 = parents::UNITS as i64 * parents::PARENTS_PER_UNIT;
    pub(crate) const CHILDREN: i64 = parents::UNITS as i64 * parents::CHILDREN_PER_UNIT;
    pub(crate) const ORDERS: i64 = orders::UNITS as i64;
    pub(crate) const HALLS: i64 = 3;
    pub(crate) const PLACES: i64 = seats::UNITS as i64;
}

/// The next write of a unit, and what it will hold then. `number` is that of the version to come.
pub(crate) fn next(
    unit: UnitId,
    number: u64,
    facts: &[Fact],
    seed: u64,
    dialect: Dialect,
) -> (Vec<Fact>, Work) {
    let stream = ((unit.family as u64) << 32) + unit.index as u64 + 1;
    let mut dice = Dice::at(seed, stream, number);
    let mut edit = Edit::new(facts.to_vec(), number, dialect, &mut dice);
    let family = unit.family;
    if !family.is_transactional() {
        family.edit(unit.index, &mut edit);
        let (facts, steps) = edit.finish();
        let is_transaction = steps.len() > 1;
        return (facts, work(steps, is_transaction));
    }
    let rolled_back = if edit.dice.per_mille(60) {
        edit.aside(|edit| family.edit(unit.index, edit))
    } else {
        Vec::new()
    };
    let parts = match edit.dice.below(10) {
        0..7 => 1,
        7 | 8 => 2,
        _ => 3,
    };
    for _ in 0..parts {
        if parts > 1 && edit.dice.per_mille(300) {
            let undone = edit.aside(|edit| family.edit(unit.index, edit));
            edit.steps.push(Step::Undone(undone));
        }
        if parts > 1 && edit.dice.per_mille(250) {
            edit.within_savepoint(|edit| family.edit(unit.index, edit));
        } else {
            family.edit(unit.index, &mut edit);
        }
    }
    let wants_transaction = edit.dice.per_mille(150);
    let (facts, steps) = edit.finish();
    let is_transaction = steps.len() > 1 || wants_transaction;
    let mut work = work(steps, is_transaction);
    work.rolled_back = rolled_back;
    (facts, work)
}

fn work(steps: Vec<Step>, is_transaction: bool) -> Work {
    Work {
        steps,
        is_transaction,
        rolled_back: Vec::new(),
    }
}
