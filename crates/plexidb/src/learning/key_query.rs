//! The query for the keys of rows that a statement has just changed.
//!
//! Invariant: an answer that does not tell all keys tells none.

use plexidb_core::{DriverError, Limits, ValueRef};
use plexidb_sql::{Learning, TagList};

use super::answer::tags;
use crate::request::{Request, Response};

/// A query with its parameters.
pub(crate) struct KeyQuery<'a> {
    learning: &'a Learning,
    sql: &'a str,
    params: Vec<ValueRef<'a>>,
}

impl<'a> KeyQuery<'a> {
    /// The query for what `request` changes; `None` where the statement itself tells the keys.
    pub(crate) fn of(learning: &'a Learning, request: Request<'a>) -> Option<Self> {
        let lookup = learning.lookup()?;
        Some(Self {
            learning,
            sql: lookup.sql(),
            params: lookup.params(request.params())?,
        })
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request::Query {
            sql: self.sql,
            params: &self.params,
            limits: Limits::default(),
        }
    }

    /// What was touched in place of the precaution, by the answer; `None` where it does not tell.
    pub(crate) fn tags(&self, answer: Result<Response, DriverError>) -> Option<TagList> {
        match answer {
            Ok(response) => tags(self.learning, &response.into_rows()),
            Err(error) => {
                tracing::debug!(%error, "could not look up the keys of a write; all that it may have touched is dropped");
                None
            }
        }
    }
}
