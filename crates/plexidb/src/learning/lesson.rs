//! Whether and how a write learns the keys of its rows.
//!
//! Invariant: a statement is replaced by its extended form only where its user cannot tell the difference.

use plexidb_core::{Dialect, Limits, Tag};
use plexidb_sql::{Learning, WriteExtent};

use super::KeyLearning;
use super::answer::ADDED_BYTES_MAX;
use crate::database::Inner;
use crate::request::Request;
use crate::schema::Statement;

/// In how many exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trips {
    /// The extended statement alone, the precaution held meanwhile.
    One,
    /// The extended statement, or the statement and a query for the keys, in a transaction: they are known before COMMIT.
    Two,
    /// The statement as it is, then a query for the keys, the precaution held meanwhile.
    Lookup,
}

/// How a write learns its keys.
#[derive(Clone, Copy)]
pub(crate) struct Lesson<'s> {
    pub(crate) statement: &'s Statement,
    pub(crate) learning: &'s Learning,
    pub(crate) trips: Trips,
}

impl<'s> Lesson<'s> {
    /// What to learn while this write runs; `None` where all that its text does not tell counts as touched.
    pub(crate) fn of(
        inner: &Inner,
        statement: &'s Statement,
        request: &Request<'_>,
        precaution: &[Tag],
        wish: Option<KeyLearning>,
    ) -> Option<Self> {
        if precaution.is_empty() || !inner.settings.is_cached {
            return None;
        }
        let WriteExtent::Tables { plan, .. } = &statement.footprint.writes else {
            return None;
        };
        let learning = plan
            .learning()
            .filter(|_| keeps_counts(inner.connector.dialect(), statement, request))?;
        let wish = match wish.unwrap_or(inner.settings.key_learning) {
            KeyLearning::Auto => match inner.interest.choose(precaution) {
                // A second trip crosses no network, and waiting for SQLite's only writer need not hold the precaution.
                KeyLearning::OneTrip if inner.connector.dialect() == Dialect::Sqlite => KeyLearning::TwoTrips,
                choice => choice,
            },
            wish => wish,
        };
        let trips = match wish {
            KeyLearning::Never | KeyLearning::Auto => return None,
            // Without transactions the write is visible before its COMMIT.
            KeyLearning::TwoTrips if statement.footprint.is_transactional => Trips::Two,
            KeyLearning::TwoTrips | KeyLearning::OneTrip if learning.lookup().is_some() => Trips::Lookup,
            KeyLearning::TwoTrips | KeyLearning::OneTrip => Trips::One,
        };
        Some(Self {
            statement,
            learning,
            trips,
        })
    }

    /// The request in its extended form.
    pub(crate) fn request<'a>(&self, request: &Request<'a>) -> Request<'a>
    where
        's: 'a,
    {
        let (params, limits) = match *request {
            Request::Query { params, limits, .. } => (params, limits),
            Request::Execute { params, .. } => (params, Limits::default()),
            // These are never extended.
            Request::ExecuteMany { .. } | Request::Control { .. } => return *request,
        };
        if self.learning.lookup().is_some() {
            return *request;
        }
        Request::Query {
            sql: self.learning.sql(),
            params,
            limits: Limits {
                bytes_max: limits.bytes_max.saturating_add(ADDED_BYTES_MAX),
                ..limits
            },
        }
    }
}

/// Whether the rows that are returned tell the counts that the user is to get.
///
/// SQLite and MariaDB report the key made for an inserted row, which a query does not tell; and MariaDB counts a row that
/// an INSERT replaces or updates twice.
fn keeps_counts(dialect: Dialect, statement: &Statement, request: &Request<'_>) -> bool {
    let is_insert = || {
        let text = statement.profile.normalised();
        let word = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .find(|word| !word.is_empty());
        word.is_none_or(|word| {
            !["update", "delete"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        })
    };
    match request {
        Request::Query { .. } => true,
        Request::Execute { .. } => dialect == Dialect::Postgres || !is_insert(),
        Request::ExecuteMany { .. } | Request::Control { .. } => false,
    }
}
