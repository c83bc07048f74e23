//! What a node tells the one who started it, a line each, and what it is told.
//!
//! Invariant: a write is told before it is sent, so that nothing can be read whose beginning was not told, whatever dies.

use serde::{Deserialize, Serialize};

use super::clock::Moment;

/// What a node is started with: its first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) node: usize,
    /// How often a process was started in this node's place before.
    pub(super) incarnation: u64,
    pub(super) seed: u64,
    pub(super) is_mariadb: bool,
    pub(super) is_strict: bool,
    pub(super) database_url: String,
    pub(super) redis_url: String,
}

/// What a running node is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Command {
    /// Nothing is read or written any more; [`Event::Paused`] once nothing is under way.
    Pause,
    /// [`Event::State`].
    TellState,
    /// [`Event::Contents`].
    TellContents,
    /// The manager is closed, then the process ends.
    Close,
}

/// What came of a write to one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fate {
    /// It has taken effect.
    Written,
    /// It has had no effect and will have none.
    Void,
    /// Nobody knows.
    Unknown,
}

/// Who answered a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Answerer {
    L1,
    L2,
    Coalesced,
    Database,
}

/// What a node tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// The manager stands.
    Ready,
    /// A write of these pairs is about to be sent.
    Begun {
        number: i64,
        pairs: Vec<usize>,
        start: Moment,
    },
    /// It was answered.
    Ended {
        number: i64,
        fates: Vec<Fate>,
        start: Moment,
        end: Moment,
        /// Whether it was sent though the others could not be told.
        is_unannounced: bool,
    },
    /// A read was answered: cells with their numbers.
    Read {
        cells: Vec<(usize, i64)>,
        start: Moment,
        end: Moment,
        by: Answerer,
    },
    /// A call failed as a fault explains.
    Failed {
        is_write: bool,
        start: Moment,
        end: Moment,
    },
    /// A call has not ended in time.
    Stuck {
        what: String,
        start: Moment,
        end: Moment,
    },
    /// Something that no fault explains.
    Wrong(String),
    /// Nothing is under way any more.
    Paused,
    /// The node's state.
    State(State),
    /// The cells as the cache shows them, and as the database does.
    Contents {
        cached: Vec<(usize, i64)>,
        fresh: Vec<(usize, i64)>,
    },
    /// The manager is closed.
    Closed,
}

/// What must be so when all is quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Whether cached results are served.
    pub(super) serves: bool,
    pub(super) slots_held: usize,
    pub(super) owed: usize,
    pub(super) abandoned: u64,
    pub(super) others: usize,
    /// For people.
    pub(super) contact: String,
}
