//! How far a server's history has come, as a value with a partial order.
//!
//! Invariant: a position covers another only where both are of one history as far as the servers tell; those of two
//! timelines, domains or kinds of server never compare. What servers send is bounded and checked.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

mod gtids;
mod parse;

#[cfg(test)]
mod tests;

use gtids::{DomainGtid, SourceGtids};

/// A point in the history of a server: everything that was committed up to there.
///
/// Cheap to clone. Its text form, by [`Display`](fmt::Display) and [`FromStr`], tells the kind as well:
/// `wal:1@0/16B3748` (PostgreSQL: timeline and LSN), `mariadb:0-1-100,1-1-7` (GTIDs, one a domain) or
/// `mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5` (GTIDs, one range a source).
///
/// After a failover that lost commits, the position of a lost one may seem covered on MariaDB and MySQL, where later
/// numbers are taken for later states: whoever notices a failover forgets the positions from before it. On PostgreSQL the
/// timeline tells, unless two replicas were promoted apart from each other: both then use the same new number.
///
/// ```
/// use plexidb_core::Position;
///
/// let written = Position::from_wal(1, "0/16B3748")?;
/// let replayed = Position::from_wal(1, "0/16B3700")?;
/// assert!(written.covers(&replayed) && !replayed.covers(&written));
/// let promoted = Position::from_wal(2, "0/2000000")?;
/// assert!(!promoted.covers(&written), "the new timeline may lack what was written");
/// # Ok::<(), plexidb_core::MalformedPosition>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position(History);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum History {
    /// PostgreSQL's write-ahead log.
    Wal { timeline: u32, lsn: u64 },
    /// MariaDB's GTIDs: the last of each domain, by domain.
    Domains(Arc<[DomainGtid]>),
    /// MySQL's GTIDs: the first so many of each source, by source.
    Sources(Arc<[SourceGtids]>),
}

/// What a server sent for a position is none, or of more than [`Position::MEMBERS_MAX`] parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is no position: expected {expected}")]
pub struct MalformedPosition {
    /// The first characters of what was given.
    given: String,
    expected: &'static str,
}

impl Position {
    /// The most domains or sources of one position.
    pub const MEMBERS_MAX: usize = 1_024;

    /// A place in PostgreSQL's log: the timeline's number and the LSN as the server writes it, such as `0/16B3748`.
    ///
    /// # Errors
    ///
    /// The text is no LSN.
    pub fn from_wal(timeline: u32, lsn: &str) -> Result<Self, MalformedPosition> {
        let lsn = parse::lsn(lsn)?;
        Ok(Self(History::Wal { timeline, lsn }))
    }

    /// A position in PostgreSQL's log by the LSN's number.
    #[must_use]
    pub fn from_wal_bytes(timeline: u32, lsn: u64) -> Self {
        Self(History::Wal { timeline, lsn })
    }

    /// MariaDB's GTIDs, one a domain, as in `@@gtid_binlog_pos`: `0-1-100,1-1-7`, or nothing before the first commit.
    ///
    /// # Errors
    ///
    /// The text is no list of GTIDs, names a domain twice, or more than [`MEMBERS_MAX`](Self::MEMBERS_MAX) of them.
    pub fn from_mariadb(gtids: &str) -> Result<Self, MalformedPosition> {
        Ok(Self(History::Domains(parse::domains(gtids)?.into())))
    }

    /// MySQL's `@@gtid_executed`. `None` for a set with gaps, ranges that do not begin at 1, or tags: it does not say in
    /// a simple way what is part of it, as on a server that replicates a part of another, or applies out of order.
    ///
    /// # Errors
    ///
    /// The text is no set of GTIDs, names a source twice, or more than [`MEMBERS_MAX`](Self::MEMBERS_MAX) of them.
    pub fn from_mysql(gtids: &str) -> Result<Option<Self>, MalformedPosition> {
        let sources = parse::sources(gtids)?;
        Ok(sources.map(|sources| Self(History::Sources(sources.into()))))
    }

    /// PostgreSQL's timeline, which each promotion raises; `None` on servers that have none.
    #[must_use]
    pub fn timeline(&self) -> Option<u32> {
        match self.0 {
            History::Wal { timeline, .. } => Some(timeline),
            History::Domains(_) | History::Sources(_) => None,
        }
    }

    /// Whether all that was committed up to `other` was so up to this one, too. `false` where they do not compare.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (
                History::Wal { timeline, lsn },
                History::Wal {
                    timeline: other_timeline,
                    lsn: other_lsn,
                },
            ) => timeline == other_timeline && lsn >= other_lsn,
            (History::Domains(own), History::Domains(others)) => gtids::covers(own, others),
            (History::Sources(own), History::Sources(others)) => gtids::covers(own, others),
            _ => false,
        }
    }

    /// The least position that covers both; `None` where they do not compare, but for domains and sources that only one
    /// of them has.
    #[must_use]
    pub fn join(&self, other: &Self) -> Option<Self> {
        match (&self.0, &other.0) {
            (History::Domains(own), History::Domains(others)) => {
                gtids::join(own, others).map(|joined| Self(History::Domains(joined.into())))
            }
            (History::Sources(own), History::Sources(others)) => {
                gtids::join(own, others).map(|joined| Self(History::Sources(joined.into())))
            }
            _ if self.covers(other) => Some(self.clone()),
            _ => other.covers(self).then(|| other.clone()),
        }
    }
}

/// By [`covers`](Position::covers).
impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            History::Wal { timeline, lsn } => {
                write!(f, "wal:{timeline}@{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF)
            }
            History::Domains(gtids) => {
                f.write_str("mariadb:")?;
                write_list(f, gtids)
            }
            History::Sources(gtids) => {
                f.write_str("mysql:")?;
                write_list(f, gtids)
            }
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, members: &[impl fmt::Display]) -> fmt::Result {
    for (index, member) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(f, "{comma}{member}")?;
    }
    Ok(())
}

impl FromStr for Position {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, MalformedPosition> {
        const FORMS: &str = "wal:TIMELINE@LSN, mariadb:GTIDS or mysql:GTIDS";
        let malformed = || MalformedPosition::new(text, FORMS);
        let (kind, rest) = text.split_once(':').ok_or_else(malformed)?;
        match kind {
            "wal" => {
                let (timeline, lsn) = rest.split_once('@').ok_or_else(malformed)?;
                let timeline = parse::number(timeline).ok_or_else(malformed)?;
                Self::from_wal(timeline, lsn)
            }
            "mariadb" => Self::from_mariadb(rest),
            "mysql" => Self::from_mysql(rest)?.ok_or_else(malformed),
            _ => Err(malformed()),
        }
    }
}
