//! The way of a read: cache, stamps, an equal read under way or a connection, fill.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plexidb_cache::{Boarding, Fill, Inserted, Key, KeyBuffer, KeyRef, Lookup};
#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{Params, Value, ValueRef};
use plexidb_pool::Priority;
use plexidb_sql::Dependence;

use super::coalescing::{Turn, tell};
use super::routing::Fetched;
use super::stamping::Captured;
use super::{Bound, Execution, Inner, bind};
use crate::endpoints::Route;
use crate::error::Error;
use crate::flight::Deadline;
use crate::request::Request;
use crate::rows::{Rows, Source};
use crate::schema::{Epoch, Statement, Way};
use crate::scope::ScopeSettings;
use crate::statistics::Miss;

/// A read that is about to be sent.
pub(crate) struct Planned {
    pub(crate) epoch: Arc<Epoch>,
    pub(crate) statement: Arc<Statement>,
    scope: Option<Arc<ScopeSettings>>,
    /// `None` where its result is not to be stored.
    dependencies: Option<(Captured, Dependence)>,
    /// Which server may run it.
    route: Route,
}

impl Inner {
    /// The cached rows, or why there are none. Of a statement with named parameters the cache is not asked yet.
    #[inline]
    pub(crate) fn hit(
        &self,
        sql: &str,
        params: Params<'_>,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Rows, Miss> {
        match params {
            Params::Positional(values) => self.cached(sql, values, scope),
            Params::Named(_) => Err(Miss::Unasked),
        }
    }

    /// The cached rows of this statement if they hold, or why there are none.
    pub(crate) fn cached(
        &self,
        sql: &str,
        values: &[ValueRef<'_>],
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Rows, Miss> {
        if !self.settings.is_cached {
            return Err(Miss::Unasked);
        }
        let mut buffer = KeyBuffer::new();
        let key = KeyRef::new(self.key_scope(scope), sql, values, &mut buffer);
        // Before the slots are looked at, and its clock afterwards: see `Lease`.
        let lease = self.tier().map(|tier| (tier, tier.grant()));
        match self.l1.get(&key, &self.slots) {
            Lookup::Hit(hit) => match lease {
                Some((tier, grant)) if !tier.counts(grant) => Err(Miss::NoLease),
                _ => Ok(Rows::of_hit(hit)),
            },
            Lookup::Stale => Err(Miss::Stale),
            Lookup::Held => Err(Miss::Held),
            Lookup::Expired => Err(Miss::Expired),
            Lookup::Miss => Err(Miss::Absent),
        }
    }

    /// What tells results of this database and scope from all others in the shared L1.
    fn key_scope(&self, scope: Option<&Arc<ScopeSettings>>) -> u64 {
        scope.map_or(self.scope, |scope| scope.number())
    }

    /// Runs a statement for its rows, whatever it does. `miss` tells what the cache said, where it was asked.
    pub(crate) async fn query(
        self: &Arc<Self>,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
        mut miss: Miss,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Rows, Error> {
        let is_named = matches!(params, Params::Named(_));
        let Bound { sql, values } = bind(sql, params, self.connector.dialect())?;
        if is_named && !execution.no_cache {
            match self.cached(&sql, &values, scope) {
                Ok(rows) => return Ok(rows),
                Err(reason) => miss = reason,
            }
        }
        let begun = Instant::now();
        let limits = execution.limits.unwrap_or(self.settings.limits);
        let request = Request::Query {
            sql: &sql,
            params: &values,
            limits,
        };
        let planned = self.plan(&sql, &values, execution, scope);
        if planned.statement.way() != Way::Read {
            let response = self
                .write(&planned.epoch, &planned.statement, request, execution, scope)
                .await?;
            return Ok(Rows::new(response.into_rows(), Source::Database));
        }
        if let Some(rows) = self.stale_rows(&planned, &values, execution, miss) {
            return Ok(rows);
        }
        let statement = Arc::clone(&planned.statement);
        let result = self.read(planned, request, &values, execution, begun).await;
        // Why it went to the database; one that waited for another did not.
        if !matches!(&result, Ok(rows) if rows.source() != Source::Database) {
            statement.record.missed(miss);
            return result.map(|rows| rows.missed(miss));
        }
        result
    }

    /// The statement as it is understood now, and the stamps under which its result may be stored.
    ///
    /// The stamps are captured before the query is sent. They count only if the epoch by which the statement was
    /// planned is still current *after* the capture: DDL that ended in between has left no mark on them.
    fn plan(
        &self,
        sql: &str,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Planned {
        let epoch = self.schema.current();
        let statement = epoch.statement(sql);
        let is_wanted = self.settings.is_cached
            && !execution.no_cache
            && !statement.record.policy().no_cache
            && self.registry.pays(&statement.record)
            && !has_time_word(values);
        let dependencies = is_wanted
            .then(|| {
                let plan = statement.reads(scope)?;
                let found = plan.dependencies(values);
                let captured = Captured::before(&self.slots, &found)?;
                Some((captured, found.unknown))
            })
            .flatten()
            .filter(|_| self.schema.is_current(&epoch));
        // After the capture: see `Inner::route`.
        let route = self.route(&statement, values, execution, scope);
        Planned {
            epoch,
            statement,
            scope: scope.cloned(),
            dependencies,
            route,
        }
    }

    /// Sends a read and stores its result, or waits for an equal one. `begun` is when its planning began.
    async fn read(
        self: &Arc<Self>,
        planned: Planned,
        request: Request<'_>,
        values: &[ValueRef<'_>],
        execution: Execution,
        begun: Instant,
    ) -> Result<Rows, Error> {
        let boarding = self.boarding(&planned, values, execution);
        let Planned {
            epoch,
            statement,
            scope,
            dependencies,
            route,
        } = planned;
        let scope = scope.as_ref();
        let mut shared = dependencies
            .as_ref()
            .and_then(|_| self.shared_result(&epoch, &statement, values, execution, scope));
        // A read that takes long must not keep the old schema's hold of the database.
        drop(epoch);
        let record = &statement.record;
        let planning = begun.elapsed();
        let timeout = execution.timeout.or(self.settings.timeout);
        let (leader, deadline) = match self.take_turn(boarding, timeout).await? {
            Turn::Send { leader, deadline } => (leader, deadline),
            Turn::Answered(set) => {
                record.coalesced();
                self.l1.count_coalesced();
                return Ok(Rows::new(set, Source::Coalesced));
            }
        };
        if let Some(shared) = &shared
            && let Some(set) = self
                .take_shared(shared, &statement, values, execution, scope)
                .await
        {
            record.taken();
            tell(leader, &Ok(set.clone()));
            return Ok(Rows::new(set, Source::L2));
        }
        let sent = Instant::now();
        let mut result = self.fetch(request, execution, deadline, scope, route).await;
        let took = sent.elapsed();
        let origin = result
            .as_mut()
            .ok()
            .map(|fetched| (fetched.is_strict, fetched.endpoint.take()));
        let (is_strict, endpoint) = origin.unwrap_or_default();
        let result = result.map(|fetched| fetched.set);
        let leader = tell(leader, &result);
        record.executed(took, result.as_ref().ok().map(|set| set.len() as u64));
        let set = result?;
        // What a replica shows that may lack an acknowledged write is for this reader alone.
        let dependencies = dependencies.filter(|_| is_strict);
        let answered = Instant::now();
        #[cfg(feature = "planted-faults")]
        let dependencies = dependencies.and_then(|captured| {
            if !planted::is(Fault::StampAfterRead) {
                return Some(captured);
            }
            let plan = statement.reads(scope)?;
            let found = plan.dependencies(values);
            Some((Captured::before(&self.slots, &found)?, found.unknown))
        });
        let stamps = dependencies.and_then(|(captured, unknown)| {
            let tags = unknown.always.iter().chain(&unknown.unless_found).copied();
            self.interest.note_miss(tags, record.new_hits(), took);
            captured.complete(&self.slots, statement.reads(scope)?, &set)
        });
        let is_kept = match stamps {
            Some(stamps) => {
                if let Some(shared) = shared.take() {
                    self.give_shared(shared, &stamps, &set, took);
                }
                let key = match &leader {
                    Some(leader) => leader.key().clone(),
                    None => self.key(&statement, values, scope),
                };
                let fill = Fill {
                    rows: set.clone(),
                    stamps,
                    ttl: self.ttl(&statement, execution),
                    cost: record.usual(took),
                    tally: Arc::clone(&record.tally),
                    keeps_stale: self.stale_age_max(&statement, execution).is_some(),
                };
                // One that is not kept is returned all the same.
                let inserted = self.l1.insert(key, fill, &self.slots);
                let is_kept = matches!(inserted, Inserted::Stored);
                record.filled(inserted);
                self.registry.judge(record, took, planning + answered.elapsed());
                is_kept
            }
            None => {
                self.l1.count_bypass();
                false
            }
        };
        if statement.may_be_newer_than_the_catalog() {
            self.refresh_schema_if_old();
        }
        // Only now: until it is stored the answer is to be had from the flight.
        drop(leader);
        Ok(Rows::new(set, Source::Database)
            .kept(is_kept)
            .answered_by(endpoint))
    }

    /// What tells equal reads and how fresh they are; `None` where this one is not to wait, nor to be waited for.
    fn boarding(&self, planned: &Planned, values: &[ValueRef<'_>], execution: Execution) -> Option<Boarding> {
        let statement = &planned.statement;
        let (captured, _) = planned.dependencies.as_ref()?;
        if planned.route.may_lag() {
            return None;
        }
        if !statement.record.is_worth_a_wait() {
            return None;
        }
        Some(Boarding {
            stamps: captured.of_flight()?,
            key: self.key(statement, values, planned.scope.as_ref()),
            limits: execution.limits.unwrap_or(self.settings.limits),
        })
    }

    pub(super) fn key(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Key {
        let mut buffer = KeyBuffer::new();
        KeyRef::new(self.key_scope(scope), &statement.sql, values, &mut buffer)
            .to_owned(Arc::clone(&statement.sql))
    }

    /// Runs the request until `deadline`, where the read has waited before, else for `timeout` from when it has a
    /// connection.
    async fn fetch(
        self: &Arc<Self>,
        request: Request<'_>,
        execution: Execution,
        deadline: Option<Deadline>,
        scope: Option<&Arc<ScopeSettings>>,
        route: Route,
    ) -> Result<Fetched, Error> {
        let timeout = execution.timeout.or(self.settings.timeout);
        let (mut flight, is_strict) = match execution.priority {
            Priority::Background if self.endpoints.replicas().is_none() => {
                (self.depart_as(Priority::Background).await?, true)
            }
            _ => self.depart_to_read(route).await?,
        };
        let deadline = deadline.or_else(|| timeout.map(Deadline::after));
        let response = flight.read(request, deadline, scope).await;
        let lost = response
            .as_ref()
            .err()
            .and_then(|error| flight.second_route(error, route));
        let endpoint = flight.endpoint();
        flight.land();
        let Some(route) = lost else {
            let set = response?.into_rows();
            return Ok(Fetched {
                set,
                is_strict,
                endpoint,
            });
        };
        // Reading twice does no harm. Once: what breaks two connections may be the statement itself.
        let (mut flight, is_strict) = self.depart_to_read(route).await?;
        let response = flight.read(request, deadline, scope).await;
        let endpoint = flight.endpoint();
        flight.land();
        let set = response?.into_rows();
        Ok(Fetched {
            set,
            is_strict,
            endpoint,
        })
    }

    /// How long a result may stay: what the execution asks for, else the statement, its tables, the database.
    pub(super) fn ttl(&self, statement: &Statement, execution: Execution) -> Duration {
        let own = execution.ttl.or(statement.record.policy().ttl);
        own.or(statement.table_ttl).unwrap_or(self.settings.ttl)
    }

    /// How old a result may be that is returned though a write has overtaken it; `None` where none may be.
    pub(super) fn stale_age_max(&self, statement: &Statement, execution: Execution) -> Option<Duration> {
        let asked = execution.stale_while_revalidate;
        asked.or_else(|| statement.record.policy().stale_while_revalidate)
    }

    /// The old rows where the user has asked for them by name; a new result is fetched in the background.
    fn stale_rows(
        self: &Arc<Self>,
        planned: &Planned,
        values: &[ValueRef<'_>],
        execution: Execution,
        miss: Miss,
    ) -> Option<Rows> {
        let (statement, scope) = (&planned.statement, planned.scope.as_ref());
        if !matches!(miss, Miss::Stale | Miss::Held) {
            return None;
        }
        let age_max = self.stale_age_max(statement, execution)?;
        let mut buffer = KeyBuffer::new();
        let key = KeyRef::new(self.key_scope(scope), &statement.sql, values, &mut buffer);
        let (set, age) = self.l1.peek_stale(&key)?;
        if age > age_max {
            return None;
        }
        if statement.record.begin_revalidation() {
            self.revalidate(Arc::clone(&statement.sql), values, execution, scope.cloned());
        }
        Some(Rows::new(set, Source::Stale))
    }

    fn revalidate(
        self: &Arc<Self>,
        sql: Arc<str>,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<Arc<ScopeSettings>>,
    ) {
        let inner = Arc::clone(self);
        let values: Vec<Value> = values.iter().map(|value| ValueRef::to_owned(*value)).collect();
        // Nobody waits for it.
        let execution = Execution {
            priority: Priority::Background,
            ..execution
        };
        self.runtime.spawn(async move {
            let values: Vec<ValueRef<'_>> = values.iter().map(Value::as_ref).collect();
            let begun = Instant::now();
            let request = Request::Query {
                sql: &sql,
                params: &values,
                limits: execution.limits.unwrap_or(inner.settings.limits),
            };
            let planned = inner.plan(&sql, &values, execution, scope.as_ref());
            let statement = Arc::clone(&planned.statement);
            if planned.statement.way() == Way::Read
                && let Err(error) = inner.read(planned, request, &values, execution, begun).await
            {
                tracing::debug!(%error, "could not fetch a result anew whose old one was returned");
            }
            statement.record.end_revalidation();
        });
    }
}

/// Whether a parameter's text would be evaluated as the current time ('now', 'today').
pub(super) fn has_time_word(values: &[ValueRef<'_>]) -> bool {
    values.iter().any(|value| match value {
        ValueRef::Text(text) | ValueRef::Other(text) => plexidb_sql::is_time_word(text),
        // An array's elements are rarely texts; where they are, each may be such a word.
        ValueRef::Array(array) => array
            .elements()
            .any(|element| matches!(element, ValueRef::Text(text) if plexidb_sql::is_time_word(text))),
        _ => false,
    })
}
