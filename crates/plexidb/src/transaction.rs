//! Transactions: statements on one connection that take effect together.
//!
//! Invariants: reads in a transaction neither use nor fill the cache, since they may see what others must not.
//! What the transaction has written touches its tags around COMMIT, the only moment at which it becomes visible;
//! what becomes visible before (tables without transactions, MySQL's implicit commits) touches them at once.

use std::sync::Arc;

use plexidb_core::{ConnectionStatus, Dialect, DriverError, Executed, Params, Tag, Value, ValueRef};
use plexidb_pool::Lease;

use crate::database::{Bound, Inner, bind};
use crate::error::Error;
use crate::flight::{Claim, Flight};
use crate::in_doubt;
use crate::request::{Request, Response};
use crate::rows::{Rows, Source};
use crate::schema::{Epoch, Statement, Way};

mod options;
mod savepoint;

pub use options::{Isolation, TransactionOptions};
pub use savepoint::Savepoint;

/// A transaction; dropping it rolls it back.
pub struct Transaction {
    inner: Arc<Inner>,
    lease: Option<Lease>,
    /// What COMMIT will touch.
    touched: Vec<Tag>,
    /// The epochs by which its writes were planned.
    epochs: Vec<Arc<Epoch>>,
    /// The claim of a statement whose effect is visible before COMMIT, while it runs.
    claim: Option<Claim>,
    changes_schema: bool,
    /// Savepoints that were dropped and are to be rolled back before the next statement.
    dropped_savepoints: Vec<String>,
    savepoints: u64,
}

impl Transaction {
    pub(crate) async fn begin(inner: Arc<Inner>, options: TransactionOptions) -> Result<Self, Error> {
        let mut flight = inner.depart().await?;
        for sql in options.statements(inner.connector.dialect())? {
            flight.run(Request::Control { sql: &sql }, None).await?;
        }
        Ok(Self {
            lease: flight.into_lease(),
            inner,
            touched: Vec::new(),
            epochs: Vec::new(),
            claim: None,
            changes_schema: false,
            dropped_savepoints: Vec::new(),
            savepoints: 0,
        })
    }

    /// Runs a statement in the transaction and returns its rows.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] with the database's own error.
    pub async fn query(&mut self, sql: &str, params: Params<'_>) -> Result<Rows, Error> {
        let Bound { sql, values } = bind(sql, params, self.inner.connector.dialect())?;
        let request = Request::Query {
            sql: &sql,
            params: &values,
            limits: self.inner.settings.limits,
        };
        Ok(Rows::new(
            self.run(&sql, request).await?.into_rows(),
            Source::Database,
        ))
    }

    /// Runs a statement in the transaction and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] with the database's own error; [`Error::TransactionControl`].
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
    /// [`Error::Driver`].
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>, Error> {
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
    /// [`Error::TransactionFailed`] where a statement had failed and the database can only roll back;
    /// [`Error::Driver`] where it refuses. After a lost connection the outcome is unknown: the tables that were
    /// written bypass the cache until it is known.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.roll_back_dropped_savepoints().await?;
        let lease = self.lease.take().ok_or(DriverError::Closed)?;
        let mut flight = Flight::new(Arc::clone(&self.inner), lease);
        if flight.lease()?.status() == ConnectionStatus::InFailedTransaction {
            flight.run(Request::Control { sql: "ROLLBACK" }, None).await?;
            return Err(Error::TransactionFailed);
        }
        if self.changes_schema {
            self.touched.push(Tag::DATABASE);
        }
        flight.claim(&self.touched, std::mem::take(&mut self.epochs));
        let result = flight.run(Request::Control { sql: "COMMIT" }, None).await;
        if self.changes_schema {
            self.inner.land_ddl(flight).await;
            // One is left where the schema could not be read after an implicit commit.
            if let Some(claim) = self.claim.take() {
                claim.hold.end();
            }
            result?;
            return Ok(());
        }
        if result.is_err() && flight.lease()?.status() == ConnectionStatus::InTransaction {
            // SQLite keeps the transaction open after a refused COMMIT.
            flight.run(Request::Control { sql: "ROLLBACK" }, None).await?;
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
        if self.claim.is_some() {
            // The schema could not be read after an implicit commit: the drop sees to it, and closes the connection.
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
        self.roll_back_dropped_savepoints().await?;
        let epoch = self.inner.schema.current();
        let statement = epoch.statement(sql);
        let way = statement.way();
        match way {
            Way::Transaction => return Err(statement.transaction_control()),
            Way::Read => return Ok(self.send(request).await?),
            Way::Write => self.touched.extend(request.tags(&statement)),
            Way::Session | Way::Ddl => {
                // The rest of the transaction may resolve names differently.
                self.touched.push(Tag::DATABASE);
                self.lease.as_mut().ok_or(DriverError::Closed)?.taint();
                self.changes_schema |= way == Way::Ddl;
            }
        }
        self.epochs.push(Arc::clone(&epoch));
        if !self.is_visible_at_once(&statement, way) {
            return Ok(self.send(request).await?);
        }
        let tags = if way == Way::Write {
            request.tags(&statement)
        } else {
            vec![Tag::DATABASE]
        };
        let hold = self.inner.slots.begin_write(&tags);
        // In the transaction and not on the stack: if this future is dropped, the claim outlives it.
        self.claim = Some(Claim {
            hold,
            _epochs: vec![epoch],
        });
        let response = self.send(request).await;
        if way == Way::Ddl {
            self.read_schema_after_implicit_commit().await;
        } else if self.status() != ConnectionStatus::Broken
            && let Some(claim) = self.claim.take()
        {
            claim.hold.end();
        }
        Ok(response?)
    }

    fn is_visible_at_once(&self, statement: &Statement, way: Way) -> bool {
        let commits_implicitly = way != Way::Write && self.inner.connector.dialect() == Dialect::MySql;
        // The database has ended the transaction by itself (an implicit commit, a deadlock, a cancelled write): what
        // follows commits by itself.
        let has_ended = self.status() == ConnectionStatus::Idle;
        commits_implicitly || has_ended || !statement.footprint.is_transactional
    }

    /// MySQL has committed the change: others plan by the new schema from here on, whatever becomes of the transaction.
    async fn read_schema_after_implicit_commit(&mut self) {
        let catalog = match self.lease.as_mut() {
            Some(lease) if lease.status() != ConnectionStatus::Broken => lease.catalog().await.ok(),
            _ => None,
        };
        // Without a catalog the claim is left to the drop, which reads the schema before it ends the claim.
        if catalog.is_some()
            && let Some(claim) = self.claim.take()
        {
            self.inner.schema.replace(catalog, claim.hold);
        }
    }

    async fn send(&mut self, request: Request<'_>) -> Result<Response, DriverError> {
        let lease = self.lease.as_mut().ok_or(DriverError::Closed)?;
        request.run(&mut **lease).await
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
        let Some(lease) = self.lease.take() else { return };
        let claim = self.claim.take();
        let changes_schema = self.changes_schema;
        let inner = Arc::clone(&self.inner);
        if lease.status() == ConnectionStatus::Broken || claim.is_some() {
            let (session, canceller) = (lease.session(), lease.canceller());
            lease.discard();
            self.inner.runtime.spawn(async move {
                if let Err(error) = canceller.cancel().await {
                    tracing::debug!(%error, "could not cancel a statement of an abandoned transaction");
                }
                let Some(claim) = claim else { return };
                let hold = in_doubt::decided(&inner, session, claim).await;
                if changes_schema {
                    inner.read_schema_at_last().await;
                }
                hold.end();
            });
            return;
        }
        self.inner.runtime.spawn(async move {
            let mut flight = Flight::new(inner, lease);
            if let Err(error) = flight.run(Request::Control { sql: "ROLLBACK" }, None).await {
                tracing::debug!(%error, "could not roll back an abandoned transaction; its connection is closed");
            }
            flight.land();
        });
    }
}
