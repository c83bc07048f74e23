//! A point in the history of a group's database.
//!
//! Invariant: points of two epochs do not compare, so that none covers the other. It does not know how servers write their
//! positions: whoever owns the group numbers the points that it knows.

/// A point in the history of a group's database, by the number that the group's owner has given it: of two in one epoch the one
/// with the larger number has all that the other has.
///
/// Numbers of servers may be used again after a failover that lost writes: points of before belong to another epoch, such as
/// [`Group::epoch`](crate::Group::epoch).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// In which time the number counts.
    pub epoch: u64,
    /// Its number there.
    pub number: u64,
}

impl Mark {
    /// The point of this number in an epoch.
    #[must_use]
    pub const fn new(epoch: u64, number: u64) -> Self {
        Self { epoch, number }
    }

    /// Whether a server that has reached this point has all that one at the other has.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.epoch == other.epoch && self.number >= other.number
    }
}

#[cfg(test)]
mod tests;
