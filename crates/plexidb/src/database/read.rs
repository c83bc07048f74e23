//! The way of a read: cache, stamps, connection, fill.

use std::sync::Arc;
use std::time::Instant;

use plexidb_cache::{KeyRef, Lookup, Stamps};
use plexidb_core::{Params, RowSet, ValueRef};
use smallvec::SmallVec;

use super::{Bound, Execution, Inner, bind};
use crate::error::Error;
use crate::request::Request;
use crate::rows::{Rows, Source};
use crate::schema::{Epoch, Statement, Way};

impl Inner {
    /// The cached rows of this statement, if they hold.
    pub(crate) fn cached(&self, sql: &str, values: &[ValueRef<'_>]) -> Option<Rows> {
        if !self.settings.is_cached {
            return None;
        }
        let mut buffer = SmallVec::new();
        let key = KeyRef::new(self.scope, sql, values, &mut buffer);
        match self.l1.get(&key, &self.slots) {
            Lookup::Hit(set) => Some(Rows::new(set, Source::L1)),
            Lookup::Stale | Lookup::Expired | Lookup::Miss => None,
        }
    }

    /// Runs a statement for its rows, whatever it does.
    pub(crate) async fn query(
        self: &Arc<Self>,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Rows, Error> {
        let is_named = matches!(params, Params::Named(_));
        let Bound { sql, values } = bind(sql, params, self.connector.dialect())?;
        if is_named
            && !execution.no_cache
            && let Some(rows) = self.cached(&sql, &values)
        {
            return Ok(rows);
        }
        let limits = execution.limits.unwrap_or(self.settings.limits);
        let request = Request::Query {
            sql: &sql,
            params: &values,
            limits,
        };
        let (epoch, statement, stamps) = self.plan(&sql, &values, execution);
        if statement.way() != Way::Read {
            let response = self.write(&epoch, &statement, request, execution).await?;
            return Ok(Rows::new(response.into_rows(), Source::Database));
        }
        // A read that takes long must not keep the old schema's hold of the database.
        drop(epoch);
        let sent = Instant::now();
        let set = self.fetch(request, execution).await?;
        if self.settings.is_cached && !execution.no_cache {
            let tags = statement.footprint.reads.unknown_tags();
            self.interest.note_miss(tags, 0, sent.elapsed());
        }
        match stamps {
            Some(stamps) => self.fill(&statement, &values, &set, stamps, execution),
            None => self.l1.count_bypass(),
        }
        if statement.may_be_newer_than_the_catalog() {
            self.refresh_schema_if_old();
        }
        Ok(Rows::new(set, Source::Database))
    }

    /// The statement as it is understood now, and the stamps under which its result may be stored.
    ///
    /// The stamps are captured before the query is sent. They count only if the epoch by which the statement was
    /// planned is still current *after* the capture: DDL that ended in between has left no mark on them.
    pub(crate) fn plan(
        &self,
        sql: &str,
        values: &[ValueRef<'_>],
        execution: Execution,
    ) -> (Arc<Epoch>, Arc<Statement>, Option<Stamps>) {
        let epoch = self.schema.current();
        let statement = epoch.statement(sql);
        let is_wanted = self.settings.is_cached && !execution.no_cache && !has_time_word(values);
        let stamps = is_wanted
            .then(|| statement.dependencies(values))
            .flatten()
            .and_then(|found| {
                let guards = statement
                    .footprint
                    .reads
                    .joined()
                    .iter()
                    .flat_map(|joined| joined.guards());
                let tags = found.always.iter().chain(&found.unless_found).chain(guards);
                self.slots.capture(tags.copied())
            })
            .filter(|_| self.schema.is_current(&epoch));
        (epoch, statement, stamps)
    }

    async fn fetch(self: &Arc<Self>, request: Request<'_>, execution: Execution) -> Result<RowSet, Error> {
        let mut flight = self.depart().await?;
        let response = flight
            .run(request, execution.timeout.or(self.settings.timeout))
            .await;
        flight.land();
        Ok(response?.into_rows())
    }

    fn fill(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
        set: &RowSet,
        stamps: Stamps,
        execution: Execution,
    ) {
        let mut buffer = SmallVec::new();
        let key = KeyRef::new(self.scope, &statement.sql, values, &mut buffer);
        let ttl = execution.ttl.unwrap_or(self.settings.ttl);
        // A result that is too large is counted by the cache and simply not kept.
        let _ = self
            .l1
            .insert(key.to_owned(Arc::clone(&statement.sql)), set.clone(), stamps, ttl);
    }
}

/// Whether a parameter's text would be evaluated as the current time ('now', 'today').
fn has_time_word(values: &[ValueRef<'_>]) -> bool {
    values.iter().any(|value| match value {
        ValueRef::Text(text) | ValueRef::Other(text) => plexidb_sql::is_time_word(text),
        // An array's elements are rarely texts; where they are, each may be such a word.
        ValueRef::Array(array) => array
            .elements()
            .any(|element| matches!(element, ValueRef::Text(text) if plexidb_sql::is_time_word(text))),
        _ => false,
    })
}
