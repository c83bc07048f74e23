//! The state of the model: members, the record with its server, the database with its sessions.

use std::collections::BTreeSet;

use plexidb_shared::protocol::{EpochId, Marker, MemberId, Record, RunId, Terms};

use super::fault::Fault;
use super::node::Node;
use super::steps::Step;

pub(super) const LEASE: u64 = 2;
pub(super) const FENCE: u64 = 1;
/// The slot of the one value that the database has.
pub(super) const VALUE: u32 = 0;
pub(super) const WHOLE: u32 = 1;

/// How large the model is, and what may go wrong in it.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) nodes: usize,
    /// Who writes.
    pub(super) writers: &'static [usize],
    /// Who caches.
    pub(super) readers: &'static [usize],
    /// The last tick.
    pub(super) horizon: u64,
    /// Most renewals of each node.
    pub(super) renewals: u8,
    pub(super) budget: Budget,
    pub(super) is_strict: bool,
    pub(super) has_marker: bool,
    /// Whether answers of the record may come late, after messages and ticks. Where they do not, they come at once: whoever has a lease
    /// has it as early as can be, and whoever waits for one to be over waits no longer than it must.
    pub(super) has_late_answers: bool,
    /// Whether hits are steps of their own too.
    pub(super) has_hits: bool,
    pub(super) fault: Option<Fault>,
    /// Steps that come first, where what is looked for lies deep.
    pub(super) first: &'static [Step],
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) writes: u8,
    pub(super) losses: u8,
    pub(super) crashes: u8,
    pub(super) restarts: u8,
    pub(super) lags: u8,
    pub(super) cuts: u8,
    /// Queries whose results are cached.
    pub(super) fills: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) now: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) record: Record,
    /// An earlier state of the record, with which its server may start anew.
    pub(super) kept: Option<Record>,
    pub(super) runs: u8,
    pub(super) epochs: u8,
    /// The value in the database: the number of commits.
    pub(super) value: u8,
    /// When each earlier value was overwritten; kept in bounded mode alone.
    pub(super) overwritten_at: Vec<u64>,
    pub(super) marker: Marker,
    pub(super) shared: BTreeSet<SharedEntry>,
    pub(super) budget: Budget,
    pub(super) seen: Seen,
}

/// A result in L2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SharedEntry {
    pub(super) epoch: EpochId,
    pub(super) versions: [u64; 2],
    pub(super) value: u8,
}

/// What has happened on the way: a model in which nothing happens is right and worthless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) has_ended_write: bool,
    /// An epoch was settled.
    pub(super) has_settled: bool,
    /// The write of a member that was gone was ended.
    pub(super) has_resolved: bool,
    pub(super) has_stale_hit: bool,
}

impl Scope {
    pub(super) fn terms(&self) -> Terms {
        Terms {
            slots: 2,
            whole: WHOLE,
            layout: 1,
            lease: LEASE,
            fence: FENCE,
            is_strict: self.is_strict && !self.has(Fault::NoWait),
            has_marker: self.has_marker && !self.has(Fault::MarkerIgnored),
        }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// All are members of a settled epoch, hold a lease, and have cached the value.
    pub(super) fn start(&self) -> World {
        let mut world = World {
            now: 0,
            nodes: (0..self.nodes)
                .map(|number| Node::new(MemberId(number as u128 + 1), self.terms()))
                .collect(),
            record: Record::new(RunId(1)),
            kept: None,
            runs: 1,
            epochs: 1,
            value: 0,
            overwritten_at: Vec::new(),
            marker: Marker {
                generation: 0,
                is_open: false,
            },
            shared: BTreeSet::new(),
            budget: self.budget,
            seen: Seen::default(),
        };
        let opening = world.nodes[0].member.opening(EpochId(1), 0);
        world.record.open(None, &opening);
        world.record.settle(EpochId(1)).unwrap();
        for number in 0..self.nodes {
            world.join(self, number);
            world.deliver(self, number);
        }
        for number in 0..self.nodes {
            world.renew(self, number);
            world.look_at_marker(number);
            world.deliver(self, number);
            world.nodes[number].renewals = self.renewals;
            if self.readers.contains(&number) {
                world.nodes[number].capture();
                world.fill(number);
            }
        }
        world.seen = Seen::default();
        for step in self.first {
            self.take(&mut world, *step);
        }
        world
    }
}
