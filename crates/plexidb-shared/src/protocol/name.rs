//! Names of epochs, members, intents, catalogs and runs of a server: values that are compared and nothing more.

/// An epoch of a record: random, so that no two are ever equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochId(pub u128);

/// A member: random, drawn when a process starts to take part. A process that starts again is another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub u128);

/// One run of the server that keeps the record: another one after each restart, and on each replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u128);

/// The fingerprint of a catalog: members of whom it is equal derive equal slots from equal statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u128);

/// A write that is announced: its member, and a number that the member gives out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntentId {
    /// Whose write it is.
    pub member: MemberId,
    /// Counts the writes of the member.
    pub number: u64,
}

/// As of which state of the record a caller speaks: nothing is done for one who knows another epoch, or more than the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct At {
    /// The epoch that the caller knows.
    pub epoch: EpochId,
    /// The number of the last message that he has applied.
    pub applied: u64,
}
