//! How a write learns the keys of the rows that its text does not tell.

mod answer;
mod key_query;
mod lesson;

pub(crate) use answer::Answer;
pub(crate) use key_query::KeyQuery;
pub(crate) use lesson::{Lesson, Trips};

/// How a write learns which cached results it must drop, where its text does not tell all keys of its rows: an
/// `UPDATE messages SET body = ? WHERE id = ?` does not tell the message's channel.
///
/// Without learning all results that are pinned to such a key are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyLearning {
    /// Whichever of the others costs least, by the hits that there are to lose and the time that a miss takes.
    #[default]
    Auto,
    /// Not at all.
    Never,
    /// By a RETURNING list, in one round trip: while it runs, reads that are pinned to such a key bypass the cache.
    OneTrip,
    /// By a RETURNING list in a transaction, whose COMMIT is a second round trip: only reads of these very rows bypass the
    /// cache while it runs.
    TwoTrips,
}
