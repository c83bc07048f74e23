//! Whether a replica may serve a read.
//!
//! Invariant: what is not known of a replica does not speak for it: without a lag or a position it serves no read that asks
//! for one.

use std::fmt;

use tokio::time::Instant;

use super::arbitration::is_outdated;
use super::member::Member;
use super::need::Need;
use super::role::Role;

/// Why an endpoint does not serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// It was seen to be a primary, so that it is no replica.
    NoReplica,
    /// It has a weight of 0.
    Drained,
    /// It lacks the tag, or is reserved for those who ask for one of its tags.
    Tag,
    /// It is on a timeline that is over.
    Timeline,
    /// Its data is older than allowed, or of unknown age.
    Lag,
    /// It has not replayed what is asked for, as far as is known.
    Position,
    /// It fails, so that it is left alone for a while.
    Broken,
    /// It was tried, and gave no connection.
    Tried,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReplica => "no replica",
            Self::Drained => "weight 0",
            Self::Tag => "not for this tag",
            Self::Timeline => "on an old timeline",
            Self::Lag => "lag too large or unknown",
            Self::Position => "position too old or unknown",
            Self::Broken => "failing",
            Self::Tried => "gave no connection",
        })
    }
}

/// Whether the endpoint may serve the read as a replica, whether it works or not.
pub(crate) fn of_replica(
    member: &Member,
    need: &Need,
    newest: Option<u64>,
    now: Instant,
) -> Result<(), Unfit> {
    let traits = &member.traits;
    let has_tag = need.tag.as_ref().is_some_and(|tag| traits.tags.contains(tag));
    if member.role() != Role::Replica {
        return Err(Unfit::NoReplica);
    }
    if traits.weight == 0 {
        return Err(Unfit::Drained);
    }
    if !has_tag && (need.tag.is_some() || traits.is_reserved) {
        return Err(Unfit::Tag);
    }
    if is_outdated(member, newest) {
        return Err(Unfit::Timeline);
    }
    let observed = member.observed();
    if let Some(lag_max) = need.lag_max {
        let age = observed.and_then(|seen| {
            let since_then = now.saturating_duration_since(seen.asked_at);
            seen.lag.map(|lag| lag.saturating_add(since_then))
        });
        if age.is_none_or(|age| age > lag_max) {
            return Err(Unfit::Lag);
        }
    }
    if let Some(at_least) = need.at_least {
        let mark = observed.and_then(|seen| seen.mark);
        if !mark.is_some_and(|mark| mark.covers(at_least)) {
            return Err(Unfit::Position);
        }
    }
    Ok(())
}
