//! The part of one database in the shared tier: other processes are told of its writes before these become visible, and its cached
//! results count only as long as it would be told of theirs (`docs/adr/0009-shared-tier.md`).
//!
//! Invariant: no statement that may change something is sent before everybody who serves cached results knows of it, or the
//! configuration asks for less.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plexidb_core::Dialect;
use plexidb_shared::node::{AnnounceError, Announced, Contact, Node};
use plexidb_shared::protocol::{Fingerprint, Grant};

use crate::database::Inner;
use crate::error::Error;

mod announcing;
mod cut_off;
mod error;
mod fence;
mod host;
mod marker;
mod open;
mod owed;
mod own_connection;
mod quiet;
mod results;
mod status;

pub(crate) use announcing::announce;
pub(crate) use cut_off::CutOff;
pub use error::SharedError;
pub(crate) use open::{Redis, can_be_shared};
pub(crate) use owed::Owed;
pub(crate) use results::{Kept, Results};
pub use status::{RedisStatus, SharedStats};

/// The part of one database in the shared tier.
pub(crate) struct Tier {
    node: Node,
    results: Option<Results>,
    settings: TierSettings,
    /// The marker in the database, where writes may go on without Redis.
    cut_off: Option<CutOff>,
    owed: Arc<Owed>,
    /// Holds on behalf of others: while there are any, replicas may lack what was acknowledged elsewhere.
    holds: Arc<AtomicUsize>,
    unannounced: AtomicUsize,
    payer: OnceLock<tokio::task::AbortHandle>,
}

/// The settings of a tier, validated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TierSettings {
    dialect: Dialect,
    is_strict: bool,
    /// Whether cached results count while Redis is away.
    is_sole: bool,
    /// How long a session may be silent whose write is cleared.
    fence: Duration,
}

/// What became of an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalidated {
    /// The processes that share results, this one included.
    pub processes: usize,
    /// Those of which it is known that they serve nothing any more of what was dropped: they have said so, or may serve nothing at all.
    pub confirmed: usize,
}

impl Invalidated {
    /// In this process alone.
    pub(crate) fn here() -> Self {
        Self {
            processes: 1,
            confirmed: 1,
        }
    }

    /// That of two databases: of the processes those that have confirmed both.
    pub(crate) fn and(self, other: Self) -> Self {
        let missing = |one: Self| one.processes.saturating_sub(one.confirmed);
        let processes = self.processes.max(other.processes);
        Self {
            processes,
            confirmed: processes.saturating_sub(missing(self).max(missing(other))),
        }
    }
}

/// What is told to the others when a write ends.
pub(crate) enum Announcement {
    /// That it has ended.
    Announced(Announced),
    /// That it has happened, as soon as they can be told.
    Owed(Arc<Owed>),
}

impl Announcement {
    /// As [`end`](Self::end), of a change of the schema: the others are told of the catalog that was read since before it ends for them.
    pub(crate) fn end_of_schema_change(self, touched: Vec<u32>, let_go: impl FnOnce() + Send + 'static) {
        match self {
            Self::Announced(announced) => announced.end_of_schema_change(touched, Box::new(let_go)),
            owed @ Self::Owed(_) => owed.end(touched, let_go),
        }
    }

    /// Tells the others which slots were touched, in the background; then lets the slots go here.
    pub(crate) fn end(self, touched: Vec<u32>, let_go: impl FnOnce() + Send + 'static) {
        match self {
            Self::Announced(announced) => announced.end(touched, Box::new(let_go)),
            Self::Owed(owed) => {
                owed.add(&touched);
                let_go();
            }
        }
    }
}

impl Tier {
    /// The grant of the lease as it is now. **Must be taken before the slots of a result are looked at.**
    #[inline]
    pub(crate) fn grant(&self) -> Grant {
        self.node.lease().grant()
    }

    /// Whether a result counts whose slots held after this grant was taken.
    #[inline]
    pub(crate) fn counts(&self, grant: Grant) -> bool {
        grant.is_valid_at(self.node.now()) || self.settings.is_sole
    }

    /// Whether a read may be sent to a replica: nothing is under way elsewhere, as far as this process would be told of it.
    pub(crate) fn may_read_replicas(&self) -> bool {
        let grant = self.grant();
        self.holds.load(Ordering::Acquire) == 0 && self.counts(grant)
    }

    /// The results in Redis, where they are kept there.
    pub(crate) fn results(&self) -> Option<&Results> {
        self.results.as_ref()
    }

    /// Announces a write of these slots and waits until it may be cleared.
    async fn announce(&self, slots: Vec<u32>, session: u64) -> Result<Announcement, SharedError> {
        let may_owe = !self.settings.is_strict || self.settings.is_sole;
        // Nobody waits for a new epoch to be settled, nor for Redis.
        if may_owe && !self.node.has_lease() && !self.is_refused() {
            return Ok(self.owe());
        }
        match self.node.announce(slots, session).await {
            Ok(announced) => Ok(Announcement::Announced(announced)),
            Err(AnnounceError::Unreachable { .. } | AnnounceError::NotReady { .. }) if may_owe => {
                Ok(self.owe())
            }
            Err(error) => Err(SharedError::NotAnnounced(error)),
        }
    }

    fn owe(&self) -> Announcement {
        self.unannounced.fetch_add(1, Ordering::Relaxed);
        Announcement::Owed(Arc::clone(&self.owed))
    }

    fn is_refused(&self) -> bool {
        matches!(self.node.status().contact, Contact::Refused { .. })
    }

    /// Says that the catalog was read anew.
    pub(crate) fn declare(&self, fingerprint: Fingerprint) {
        self.node.declare(fingerprint);
    }

    /// How a write may go on that could not be announced; `None` where it has failed.
    pub(crate) fn way_out(&self, error: &Error) -> Option<&CutOff> {
        match error {
            Error::Shared(SharedError::NotAnnounced(AnnounceError::Unreachable { .. })) => {
                self.cut_off.as_ref()
            }
            _ => None,
        }
    }

    /// The statement that makes the server end a session which stays silent, and the one that takes that back.
    pub(crate) fn fence(&self, is_in_transaction: bool) -> Option<(String, Option<&'static str>)> {
        if !self.settings.is_strict {
            return None;
        }
        let TierSettings { dialect, fence, .. } = self.settings;
        let set = fence::set(dialect, is_in_transaction, fence)?;
        Some((set, fence::lift(dialect, is_in_transaction)))
    }

    /// The statement that takes a fence away while the transaction goes on: one that has to wait for the marker may be silent.
    pub(crate) fn lift_within(&self) -> Option<&'static str> {
        fence::lift_within(self.settings.dialect)
    }

    /// How long a fenced session may be silent.
    pub(crate) fn fence_patience(&self) -> Duration {
        self.settings.fence
    }

    /// Drops what depends on these slots in all processes.
    ///
    /// # Errors
    ///
    /// [`SharedError`]: the others could not be told, and are as soon as they can be.
    pub(crate) async fn touch(&self, slots: Vec<u32>) -> Result<Invalidated, SharedError> {
        let confirmed = self.node.touch(slots.clone()).await.map_err(|error| {
            // Until then nothing is taken from Redis either, which may be what was dropped here.
            self.owed.add(&slots);
            SharedError::NotInvalidated(error)
        })?;
        Ok(Invalidated {
            processes: confirmed.members,
            confirmed: confirmed.confirmed,
        })
    }

    /// Leaves the others, so that no write of theirs waits for this process.
    pub(crate) async fn leave(&self, grace: Duration) {
        let paid = async {
            while self.owed.is_owing() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // What cannot be told now nobody will tell.
        let _ = tokio::time::timeout(grace, paid).await;
        self.node.leave(grace).await;
    }
}

impl Inner {
    /// The part in the shared tier, where there is one.
    #[inline]
    pub(crate) fn tier(&self) -> Option<&Arc<Tier>> {
        self.tier.get()
    }
}
