//! Requests with a security scope: session variables that row-level-security policies read, set for one request.
//!
//! Invariant: a scope is part of the key of what it caches, and of nothing else; it never outlives its request on a
//! connection.

use std::sync::Arc;

use plexidb_core::{Executed, Params, Value};

use crate::database::{Database, Execution};
use crate::error::Error;
use crate::explain::Explanation;
use crate::rows::Rows;
use crate::select::Select;
use crate::stream::RowStream;
use crate::transaction::{Transaction, TransactionOptions};

mod error;
mod numbers;
mod settings;
#[cfg(test)]
mod tests;

pub use error::ScopeError;
pub(crate) use numbers::ScopeNumbers;
pub(crate) use settings::ScopeSettings;

/// A database as it is seen under a security scope; made by [`Database::scope`].
///
/// Each request sets the scope's session variables before its statement and takes them back afterwards, so that PostgreSQL's
/// policies (`USING (tenant = current_setting('app.tenant'))`) see them. Results are cached for this scope alone.
///
/// ```no_run
/// # async fn example() -> Result<(), plexidb::Error> {
/// use plexidb::params;
///
/// let db = plexidb::connect("postgres://app@localhost/shop").await?;
/// let tenant = db.scope("app.tenant", "acme")?;
/// let orders = tenant.query("SELECT id, total FROM orders", params![]).await?;
/// # drop(orders);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Scoped {
    database: Database,
    settings: Arc<ScopeSettings>,
}

impl Scoped {
    pub(crate) fn new(database: &Database, name: &str, value: &str) -> Result<Self, Error> {
        let settings = ScopeSettings::none(database.dialect())?;
        Self::extended(database, &settings, name, value)
    }

    fn extended(
        database: &Database,
        settings: &ScopeSettings,
        name: &str,
        value: &str,
    ) -> Result<Self, Error> {
        let settings = settings.with(name, value, &database.inner.scope_numbers)?;
        Ok(Self {
            database: database.clone(),
            settings: Arc::new(settings),
        })
    }

    /// The same scope with one more session variable, or with another value of one that it has.
    ///
    /// # Errors
    ///
    /// [`Error::Scope`], as for [`Database::scope`].
    pub fn scope(&self, name: &str, value: &str) -> Result<Self, Error> {
        Self::extended(&self.database, &self.settings, name, value)
    }

    /// [`Database::query`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`].
    pub async fn query(&self, sql: &str, params: Params<'_>) -> Result<Rows, Error> {
        self.query_with(sql, params, Execution::default()).await
    }

    /// [`Database::query_with`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`].
    pub async fn query_with(
        &self,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Rows, Error> {
        self.database
            .query_under(sql, params, execution, Some(&self.settings))
            .await
    }

    /// [`Database::execute`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> Result<Executed, Error> {
        self.execute_with(sql, params, Execution::default()).await
    }

    /// [`Database::execute_with`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute`].
    pub async fn execute_with(
        &self,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Executed, Error> {
        let inner = &self.database.inner;
        Box::pin(inner.execute(sql, params, execution, Some(&self.settings))).await
    }

    /// [`Database::execute_many`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute_many`].
    pub async fn execute_many(&self, sql: &str, rows: &[Vec<Value>]) -> Result<Executed, Error> {
        let mut transaction = self.begin().await?;
        let executed = transaction.execute_many(sql, rows).await?;
        transaction.commit().await?;
        Ok(executed)
    }

    /// [`Database::select`] under this scope.
    pub fn select<'a>(&'a self, sql: &'a str) -> Select<'a> {
        Select::new(&self.database, None, sql).under(&self.settings)
    }

    /// [`Database::stream`] under this scope.
    ///
    /// # Errors
    ///
    /// Those of [`Database::stream`].
    pub async fn stream(&self, sql: &str, params: Params<'_>) -> Result<RowStream, Error> {
        RowStream::open(
            &self.database.inner,
            sql,
            params,
            Execution::default(),
            Some(&self.settings),
        )
        .await
    }

    /// Begins a transaction that is under this scope until its end.
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub async fn begin(&self) -> Result<Transaction, Error> {
        self.begin_with(TransactionOptions::default()).await
    }

    /// Begins a transaction under this scope, with an isolation level or for reading only.
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub async fn begin_with(&self, options: TransactionOptions) -> Result<Transaction, Error> {
        Transaction::begin(Arc::clone(&self.database.inner), options, Some(&self.settings)).await
    }

    /// [`Database::explain`] for a request under this scope.
    #[must_use]
    pub fn explain(&self, sql: &str) -> Explanation {
        self.database.explain_under(sql, Some(&self.settings))
    }
}

impl std::fmt::Debug for Scoped {
    /// Without the values: they tell who the user is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scoped")
            .field("database", &self.database.name())
            .field("names", &self.settings.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
