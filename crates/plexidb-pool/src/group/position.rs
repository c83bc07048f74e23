//! How far a server has come in the history of its database.
//!
//! Invariant: positions of two timelines do not compare, so that none covers the other.

/// How far a server has come in the history of its database, without saying which database it is.
///
/// A history has one or several domains, each with a sequence that only grows: PostgreSQL has one, its sequence is the LSN;
/// MariaDB's GTID position has one a replication domain.
///
/// Where the database has timelines, a position belongs to one. Where it has none, give it
/// [`Group::epoch`](crate::Group::epoch) as its timeline: numbers may be used again after a failover that lost writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    timeline: Option<u64>,
    /// Domains and their sequences, ascending by domain, each domain once.
    sequences: Box<[(u64, u64)]>,
}

impl Position {
    /// A position in a history of one domain.
    #[must_use]
    pub fn new(sequence: u64) -> Self {
        Self::of_domains([(0, sequence)])
    }

    /// A position in a history of several domains: each with its sequence. Of a domain that is given twice the larger
    /// sequence counts.
    #[must_use]
    pub fn of_domains(sequences: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut sequences: Vec<_> = sequences.into_iter().collect();
        sequences.sort_unstable_by_key(|&(domain, sequence)| (domain, std::cmp::Reverse(sequence)));
        sequences.dedup_by_key(|&mut (domain, _)| domain);
        Self {
            timeline: None,
            sequences: sequences.into_boxed_slice(),
        }
    }

    /// The same position, of this timeline.
    #[must_use]
    pub fn on_timeline(mut self, timeline: u64) -> Self {
        self.timeline = Some(timeline);
        self
    }

    /// Whether a server at this position has all that one at the other position has.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.timeline == other.timeline
            && other
                .sequences
                .iter()
                .all(|&(domain, sequence)| self.sequence(domain).is_some_and(|own| own >= sequence))
    }

    fn sequence(&self, domain: u64) -> Option<u64> {
        let place = self
            .sequences
            .binary_search_by_key(&domain, |&(domain, _)| domain);
        Some(self.sequences[place.ok()?].1)
    }
}

#[cfg(test)]
mod tests;
