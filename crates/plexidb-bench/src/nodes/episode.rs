//! What goes wrong, one thing or two at a time, as it follows from a seed.
//!
//! Invariant: an episode says all that is chosen.

use std::fmt;
use std::time::Duration;

use super::{LEASE, NODES};
use crate::coherence::Dice;

/// The stream of the dice.
const STREAM: u64 = 1 << 61;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The process is killed, and another one started in its place.
    Kill,
    /// The process stops, and goes on later.
    Freeze,
    /// The way to Redis is cut or slow.
    RedisWay,
    /// The way to the database is cut or slow.
    DatabaseWay,
    /// Redis is killed and comes back empty.
    RedisDeath,
    /// Redis stops, and goes on later.
    RedisFreeze,
    /// All that Redis has is deleted.
    RedisFlush,
}

/// What becomes of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing passes.
    Both,
    /// No question passes.
    ToServer,
    /// No answer passes.
    ToClient,
    /// Connections are reset, and refused.
    Refused,
    /// Connections are reset now and then.
    Resets,
    /// Everything is late by so many milliseconds.
    Late(u64),
    /// Answers and messages are late.
    LateAnswers(u64),
}

/// Each as often as it is here.
const KINDS: &[Kind] = &[
    Kind::Kill,
    Kind::Kill,
    Kind::Freeze,
    Kind::Freeze,
    Kind::RedisWay,
    Kind::RedisWay,
    Kind::RedisWay,
    Kind::RedisWay,
    Kind::DatabaseWay,
    Kind::DatabaseWay,
    Kind::RedisDeath,
    Kind::RedisFreeze,
    Kind::RedisFlush,
];

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) node: usize,
    pub(super) cut: Cut,
}

impl Fault {
    /// Each takes back its own: there is one of a kind at a place.
    fn is_in_the_way_of(&self, other: &Self) -> bool {
        let is_of_redis = |fault: &Self| {
            matches!(
                fault.kind,
                Kind::RedisDeath | Kind::RedisFreeze | Kind::RedisFlush
            )
        };
        (self.kind == other.kind && self.node == other.node) || (is_of_redis(self) && is_of_redis(other))
    }
}

/// Faults at one time.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    pub(super) number: u64,
    pub(super) faults: Vec<Fault>,
    pub(super) length: Duration,
}

impl Episode {
    /// The episode of this number; of these kinds, or of all where there are none.
    pub(super) fn at(seed: u64, number: u64, only: &[Kind]) -> Self {
        let mut dice = Dice::at(seed, STREAM, number);
        let kinds = if only.is_empty() { KINDS } else { only };
        let mut faults = vec![fault(&mut dice, kinds)];
        if dice.per_mille(350) {
            let second = fault(&mut dice, kinds);
            if !faults.iter().any(|first| first.is_in_the_way_of(&second)) {
                faults.push(second);
            }
        }
        // Shorter than a lease, and up to three of them.
        let longest = 3 * LEASE.as_millis() as u64;
        Self {
            number,
            faults,
            length: Duration::from_millis(50 + dice.below(longest)),
        }
    }
}

fn fault(dice: &mut Dice, kinds: &[Kind]) -> Fault {
    let late = 2 + dice.below(150);
    Fault {
        kind: dice.pick(kinds),
        node: dice.below(NODES as u64) as usize,
        cut: dice.pick(&[
            Cut::Both,
            Cut::ToServer,
            Cut::ToClient,
            Cut::Refused,
            Cut::Resets,
            Cut::Late(late / 4),
            Cut::LateAnswers(late),
        ]),
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        for Fault { kind, node, cut } in &self.faults {
            write!(f, " {kind:?}")?;
            match kind {
                Kind::RedisWay | Kind::DatabaseWay => write!(f, " {cut:?} of node {node},")?,
                Kind::Kill | Kind::Freeze => write!(f, " of node {node},")?,
                Kind::RedisDeath | Kind::RedisFreeze | Kind::RedisFlush => write!(f, ",")?,
            }
        }
        write!(f, " for {:?}", self.length)
    }
}
