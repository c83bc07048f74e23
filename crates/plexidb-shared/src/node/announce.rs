//! Own writes: announced, acknowledged, cleared, ended.
//!
//! Invariant: whatever becomes of a write's future, its intent is ended in the record with nothing as long as it cannot have been sent.
//! Once it may have been, it is ended by whoever knows its outcome, and by nobody else.

use std::sync::Arc;
use std::time::Duration;

use super::state::LetGo;
use super::status::Contact;
use super::{Ending, Node, Shared, jobs};
use crate::bus::BusError;
use crate::protocol::{Clearance, EpochId, IntentId, MemberId, Refusal, RefusedReason, SLOTS_MAX, Touched};

/// How long a process that has just started waits for the first contact before a write is said to be unreachable for the others.
const FIRST_CONTACT: Duration = Duration::from_millis(500);

/// Why a write could not be announced, or may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The bus cannot be reached.
    #[error("Redis cannot be reached: {error}; bring it back, or set `on_partition = \"marker\"`")]
    Unreachable {
        /// What was found last.
        error: String,
    },
    /// There is no lease: a new epoch is being settled, or this process does not get through.
    #[error("there was no lease within {waited:?}, as in the seconds after a restart of Redis; try again")]
    NotReady {
        /// How long was waited.
        waited: Duration,
    },
    /// A new epoch has begun meanwhile, or the lease was over: it has to be announced anew.
    #[error("the processes that share results have begun a new epoch meanwhile; try again")]
    Overtaken,
    /// Others took this process for dead, and ended the write and its session.
    #[error("other processes took this one for dead and ended the session of the write; try again")]
    Resolved,
    /// The record has refused it.
    #[error(transparent)]
    Refused(Refusal),
    /// What keeps the record answers nonsense.
    #[error("{error}; use another namespace if something else writes there")]
    Malformed {
        /// What was found.
        error: String,
    },
}

/// How many have confirmed that they have applied something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The members, this one included.
    pub members: usize,
    /// Those that have said within a lease that they have applied it. All others may serve nothing any more.
    pub confirmed: usize,
}

/// A write that is announced. Dropped without [`end`](Self::end) it is ended with nothing touched before it was
/// [cleared](Self::clear). Afterwards nobody knows what has become of it: it stays announced until this process is gone, and others
/// have made sure of its session.
#[must_use = "a write that is announced has to be ended"]
pub struct Announced {
    shared: Arc<Shared>,
    id: IntentId,
    is_cleared: bool,
    is_ended: bool,
}

impl Node {
    /// Announces a write and waits until no other member can serve what it makes stale: in strict mode until each has acknowledged it or
    /// its lease is over. `session` is the server's session that writes.
    ///
    /// # Errors
    ///
    /// [`AnnounceError`]: nothing may be sent.
    pub async fn announce(&self, slots: Vec<u32>, session: u64) -> Result<Announced, AnnounceError> {
        let shared = &self.shared;
        let slots = if slots.len() > SLOTS_MAX {
            vec![shared.terms.whole]
        } else {
            slots
        };
        loop {
            shared.ready().await?;
            let (at, intent) = {
                let mut state = shared.state();
                let Some(at) = state.at() else { continue };
                (at, state.begin(slots.clone(), session))
            };
            let mut announced = Announced {
                shared: Arc::clone(shared),
                id: intent.id,
                is_cleared: false,
                is_ended: false,
            };
            match shared.bus.begin(at, intent).await {
                Ok(begun) => {
                    let now = shared.now();
                    shared.step(|member, _| member.begun(announced.id, &begun, now));
                    // What the others say often overtakes the answer. Heard again, it is no more than an acknowledgement that is
                    // late, which stays true: nobody goes back behind what it has applied in an epoch.
                    let heard = shared.state().heard();
                    shared.step(|member, _| heard.into_iter().for_each(|said| member.acknowledged(said)));
                    let until = now.saturating_add(shared.terms.lease_waited());
                    shared.acknowledged(announced.id, until).await;
                    return Ok(announced);
                }
                Err(BusError::Refused(refusal)) => {
                    announced.end_now(Vec::new(), false);
                    shared.step(|member, effects| member.refused(&refusal, effects));
                    if matches!(
                        refusal,
                        Refusal::TooManySlots | Refusal::OtherTerms(_) | Refusal::Full
                    ) {
                        return Err(AnnounceError::Refused(refusal));
                    }
                    // The member finds its way back: `ready` waits for that.
                    shared.lease.set(0);
                }
                Err(error) => {
                    shared.failed(&error);
                    return Err(error.into());
                }
            }
        }
    }

    /// Touches slots without a write, and waits until the others have applied it, for a lease at most.
    ///
    /// # Errors
    ///
    /// [`AnnounceError`]: the others were not told.
    pub async fn touch(&self, slots: Vec<u32>) -> Result<Confirmed, AnnounceError> {
        let shared = &self.shared;
        let slots = if slots.len() > SLOTS_MAX {
            vec![shared.terms.whole]
        } else {
            slots
        };
        let touched = shared.touch(slots).await?;
        // Results in the other store count by this process's own mirror: none of before may from here on.
        shared.step(|member, effects| member.touched(&touched, effects));
        let others = touched.members.iter().filter(|(member, _)| *member != shared.id);
        let others: Vec<_> = others.map(|(member, _)| *member).collect();
        let missing = shared.missing(&others, touched.epoch, touched.seq).await;
        Ok(Confirmed {
            members: others.len() + 1,
            confirmed: others.len() + 1 - missing,
        })
    }
}

impl Shared {
    /// Touches slots in the record, once there is contact, in whatever epoch it is.
    async fn touch(self: &Arc<Self>, slots: Vec<u32>) -> Result<Touched, AnnounceError> {
        const PATIENCE: Duration = Duration::from_secs(2);
        let begun = tokio::time::Instant::now();
        let mut stepped = self.stepped.subscribe();
        loop {
            let at = self.state().at();
            let contact = self.state().contact.clone();
            let (refusal, patience) = match (at, contact) {
                (_, Contact::Refused { refusal }) => return Err(AnnounceError::Refused(refusal)),
                (None, Contact::Lost { .. }) => return Err(self.unreachable()),
                (None, _) => (None, FIRST_CONTACT),
                (Some(at), _) => match self.bus.touch(at.epoch, slots.clone()).await {
                    Ok(touched) => return Ok(touched),
                    Err(BusError::Refused(refusal @ Refusal::TooManySlots)) => {
                        return Err(AnnounceError::Refused(refusal));
                    }
                    Err(BusError::Refused(refusal)) => {
                        self.step(|member, effects| member.refused(&refusal, effects));
                        (Some(refusal), PATIENCE)
                    }
                    Err(error) => {
                        self.failed(&error);
                        return Err(error.into());
                    }
                },
            };
            if begun.elapsed() >= patience {
                return Err(refusal.map_or_else(|| self.unreachable(), AnnounceError::Refused));
            }
            // It joins another epoch meanwhile.
            let _ = tokio::time::timeout(Duration::from_millis(50), stepped.changed()).await;
        }
    }

    /// Waits until there is a lease.
    async fn ready(self: &Arc<Self>) -> Result<(), AnnounceError> {
        if self.has_lease() {
            return Ok(());
        }
        let mut stepped = self.stepped.subscribe();
        // A new epoch is settled after a lease and a fence, and a renewal brings the lease.
        let terms = self.terms;
        let longest = Duration::from_nanos(terms.lease_waited() + terms.fence_waited() + terms.lease);
        let begun = tokio::time::Instant::now();
        loop {
            if self.has_lease() {
                return Ok(());
            }
            let waited = begun.elapsed();
            let contact = self.state().contact.clone();
            let patience = match contact.clone() {
                Contact::Connected => longest,
                Contact::Connecting => FIRST_CONTACT,
                Contact::Lost { .. } => Duration::ZERO,
                // It is no partition: the others go on, and nothing but another configuration helps.
                Contact::Refused { refusal } => return Err(AnnounceError::Refused(refusal)),
            };
            let left = patience.saturating_sub(waited);
            if left.is_zero() {
                return Err(match contact {
                    Contact::Connected => AnnounceError::NotReady { waited },
                    Contact::Connecting | Contact::Lost { .. } | Contact::Refused { .. } => {
                        self.unreachable()
                    }
                });
            }
            let _ = tokio::time::timeout(left.min(Duration::from_millis(50)), stepped.changed()).await;
        }
    }

    pub(super) fn has_lease(&self) -> bool {
        self.lease.grant().is_valid_at(self.now())
    }

    fn unreachable(&self) -> AnnounceError {
        AnnounceError::Unreachable {
            error: self.state().contact.to_string(),
        }
    }

    /// Waits until these members have applied a message, for a lease at most. Returns how many have not.
    async fn missing(&self, others: &[MemberId], epoch: EpochId, seq: u64) -> usize {
        let mut stepped = self.stepped.subscribe();
        let until = self.now().saturating_add(self.terms.lease_waited());
        loop {
            let missing = {
                let state = self.state();
                let has_not = |&&member: &&MemberId| !state.has_confirmed(member, epoch, seq);
                others.iter().filter(has_not).count()
            };
            let left = until.saturating_sub(self.now());
            if missing == 0 || left == 0 {
                return missing;
            }
            let _ = tokio::time::timeout(Duration::from_nanos(left), stepped.changed()).await;
        }
    }

    /// Waits until everybody has acknowledged a write, or their leases are over.
    async fn acknowledged(self: &Arc<Self>, id: IntentId, until: u64) {
        let mut stepped = self.stepped.subscribe();
        while !self.state().is_acknowledged(id) {
            let left = until.saturating_sub(self.now());
            if left == 0 {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_nanos(left), stepped.changed()).await;
        }
    }
}

impl Announced {
    /// Whether the statement may be sent now. **To be called right before it is sent.** It counts as sent from here on.
    ///
    /// # Errors
    ///
    /// [`AnnounceError::Overtaken`], [`AnnounceError::Resolved`]: it may not be sent under this announcement.
    pub fn clear(&mut self) -> Result<(), AnnounceError> {
        let now = self.shared.now();
        let id = self.id;
        match self.shared.step(|member, effects| member.clear(id, now, effects)) {
            Clearance::Sent => {
                self.is_cleared = true;
                Ok(())
            }
            Clearance::Refused(RefusedReason::Resolved) => Err(AnnounceError::Resolved),
            Clearance::WaitUntil(_) | Clearance::NoLease | Clearance::Refused(_) => {
                Err(AnnounceError::Overtaken)
            }
        }
    }

    /// Ends it in the background with what it touched. `let_go` is called once that is in the record, and lets the slots go that
    /// are held for it in this process.
    pub fn end(mut self, touched: Vec<u32>, let_go: LetGo) {
        self.shared.state().let_go_at_end(self.id, let_go);
        self.end_now(touched, false);
    }

    /// As [`end`](Self::end), of a write that has changed the schema: the others are told of the catalog that this process has
    /// [read](Node::declare) since **before** the write ends for them.
    pub fn end_of_schema_change(mut self, touched: Vec<u32>, let_go: LetGo) {
        self.shared.state().let_go_at_end(self.id, let_go);
        self.end_now(touched, true);
    }

    fn end_now(&mut self, touched: Vec<u32>, is_of_schema: bool) {
        self.is_ended = true;
        let touched = if touched.len() > SLOTS_MAX {
            vec![self.shared.terms.whole]
        } else {
            touched
        };
        let ending = Ending {
            id: self.id,
            touched,
            is_of_schema,
        };
        jobs::end(&self.shared, ending);
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        if self.is_cleared {
            // As at the end of a runtime that takes its tasks along.
            tracing::warn!(
                "a write was abandoned; what it may have touched bypasses the cache until this process is gone"
            );
            return;
        }
        self.end_now(Vec::new(), false);
    }
}

impl From<BusError> for AnnounceError {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Refused(refusal) => Self::Refused(refusal),
            BusError::Unreachable(error) => Self::Unreachable { error },
            BusError::Malformed(_) => Self::Malformed {
                error: error.to_string(),
            },
        }
    }
}
