//! Protocols that look right and are not. Each leaves one thing out, at the edge where the code calls for it.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// A write does not wait for acknowledgements.
    NoWait,
    /// A lease counts from when the answer came.
    LeaseFromAnswer,
    /// A renewal counts before its messages have been applied.
    LeaseBeforeMessages,
    /// An epoch is settled as soon as it is open.
    SettleAtOnce,
    /// An epoch is settled although the server has statements that nobody knows.
    SettleUnderStatements,
    /// An intent of a member that is gone ends without looking after its session.
    EndByTime,
    /// The database does not end sessions that idle.
    NoFence,
    /// Who cannot reach the record writes without announcing it.
    Unannounced,
    /// Who opens the marker does not wait for a lease.
    MarkerWithoutWait,
    /// An unannounced write is content with any open marker, also one for which somebody else has waited.
    MarkerOfAnother,
    /// A renewal counts whatever the marker says.
    MarkerIgnored,
    /// What another run of the server has kept counts as the record.
    RunIgnored,
    /// Who joins counts as having applied what it was answered.
    JoiningAcknowledges,
    /// Versions that changed while messages were lost do not change the words.
    LostWritesForgotten,
    /// Results that were read before an epoch was settled count in it.
    UnsettledReads,
    /// A hit reads its slots before the grant.
    SlotsBeforeGrant,
}
