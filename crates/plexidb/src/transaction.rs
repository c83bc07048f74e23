//! Transactions: statements on one connection that take effect together.
//!
//! Invariants: reads in a transaction neither use nor fill the cache, since they may see what others must not.
//! What the transaction has written touches its tags around COMMIT, the only moment at which it becomes visible;
//! what becomes visible before (tables without transactions, MySQL's implicit commits) touches them at once.

use std::sync::Arc;

#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{ConnectionStatus, Dialect, DriverError, Executed, Params, Tag, Value, ValueRef};

use crate::database::{Bound, Inner, bind};
use crate::endpoints::{EndpointLease, Route};
use crate::error::Error;
use crate::flight::{Claim, Flight};
use crate::in_doubt;
use crate::learning::{Answer, KeyQuery, Lesson};
use crate::request::{Request, Response};
use crate::rows::{Rows, Source};
use crate::schema::{Epoch, Statement, Way};
use crate::scope::ScopeSettings;
use crate::shared::{self, SharedError};
use crate::touched::TouchedTags;

mod options;
mod savepoint;

pub use options::{Isolation, TransactionOptions};
pub use savepoint::Savepoint;

/// A transaction; dropping it rolls it back.
pub struct Transaction {
    inner: Arc<Inner>,
    lease: Option<EndpointLease>,
    /// What COMMIT will touch.
    touched: TouchedTags,
    /// The epochs by which its writes were planned.
    epochs: Vec<Arc<Epoch>>,
    /// The claim of a statement whose effect is visible before COMMIT, while it runs.
    claim: Option<Claim>,
    /// Claims of implicit commits after which the schema could not be read; they end once it is.
    schema_claims: Vec<Claim>,
    /// Whether MySQL has committed by itself: what follows commits by itself too, and nothing was undone.
    has_committed: bool,
    changes_schema: bool,
    /// Savepoints that were dropped and are to be rolled back before the next statement.
    dropped_savepoints: Vec<String>,
    savepoints: u64,
}

/// Sends what begins a transaction.
async fn begin_on(
    flight: &mut Flight,
    options: TransactionOptions,
    statements: &[String],
    scope: Option<&Arc<ScopeSettings>>,
) -> Result<(), DriverError> {
    if options.read_only {
        flight.lease()?.expect_refusals();
    }
    for sql in statements {
        flight.run(Request::Control { sql }, None).await?;
    }
    if let Some(scope) = scope {
        // The database takes them back at the end of the transaction, however it ends.
        flight
            .run(scope.setting_in_transaction(&scope.values()), None)
            .await?;
    }
    Ok(())
}

impl Transaction {
    pub(crate) async fn begin(
        inner: Arc<Inner>,
        options: TransactionOptions,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Self, Error> {
        let execution = options.execution()?;
        let statements = options.statements(inner.connector.dialect())?;
        let flight = match inner.route_of_transaction(execution) {
            Route::Primary(None) => {
                let mut flight = inner.depart().await?;
                begin_on(&mut flight, options, &statements, scope).await?;
                flight
            }
            route => {
                let (mut flight, _) = inner.depart_to_read(route).await?;
                let begun = begin_on(&mut flight, options, &statements, scope).await;
                let second = begun
                    .as_ref()
                    .err()
                    .and_then(|error| flight.second_route(error, route));
                match second {
                    None => begun?,
                    Some(route) => {
                        // It has read nothing yet.
                        flight.land();
                        (flight, _) = inner.depart_to_read(route).await?;
                        begin_on(&mut flight, options, &statements, scope).await?;
                    }
                }
                flight
            }
        };
        Ok(Self {
            lease: flight.into_lease(),
            inner,
            touched: TouchedTags::default(),
            epochs: Vec::new(),
            claim: None,
            schema_claims: Vec::new(),
            has_committed: false,
            changes_schema: false,
            dropped_savepoints: Vec::new(),
            savepoints: 0,
        })
    }

    /// Runs a statement in the transaction and returns its rows.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] with the database's own error; [`Error::TransactionEnded`] where the database has ended the
    /// transaction after an earlier statement.
    pub async fn query(&mut self, sql: &str, params: Params<'_>) -> Result<Rows, Error> {
        let Bound { sql, values } = bind(sql, params, self.inner.connector.dialect())?;
        let request = Request::Query {
            sql: &sql,
            params: &values,
            limits: self.inner.settings.limits,
        };
        let set = self.run(&sql, request).await?.into_rows();
        let endpoint = self.lease.as_ref().and_then(EndpointLease::endpoint);
        Ok(Rows::new(set, Source::Database).answered_by(endpoint))
    }

    /// Runs a statement in the transaction and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query), and [`Error::TransactionControl`].
    pub async fn execute(&mut self, sql: &str, params: Params<'_>) -> Result<Executed, Error> {
        let Bound { sql, values } = bind(sql, params, self.inner.connector.dialect())?;
        let request = Request::Execute {
            sql: &sql,
            params: &values,
        };
        Ok(self.run(&sql, request).await?.into_executed())
    }

    /// Runs one statement for many rows of parameters, pipelined where the protocol can.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute).
    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Executed, Error> {
        let rows: Vec<Vec<ValueRef<'_>>> = rows
            .iter()
            .map(|row| row.iter().map(Value::as_ref).collect())
            .collect();
        Ok(self
            .run(sql, Request::ExecuteMany { sql, rows: &rows })
            .await?
            .into_executed())
    }

    /// Sets a savepoint: what follows can be rolled back without the whole transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`]; [`Error::TransactionEnded`].
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>, Error> {
        self.check_open()?;
        self.roll_back_dropped_savepoints().await?;
        self.savepoints += 1;
        let name = format!("plexidb_{}", self.savepoints);
        self.control(&format!("SAVEPOINT {name}")).await?;
        Ok(Savepoint::new(self, name))
    }

    /// Makes the transaction's writes permanent. What they touch leaves the cache before this returns.
    ///
    /// # Errors
    ///
    /// [`Error::TransactionFailed`] where a statement had failed and the database can only roll back,
    /// [`Error::TransactionEnded`] where it has done so by itself; [`Error::Driver`] where it refuses. After a lost connection
    /// the outcome is unknown: what was written bypasses the cache until it is known.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.check_open()?;
        self.roll_back_dropped_savepoints().await?;
        let lease = self.lease.take().ok_or(DriverError::Closed)?;
        let mut flight = Flight::new(Arc::clone(&self.inner), lease);
        if flight.lease()?.status() == ConnectionStatus::InFailedTransaction {
            flight.run(Request::Control { sql: "ROLLBACK" }, None).await?;
            return Err(Error::TransactionFailed);
        }
        if self.changes_schema {
            self.touched.add_database();
        }
        let tags = std::mem::take(&mut self.touched).into_tags();
        #[cfg(feature = "planted-faults")]
        if planted::is(Fault::InvalidateAfterCommit) {
            flight.run(Request::Control { sql: "COMMIT" }, None).await?;
            let log = self.inner.endpoints.write_log();
            Claim::of(&self.inner.slots, &tags, Vec::new())
                .logged(log, &tags)
                .end();
            flight.land();
            return Ok(());
        }
        let epochs = std::mem::take(&mut self.epochs);
        let log = self.inner.endpoints.write_log();
        let claim = Claim::of(&self.inner.slots, &tags, epochs).logged(log, &tags);
        flight.claim(if self.changes_schema {
            claim.of_schema_change()
        } else {
            claim
        });
        if let Err(error) = self.inner.announce_commit(&mut flight).await {
            // Nothing became visible.
            flight.roll_back().await;
            flight.land();
            self.end_schema_claims();
            return Err(error);
        }
        let result = flight.run(Request::Control { sql: "COMMIT" }, None).await;
        if self.changes_schema {
            self.inner.land_ddl(flight).await;
            self.end_schema_claims();
            result?;
            return Ok(());
        }
        if result.is_err() && !flight.is_under_way() {
            // SQLite keeps the transaction open after a refused COMMIT.
            flight.roll_back().await;
        }
        flight.land();
        result?;
        Ok(())
    }

    /// Undoes the transaction's writes.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`]; the connection is then thrown away, which rolls back as well.
    pub async fn rollback(mut self) -> Result<(), Error> {
        if self.claim.is_some() || !self.schema_claims.is_empty() {
            // The schema could not be read after an implicit commit, or a statement was abandoned: the drop sees to it, and
            // closes the connection.
            return Ok(());
        }
        if self.has_ended() {
            return Ok(());
        }
        let Some(lease) = self.lease.take() else {
            return Ok(());
        };
        let mut flight = Flight::new(Arc::clone(&self.inner), lease);
        flight.run(Request::Control { sql: "ROLLBACK" }, None).await?;
        flight.land();
        Ok(())
    }

    async fn run(&mut self, sql: &str, request: Request<'_>) -> Result<Response, Error> {
        self.check_open()?;
        self.roll_back_dropped_savepoints().await?;
        let epoch = self.inner.schema.current();
        let statement = epoch.statement(sql);
        let way = statement.way();
        match way {
            Way::Transaction => return Err(statement.transaction_control()),
            Way::Read => return Ok(self.send(request).await?),
            Way::Write => {}
            Way::Session | Way::Ddl => {
                // The rest of the transaction may resolve names differently.
                self.touched.add_database();
                self.lease.as_mut().ok_or(DriverError::Closed)?.taint();
                self.changes_schema |= way == Way::Ddl;
            }
        }
        if !self.epochs.iter().any(|known| Arc::ptr_eq(known, &epoch)) {
            self.epochs.push(Arc::clone(&epoch));
        }
        if self.is_visible_at_once(&statement, way) {
            return self.run_visible_at_once(&epoch, &statement, request).await;
        }
        if way == Way::Write {
            return self.write(&statement, request).await;
        }
        Ok(self.send(request).await?)
    }

    /// Runs a write that COMMIT makes visible, and remembers what it touches. A failed statement tells no keys and
    /// may still have had an effect.
    async fn write(&mut self, statement: &Statement, request: Request<'_>) -> Result<Response, Error> {
        let inner = Arc::clone(&self.inner);
        let touched = request.touched(statement);
        // If this future is dropped while it is sent, the connection is broken and there is no COMMIT.
        let Some(lesson) = Lesson::of(&inner, statement, &request, &touched.precaution, None) else {
            let response = self.send(request).await;
            let rows_affected = response.as_ref().ok().and_then(Response::rows_affected);
            if !statement.is_void(rows_affected) {
                self.touched.add(touched.all(), statement);
            }
            return Ok(response?);
        };
        self.touched.add(touched.certain.iter().copied(), statement);
        let response = self.send(lesson.request(&request)).await;
        let answer = match (response, KeyQuery::of(lesson.learning, request)) {
            (Ok(response), None) => Ok(Answer::read(lesson.learning, &request, response)),
            (Ok(response), Some(query)) => {
                // The rows stay locked until COMMIT, so that their keys stay what they are.
                let tags = query.tags(self.send(query.request()).await);
                let rows_affected = response.rows_affected();
                Ok(Answer {
                    response: Ok(response),
                    tags,
                    rows_affected,
                })
            }
            (Err(error), _) => Err(error),
        };
        let learnt = answer.as_ref().ok().and_then(|answer| answer.tags.as_ref());
        let tags = learnt.unwrap_or(&touched.precaution);
        self.touched.add(tags.iter().copied(), statement);
        Ok(answer?.response?)
    }

    /// Runs a statement whose effect does not wait for COMMIT: what it touches is held while it runs.
    async fn run_visible_at_once(
        &mut self,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
    ) -> Result<Response, Error> {
        let way = statement.way();
        let touched = request.touched(statement);
        let tags: Vec<Tag> = match way {
            Way::Write => touched.all().collect(),
            _ => vec![Tag::DATABASE],
        };
        // Rows of tables with transactions that it changes as well become visible at COMMIT.
        self.touched.add(tags.iter().copied(), statement);
        // In the transaction and not on the stack: if this future is dropped, the claim outlives it.
        let log = self.inner.endpoints.write_log();
        let claim = Claim::of(&self.inner.slots, &tags, vec![Arc::clone(epoch)]).logged(log, &tags);
        self.claim = Some(if way == Way::Ddl {
            claim.of_schema_change()
        } else {
            claim
        });
        self.announce().await?;
        let response = self.send(request).await;
        self.has_committed |= way != Way::Write && self.status() == ConnectionStatus::Idle;
        if way == Way::Ddl {
            self.read_schema_after_implicit_commit().await;
        } else if self.status() != ConnectionStatus::Broken
            && let Some(claim) = self.claim.take()
        {
            claim.end();
        }
        Ok(response?)
    }

    /// Tells the processes that share results of what becomes visible before COMMIT.
    async fn announce(&mut self) -> Result<(), Error> {
        let (Some(lease), Some(claim)) = (&mut self.lease, &mut self.claim) else {
            return Ok(());
        };
        // What is set in the session stays until its end: the pool resets what is altered.
        let result = match shared::announce(&self.inner, lease, claim).await {
            Err(error)
                if self
                    .inner
                    .tier()
                    .is_some_and(|tier| tier.way_out(&error).is_some()) =>
            {
                Err(SharedError::NotWithoutRedis {
                    what: "a statement that takes effect before COMMIT",
                }
                .into())
            }
            result => result,
        };
        if result.is_err()
            && let Some(claim) = self.claim.take()
        {
            claim.end();
        }
        result.map(drop)
    }

    fn is_visible_at_once(&self, statement: &Statement, way: Way) -> bool {
        let commits_implicitly = way != Way::Write && self.inner.connector.dialect() == Dialect::MySql;
        commits_implicitly || self.has_committed || !statement.footprint.is_transactional
    }

    /// MySQL has committed the change: others plan by the new schema from here on, whatever becomes of the transaction.
    async fn read_schema_after_implicit_commit(&mut self) {
        let catalog = match self.lease.as_mut() {
            Some(lease) if lease.status() != ConnectionStatus::Broken => {
                let sent = lease.clock();
                let answer = lease.catalog().await;
                lease.note(&answer, sent);
                answer.ok()
            }
            _ => None,
        };
        if self.status() == ConnectionStatus::Broken {
            // In doubt: the claim is left to the drop.
            return;
        }
        let Some(claim) = self.claim.take() else { return };
        if catalog.is_some() {
            let (hold, untold) = claim.end_but_certain();
            self.inner.schema.replace(catalog, hold);
            self.inner.tell_of_schema(untold);
            self.end_schema_claims();
        } else {
            self.schema_claims.push(claim);
        }
    }

    fn end_schema_claims(&mut self) {
        self.schema_claims.drain(..).for_each(Claim::end);
    }

    /// Whether the database has ended the transaction by itself and undone it: a deadlock, `ON CONFLICT ROLLBACK`.
    fn has_ended(&self) -> bool {
        self.status() == ConnectionStatus::Idle && !self.has_committed
    }

    /// Refuses what would not be part of the transaction any more.
    fn check_open(&self) -> Result<(), Error> {
        if self.claim.is_some() {
            // The future of an earlier statement was dropped, or its connection broke.
            return Err(DriverError::Closed.into());
        }
        if self.has_ended() {
            return Err(Error::TransactionEnded);
        }
        Ok(())
    }

    async fn send(&mut self, request: Request<'_>) -> Result<Response, DriverError> {
        let lease = self.lease.as_mut().ok_or(DriverError::Closed)?;
        if matches!(request, Request::Query { .. }) {
            lease.read_on();
        }
        let sent = lease.clock();
        let result = request.run(&mut ***lease).await;
        lease.note(&result, sent);
        result
    }

    async fn control(&mut self, sql: &str) -> Result<(), DriverError> {
        self.send(Request::Control { sql }).await.map(drop)
    }

    async fn roll_back_dropped_savepoints(&mut self) -> Result<(), DriverError> {
        // The outermost takes all that were set after it along.
        if let Some(name) = self.dropped_savepoints.first().cloned() {
            self.control(&format!("ROLLBACK TO SAVEPOINT {name}")).await?;
            self.control(&format!("RELEASE SAVEPOINT {name}")).await?;
            self.dropped_savepoints.clear();
        }
        Ok(())
    }

    fn status(&self) -> ConnectionStatus {
        self.lease
            .as_ref()
            .map_or(ConnectionStatus::Broken, |lease| lease.status())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let mut claims = std::mem::take(&mut self.schema_claims);
        claims.extend(self.claim.take());
        let inner = Arc::clone(&self.inner);
        let Some(lease) = self.lease.take() else {
            // The future of COMMIT was dropped, whose flight answers for what it claims; these only want the schema.
            if !claims.is_empty() {
                self.inner.runtime.spawn(async move {
                    inner.read_schema_at_last().await;
                    claims.into_iter().for_each(Claim::end);
                });
            }
            return;
        };
        if lease.status() == ConnectionStatus::Broken || !claims.is_empty() {
            let (origin, session, canceller) = (lease.origin(), lease.session(), lease.canceller());
            lease.discard();
            self.inner.runtime.spawn(async move {
                if let Err(error) = canceller.cancel().await {
                    tracing::debug!(%error, "could not cancel a statement of an abandoned transaction");
                }
                in_doubt::resolve(inner, origin, session, claims).await;
            });
            return;
        }
        self.inner.runtime.spawn(async move {
            let mut flight = Flight::new(inner, lease);
            flight.roll_back().await;
            flight.land();
        });
    }
}
