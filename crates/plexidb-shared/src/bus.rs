//! The port through which a member reaches the record, the messages and the other members.
//!
//! Invariant: every call may be repeated. A call that failed may have been carried out, and may yet be.

use plexidb_core::BoxFuture;

use crate::protocol::{
    Acknowledgement, At, Begun, Ended, EpochId, Fingerprint, Intent, IntentId, Joined, Joining, MemberId,
    Message, Opening, Refusal, Renewed, Touched,
};

mod memory;
mod redis;

pub use memory::MemoryBus;
pub use redis::RedisBus;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The record refused it: nothing was done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody answered: it may have been done.
    #[error("the bus of the shared tier cannot be reached: {0}")]
    Unreachable(String),
    /// The answer makes no sense: something else writes to the record's keys.
    #[error("the shared record answered what no record answers: {0}")]
    Malformed(String),
}

/// What a subscription yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The record has changed.
    Message(Message),
    /// A member says what it has applied.
    Acknowledged(Acknowledgement),
}

/// A running subscription.
pub trait Subscription: Send {
    /// The next notice, in the order in which they were published; `None` when the subscription is lost, which is final.
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>>;
}

/// The record of one database of a namespace, and the channel of its messages. The calls are those of
/// [`Record`](crate::protocol::Record), which says what they do.
pub trait Bus: Send + Sync + 'static {
    /// [`Record::open`](crate::protocol::Record::open).
    fn open(&self, expected: Option<EpochId>, opening: Opening) -> BoxFuture<'_, Result<EpochId, BusError>>;

    /// [`Record::join`](crate::protocol::Record::join).
    fn join(&self, joining: Joining) -> BoxFuture<'_, Result<Joined, BusError>>;

    /// [`Record::renew`](crate::protocol::Record::renew). Where the server has replicas, it answers only when most have it.
    fn renew(&self, at: At, member: MemberId) -> BoxFuture<'_, Result<Renewed, BusError>>;

    /// [`Record::begin`](crate::protocol::Record::begin). Where the server has replicas, it answers only when most have it.
    fn begin(&self, at: At, intent: Intent) -> BoxFuture<'_, Result<Begun, BusError>>;

    /// [`Record::end`](crate::protocol::Record::end).
    fn end(&self, epoch: EpochId, id: IntentId, touched: Vec<u32>) -> BoxFuture<'_, Result<Ended, BusError>>;

    /// [`Record::touch`](crate::protocol::Record::touch).
    fn touch(&self, epoch: EpochId, slots: Vec<u32>) -> BoxFuture<'_, Result<Touched, BusError>>;

    /// [`Record::declare`](crate::protocol::Record::declare).
    fn declare(&self, epoch: EpochId, fingerprint: Fingerprint) -> BoxFuture<'_, Result<(), BusError>>;

    /// [`Record::expel`](crate::protocol::Record::expel).
    fn expel(
        &self,
        epoch: EpochId,
        member: MemberId,
        renewals: Option<u64>,
    ) -> BoxFuture<'_, Result<(), BusError>>;

    /// [`Record::settle`](crate::protocol::Record::settle).
    fn settle(&self, epoch: EpochId) -> BoxFuture<'_, Result<(), BusError>>;

    /// Tells all subscribers what a member has applied.
    fn acknowledge(&self, acknowledgement: Acknowledgement) -> BoxFuture<'_, Result<(), BusError>>;

    /// Subscribes. It stands when this answers: whatever is published from then on is yielded, or the subscription ends.
    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>>;
}
