//! What goes wrong, one thing after the other, as it follows from a seed.
//!
//! Invariant: an episode says all that is chosen; which server a number means is told by the roles when it begins.

use std::fmt;
use std::time::Duration;

use plexidb_testkit::{Direction, Flow, Traffic};

use crate::coherence::Dice;

/// The stream of the dice.
const STREAM: u64 = 1 << 40;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A server is out of reach or slow, by its proxy.
    Traffic,
    /// One direction is cut or slow.
    OneWay,
    /// Connections are reset.
    Resets,
    /// Connections are reset within answers or questions.
    PartialMessages,
    /// Connections to the primary are reset while it answers, so that what it has done is not known.
    LostAnswers,
    /// An administrator ends all sessions.
    EndedSessions,
    /// The server admits few connections.
    Squeeze,
    /// The pools are made smaller and larger.
    Resizes,
    /// Logins fail.
    Password,
    /// A server stops, and goes on later.
    Freeze,
    /// A replica does not replay.
    PausedReplay,
    /// A replica is killed and started again.
    ReplicaDeath,
    /// The primary is killed, a replica promoted; the old primary comes back, at first as one that refuses writes.
    Failover,
    /// The primary is made read-only, a replica promoted.
    Switchover,
}

/// Each as often as it is here.
const KINDS: &[Kind] = &[
    Kind::Traffic,
    Kind::Traffic,
    Kind::OneWay,
    Kind::OneWay,
    Kind::Resets,
    Kind::PartialMessages,
    Kind::PartialMessages,
    Kind::LostAnswers,
    Kind::EndedSessions,
    Kind::Squeeze,
    Kind::Resizes,
    Kind::Password,
    Kind::Freeze,
    Kind::PausedReplay,
    Kind::PausedReplay,
    Kind::ReplicaDeath,
    Kind::Failover,
    Kind::Switchover,
];

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Episode {
    pub(super) number: u64,
    pub(super) kind: Kind,
    /// Among all servers, or among the replicas, taken modulo their number.
    pub(super) place: usize,
    pub(super) length: Duration,
    pub(super) traffic: Traffic,
    pub(super) direction: Direction,
    pub(super) flow: Flow,
    /// Of an answer or a question, before the connection is reset.
    pub(super) bytes: u64,
    /// Whether the old primary comes back as a liar.
    pub(super) is_liar: bool,
}

impl Episode {
    /// The episode of this number; one of these kinds, or of all where there are none.
    pub(super) fn at(seed: u64, number: u64, only: &[Kind]) -> Self {
        let mut dice = Dice::at(seed, STREAM, number);
        let kind = dice.pick(if only.is_empty() { KINDS } else { only });
        let delay = Duration::from_millis(1 + dice.below(30));
        let traffic = dice.pick(&[
            Traffic::Delay(delay),
            Traffic::Hold,
            Traffic::Refuse,
            Traffic::Ignore,
        ]);
        let flow = dice.pick(&[Flow::Hold, Flow::Hold, Flow::Delay(delay)]);
        Self {
            number,
            kind,
            place: dice.below(6) as usize,
            length: Duration::from_millis(200 + dice.below(2_300)),
            traffic,
            direction: dice.pick(&[Direction::ToServer, Direction::ToClient]),
            flow,
            bytes: dice.below(200_000),
            is_liar: dice.per_mille(600),
        }
    }

    /// The dice of what is chosen while it lasts.
    pub(super) fn dice(&self, seed: u64) -> Dice {
        Dice::at(seed, STREAM + 1, self.number)
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.number, self.kind)?;
        match self.kind {
            Kind::Traffic => write!(f, " {:?}", self.traffic)?,
            Kind::OneWay => write!(f, " {:?} {:?}", self.direction, self.flow)?,
            Kind::PartialMessages => write!(f, " {:?} after {} bytes", self.direction, self.bytes)?,
            Kind::Failover if self.is_liar => f.write_str(", the old primary back as a liar")?,
            _ => {}
        }
        write!(f, " at {} for {:?}", self.place, self.length)
    }
}
