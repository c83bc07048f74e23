//! The way of a write: footprint, connection, slots raised, statement, slots one version up.

use std::sync::Arc;

#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{Dialect, DriverError, Executed, Params, Tag};
use plexidb_sql::{TagList, Touched};
use tokio::sync::OwnedSemaphorePermit;

use super::{Bound, Execution, Inner, bind};
use crate::error::Error;
use crate::flight::{Claim, Deadline, Flight};
use crate::learning::{Answer, KeyQuery, Lesson, Trips};
use crate::request::{Request, Response};
use crate::schema::{Epoch, Statement, Way};
use crate::scope::ScopeSettings;

/// A write with all that it takes to run it.
#[derive(Clone, Copy)]
struct Write<'a> {
    epoch: &'a Arc<Epoch>,
    request: Request<'a>,
    deadline: Option<Deadline>,
}

impl Inner {
    /// Runs a statement for its effect, whatever it does.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Executed, Error> {
        let Bound { sql, values } = bind(sql, params, self.connector.dialect())?;
        let epoch = self.schema.current();
        let statement = epoch.statement(&sql);
        let request = Request::Execute {
            sql: &sql,
            params: &values,
        };
        let response = self.write(&epoch, &statement, request, execution, scope).await;
        #[cfg(feature = "planted-faults")]
        let response = match response {
            Err(error) if planted::is(Fault::RetryUnknownWrite) && is_of_unknown_outcome(&error) => {
                self.write(&epoch, &statement, request, execution, scope).await
            }
            response => response,
        };
        Ok(response?.into_executed())
    }

    /// Sends a request that may change something.
    pub(crate) async fn write(
        self: &Arc<Self>,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Response, Error> {
        let result = self
            .write_announced(epoch, statement, request, execution, scope)
            .await;
        let way_out = |error| self.tier().and_then(|tier| tier.way_out(error));
        match result.as_ref().err().and_then(way_out) {
            // Nothing was sent.
            Some(cut_off) => self.write_marked(cut_off, epoch, statement, request, scope).await,
            None => result,
        }
    }

    async fn write_announced(
        self: &Arc<Self>,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Response, Error> {
        let way = statement.way();
        if way == Way::Transaction {
            return Err(statement.transaction_control());
        }
        let timeout = execution.timeout.or(self.settings.timeout);
        let write = Write {
            epoch,
            request,
            deadline: timeout.map(Deadline::after),
        };
        let turn = match way {
            Way::Write | Way::Ddl => self.turn_to_write(write.deadline).await?,
            Way::Read | Way::Session | Way::Transaction => None,
        };
        let mut flight = self.depart_as(execution.priority).await?;
        flight.keep(turn);
        if let Some(scope) = scope {
            flight.enter(scope, write.deadline).await?;
        }
        if statement.does_not_parse() && flight.is_read_only(&statement.sql).await? == Some(true) {
            return write.fly(flight).await;
        }
        match way {
            Way::Read | Way::Transaction => write.fly(flight).await,
            Way::Write => {
                let touched = request.touched(statement);
                let wish = execution.key_learning;
                let lesson = Lesson::of(self, statement, &request, &touched.precaution, wish);
                match lesson.map(|lesson| (lesson, lesson.trips)) {
                    None => {
                        write.claim(self, &mut flight, &all(&touched));
                        flight.announce(write.deadline).await?;
                        let response = write.send(&mut flight, statement).await;
                        flight.land();
                        Ok(response?)
                    }
                    Some((lesson, Trips::One)) => {
                        write.learn_in_one_trip(self, flight, lesson, touched).await
                    }
                    Some((lesson, Trips::Lookup)) => write.look_up(self, flight, lesson, touched).await,
                    Some((lesson, Trips::Two)) => {
                        write.learn_in_two_trips(self, flight, lesson, touched).await
                    }
                }
            }
            Way::Session => {
                write.claim(self, &mut flight, &all(&request.touched(statement)));
                flight.announce(write.deadline).await?;
                flight.lease()?.taint();
                write.fly(flight).await
            }
            Way::Ddl => {
                let tags = [Tag::DATABASE];
                let claim = Claim::of(&self.slots, &tags, vec![Arc::clone(epoch)])
                    .logged(self.endpoints.write_log(), &tags);
                flight.claim(claim.of_schema_change());
                flight.announce(write.deadline).await?;
                let response = flight.run_by(request, write.deadline).await;
                // Also after an error: what failed half-way may have changed something.
                self.land_ddl(flight).await;
                Ok(response?)
            }
        }
    }
}

impl Inner {
    /// Waits for the turn to write, where the database has one writer at a time: whoever waits holds no slots yet, so that
    /// reads keep their hits, and no connection.
    async fn turn_to_write(&self, deadline: Option<Deadline>) -> Result<Option<OwnedSemaphorePermit>, Error> {
        let Some(writers) = &self.writers else {
            return Ok(None);
        };
        let turn = Arc::clone(writers).acquire_owned();
        let turn = match deadline {
            None => turn.await,
            Some(deadline) => {
                tokio::time::timeout(deadline.left(), turn)
                    .await
                    .map_err(|_| DriverError::Timeout {
                        phase: "writer queue",
                        after: deadline.timeout,
                    })?
            }
        };
        // The queue is never closed.
        Ok(turn.ok())
    }
}

#[cfg(feature = "planted-faults")]
fn is_of_unknown_outcome(error: &Error) -> bool {
    error.driver().is_some_and(DriverError::outcome_is_unknown)
}

fn all(touched: &Touched) -> TagList {
    touched.all().collect()
}

impl Write<'_> {
    fn certain(&self, inner: &Inner, tags: &[Tag]) -> Claim {
        Claim::of(&inner.slots, tags, vec![Arc::clone(self.epoch)]).logged(inner.endpoints.write_log(), tags)
    }

    fn claim(&self, inner: &Inner, flight: &mut Flight, tags: &[Tag]) {
        flight.claim(self.certain(inner, tags));
    }

    /// Runs the statement as it is. Where it turns out to have changed nothing, what is claimed is let go as it was.
    async fn send(&self, flight: &mut Flight, statement: &Statement) -> Result<Response, DriverError> {
        let response = flight.run_by(self.request, self.deadline).await?;
        if let Some(claim) = flight.claim_mut()
            && statement.is_void(response.rows_affected())
        {
            claim.void();
        }
        Ok(response)
    }

    async fn fly(self, mut flight: Flight) -> Result<Response, Error> {
        let response = flight.run_by(self.request, self.deadline).await;
        flight.land();
        Ok(response?)
    }

    /// Runs the extended statement by itself. From before it is sent until its keys are known, reads that are pinned to such
    /// a key bypass the cache: see [`Claim::end`].
    async fn learn_in_one_trip(
        self,
        inner: &Inner,
        mut flight: Flight,
        lesson: Lesson<'_>,
        touched: Touched,
    ) -> Result<Response, Error> {
        let claim = self.certain(inner, &touched.certain);
        flight.claim(claim.with_precaution(&inner.slots, &touched.precaution));
        flight.announce(self.deadline).await?;
        let response = flight
            .run_by(lesson.request(&self.request), self.deadline)
            .await?;
        let answer = Answer::read(lesson.learning, &self.request, response);
        if let Some(claim) = flight.claim_mut() {
            if lesson.statement.is_void(answer.rows_affected) {
                claim.void();
            } else if let Some(tags) = &answer.tags {
                claim.learn(&inner.slots, tags);
            }
        }
        flight.land();
        Ok(answer.response?)
    }

    /// Runs the statement as it is, then asks for its rows' keys.
    //
    // The rows that the statement has changed are those that the query finds: see `Lookup::guards`. What was captured before
    // the statement tells whether anybody gave a row another value of the unique key meanwhile. A row that somebody has
    // moved to another learnt key, or deleted, between the two, has the old key's results dropped by whoever did it: that
    // touches every column there, from before it became visible. And until the keys are known the precaution is held.
    async fn look_up(
        self,
        inner: &Inner,
        mut flight: Flight,
        lesson: Lesson<'_>,
        touched: Touched,
    ) -> Result<Response, Error> {
        let guards = lesson.learning.lookup().map_or(&[][..], |lookup| lookup.guards());
        let guards = inner.slots.capture(guards.iter().copied());
        let claim = self.certain(inner, &touched.certain);
        flight.claim(claim.with_precaution(&inner.slots, &touched.precaution));
        flight.announce(self.deadline).await?;
        let response = self.send(&mut flight, lesson.statement).await?;
        if !lesson.statement.is_void(response.rows_affected())
            && let Some(guards) = guards
            && let Some(query) = KeyQuery::of(lesson.learning, self.request)
        {
            let tags = query.tags(flight.run_by(query.request(), self.deadline).await);
            if let (Some(tags), Some(claim), true) = (tags, flight.claim_mut(), inner.slots.holds(&guards)) {
                claim.learn(&inner.slots, &tags);
            }
        }
        flight.land();
        Ok(response)
    }

    /// Runs the extended statement in a transaction, so that its keys are known before it becomes visible by COMMIT: no
    /// other results than those that it changes bypass the cache.
    async fn learn_in_two_trips(
        self,
        inner: &Inner,
        mut flight: Flight,
        lesson: Lesson<'_>,
        touched: Touched,
    ) -> Result<Response, Error> {
        let sql = match inner.connector.dialect() {
            // The write lock is taken at the start: SQLite cannot wait for it later.
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres | Dialect::MySql => "BEGIN",
        };
        flight.run_by(Request::Control { sql }, self.deadline).await?;
        let request = lesson.request(&self.request);
        let response = match flight.run_by(request, self.deadline).await {
            Ok(response) => response,
            Err(error) => {
                if !flight.is_under_way() {
                    flight.roll_back().await;
                }
                return Err(error.into());
            }
        };
        if let Some(deadline) = self.deadline
            && deadline.left().is_zero()
        {
            flight.roll_back().await;
            return Err(DriverError::Cancelled {
                message: format!("it took longer than {:?}", deadline.timeout),
            }
            .into());
        }
        let answer = match KeyQuery::of(lesson.learning, self.request) {
            None => Answer::read(lesson.learning, &self.request, response),
            // The rows are locked until COMMIT: what they hold now is what they will hold.
            Some(query) => Answer {
                tags: query.tags(flight.run_by(query.request(), self.deadline).await),
                rows_affected: response.rows_affected(),
                response: Ok(response),
            },
        };
        let mut tags = TagList::new();
        if !lesson.statement.is_void(answer.rows_affected) {
            tags.extend_from_slice(&touched.certain);
            tags.extend_from_slice(answer.tags.as_ref().unwrap_or(&touched.precaution));
        }
        self.claim(inner, &mut flight, &tags);
        if let Err(error) = flight.announce(self.deadline).await {
            flight.roll_back().await;
            return Err(error);
        }
        let committed = flight
            .run_by(Request::Control { sql: "COMMIT" }, self.deadline)
            .await;
        if committed.is_err() && !flight.is_under_way() {
            // SQLite keeps the transaction open after a refused COMMIT.
            flight.roll_back().await;
        }
        flight.land();
        committed?;
        Ok(answer.response?)
    }
}
