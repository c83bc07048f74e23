//! One process of the model: a member with its words, its cache, its mail and its write.

use std::collections::{BTreeMap, VecDeque};

use plexidb_shared::protocol::{
    Begun, Ended, EpochId, Fingerprint, HoldId, Intent, IntentId, Joined, Marker, Member, MemberId, Message,
    Refusal, Renewed, Terms,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub(super) writers: u8,
    pub(super) version: u8,
}

/// An answer of the record that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Joined(Joined),
    Renewed {
        epoch: EpochId,
        sent_at: u64,
        answer: Result<Renewed, Refusal>,
        marker: Option<Marker>,
    },
}

/// A write of a node, with the session that it uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writing {
    /// `None` for one that is not announced.
    pub(super) id: Option<IntentId>,
    pub(super) stage: Stage,
    pub(super) session: Session,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Announced(Begun),
    Waiting,
    /// The statement is on its way, or the server has it.
    Cleared,
    /// The session tells how it went.
    Answered,
    Ended(Ended),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Session {
    Idle { since: u64 },
    Running,
    Committed,
    Ended,
}

/// A hit under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hit {
    pub(super) grant: Option<u64>,
    pub(super) value: Option<u8>,
    /// The value in the database when it began: only grows.
    pub(super) value_min: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) member: Member<Vec<u64>>,
    pub(super) is_alive: bool,
    pub(super) is_cut: bool,
    pub(super) words: [Word; 2],
    pub(super) holds: BTreeMap<HoldId, Vec<u32>>,
    /// Versions of the words before a query.
    pub(super) stamp: Option<[u8; 2]>,
    pub(super) cached: Option<([u8; 2], u8)>,
    pub(super) inbox: VecDeque<Message>,
    pub(super) call: Option<Call>,
    pub(super) must_open: Option<Option<EpochId>>,
    pub(super) must_close: Option<u64>,
    pub(super) resolving: Vec<Intent>,
    /// The epoch to be settled, and whose statements are waited for.
    pub(super) quiescing: Option<(EpochId, Vec<bool>)>,
    pub(super) write: Option<Writing>,
    pub(super) hit: Option<Hit>,
    /// The latest deadline that a hit under way may have read.
    pub(super) grant_max: u64,
    /// From when, and for which generation, writes may go unannounced.
    pub(super) unannounced: Option<(u64, u64)>,
    pub(super) renewals: u8,
    pub(super) renewed_at: Option<u64>,
}

impl Node {
    pub(super) fn new(id: MemberId, terms: Terms) -> Self {
        Self {
            member: Member::new(id, terms, Fingerprint(1), vec![0; 2]),
            is_alive: true,
            is_cut: false,
            words: [Word::default(); 2],
            holds: BTreeMap::new(),
            stamp: None,
            cached: None,
            inbox: VecDeque::new(),
            call: None,
            must_open: None,
            must_close: None,
            resolving: Vec::new(),
            quiescing: None,
            write: None,
            hit: None,
            grant_max: 0,
            unannounced: None,
            renewals: 1,
            renewed_at: None,
        }
    }

    pub(super) fn reaches_record(&self) -> bool {
        self.is_alive && !self.is_cut
    }

    pub(super) fn versions(&self) -> [u8; 2] {
        self.words.map(|word| word.version)
    }

    pub(super) fn has_writers(&self) -> bool {
        self.words.iter().any(|word| word.writers > 0)
    }

    /// What the cache answers, by its words alone.
    pub(super) fn found(&self) -> Option<u8> {
        let (versions, value) = self.cached?;
        (!self.has_writers() && versions == self.versions()).then_some(value)
    }

    pub(super) fn can_capture(&self) -> bool {
        self.is_alive && self.stamp.is_none() && !self.has_writers() && self.found().is_none()
    }

    pub(super) fn capture(&mut self) {
        self.stamp = Some(self.versions());
    }

    pub(super) fn raise(&mut self, slots: &[u32]) {
        for slot in slots {
            self.words[*slot as usize].writers += 1;
        }
    }

    /// Ends what was held: touched ones go a version up.
    pub(super) fn end(&mut self, held: &[u32], touched: &[u32]) {
        for slot in touched {
            self.words[*slot as usize].version += 1;
        }
        for slot in held {
            self.words[*slot as usize].writers -= 1;
        }
    }
}
