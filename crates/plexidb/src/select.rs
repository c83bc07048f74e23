//! A statement with settings of its own.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Limits, Params, Value, ValueRef};
use plexidb_pool::Priority;
use serde::de::DeserializeOwned;

use crate::database::{Database, Execution};
use crate::endpoints::Replicas;
use crate::error::Error;
use crate::manager::Manager;
use crate::rows::Rows;
use crate::scope::ScopeSettings;
use crate::stream::RowStream;

/// Builds one execution of a statement.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), plexidb::Error> {
/// let db = plexidb::connect("sqlite::memory:").await?;
/// let rows = db.select("SELECT :a + :b AS sum").bind_named("a", 1).bind_named("b", 2).no_cache().fetch().await?;
/// assert_eq!(rows[0].get::<i64>("sum")?, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is run before fetch"]
pub struct Select<'a> {
    database: &'a Database,
    manager: Option<&'a Manager>,
    other: Option<&'a str>,
    scope: Option<Arc<ScopeSettings>>,
    sql: &'a str,
    positional: Vec<Value>,
    named: Vec<(&'a str, Value)>,
    execution: Execution,
    tag: Option<&'a str>,
}

impl<'a> Select<'a> {
    pub(crate) fn new(database: &'a Database, manager: Option<&'a Manager>, sql: &'a str) -> Self {
        Self {
            database,
            manager,
            other: None,
            scope: None,
            sql,
            positional: Vec::new(),
            named: Vec::new(),
            execution: Execution::default(),
            tag: None,
        }
    }

    pub(crate) fn under(mut self, scope: &Arc<ScopeSettings>) -> Self {
        self.scope = Some(Arc::clone(scope));
        self
    }

    /// The value of the next placeholder.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.positional.push(value.into());
        self
    }

    /// The value of the placeholder `:name`.
    pub fn bind_named(mut self, name: &'a str, value: impl Into<Value>) -> Self {
        self.named.push((name, value.into()));
        self
    }

    /// The database to run it on, by the name that is configured.
    pub fn on(mut self, database: &'a str) -> Self {
        self.other = Some(database);
        self
    }

    /// How long the result may stay in the cache.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.execution.ttl = Some(ttl);
        self
    }

    /// Neither look into the cache nor fill it.
    pub fn no_cache(mut self) -> Self {
        self.execution.no_cache = true;
        self
    }

    /// Return a result that a write has overtaken, if it is not older than this, and fetch a new one in the background.
    /// **Such a read may be stale**; without it none is.
    pub fn stale_while_revalidate(mut self, age_max: Duration) -> Self {
        self.execution.stale_while_revalidate = Some(age_max);
        self
    }

    /// Whether replicas may serve it, where replicas are configured.
    pub fn replicas(mut self, replicas: Replicas) -> Self {
        self.execution.replicas = Some(replicas);
        self
    }

    /// Only servers with this tag (as `analytics`) serve it, or the primary where that is allowed and none of them is fit. A database
    /// without replicas has every tag.
    pub fn tagged(mut self, tag: &'a str) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Runs it as a background task's: after those of users, and never over the last connection which they could have. Where replicas
    /// are configured it makes no difference in this version.
    pub fn background(mut self) -> Self {
        self.execution.priority = Priority::Background;
        self
    }

    /// When to cancel the statement.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.execution.timeout = Some(timeout);
        self
    }

    /// Bounds on the result; beyond them it is an error.
    pub fn limits(mut self, rows_max: u64, bytes_max: usize) -> Self {
        self.execution.limits = Some(Limits { rows_max, bytes_max });
        self
    }

    /// Runs it and returns its rows.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`], [`Error::NoSuchDatabase`], and [`Error::NoSuchTag`].
    pub async fn fetch(mut self) -> Result<Rows, Error> {
        let database = self.target()?;
        self.execution.tag = self.tag.map(|tag| database.tag(tag)).transpose()?;
        let scope = self.scope.as_ref();
        if self.named.is_empty() {
            let values: Vec<ValueRef<'_>> = self.positional.iter().map(Value::as_ref).collect();
            return database
                .query_under(self.sql, Params::Positional(&values), self.execution, scope)
                .await;
        }
        let values: Vec<(&str, ValueRef<'_>)> = self
            .named
            .iter()
            .map(|(name, value)| (*name, value.as_ref()))
            .collect();
        database
            .query_under(self.sql, Params::Named(&values), self.execution, scope)
            .await
    }

    /// Runs it and makes a value of each row.
    ///
    /// # Errors
    ///
    /// Those of [`fetch`](Self::fetch), and [`Error::Row`].
    pub async fn fetch_as<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        Ok(self.fetch().await?.deserialize()?)
    }

    /// Runs it and makes a value of its only row.
    ///
    /// # Errors
    ///
    /// Those of [`fetch_as`](Self::fetch_as), and [`Error::RowCount`].
    pub async fn fetch_one<T: DeserializeOwned>(self) -> Result<T, Error> {
        let rows = self.fetch().await?;
        match rows.rows() {
            [row] => Ok(row.deserialize()?),
            rows => Err(Error::RowCount { found: rows.len() }),
        }
    }

    /// Runs it and makes a value of its only row, if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`fetch_one`](Self::fetch_one), but for no row.
    pub async fn fetch_optional<T: DeserializeOwned>(self) -> Result<Option<T>, Error> {
        let rows = self.fetch().await?;
        match rows.rows() {
            [] => Ok(None),
            [row] => Ok(Some(row.deserialize()?)),
            rows => Err(Error::RowCount { found: rows.len() }),
        }
    }

    /// Streams its rows with bounded memory, past the cache. Replicas serve it only where [`replicas`](Self::replicas) or
    /// [`tagged`](Self::tagged) asks for them, as a stream that breaks cannot go on elsewhere.
    ///
    /// # Errors
    ///
    /// Those of [`Database::stream`], [`Error::NoSuchDatabase`], and [`Error::NoSuchTag`].
    pub async fn stream(mut self) -> Result<RowStream, Error> {
        let database = self.target()?;
        self.execution.tag = self.tag.map(|tag| database.tag(tag)).transpose()?;
        let execution = self.execution;
        let scope = self.scope.as_ref();
        if self.named.is_empty() {
            let values: Vec<ValueRef<'_>> = self.positional.iter().map(Value::as_ref).collect();
            let params = Params::Positional(&values);
            return RowStream::open(&database.inner, self.sql, params, execution, scope).await;
        }
        let values: Vec<(&str, ValueRef<'_>)> = self
            .named
            .iter()
            .map(|(name, value)| (*name, value.as_ref()))
            .collect();
        RowStream::open(
            &database.inner,
            self.sql,
            Params::Named(&values),
            execution,
            scope,
        )
        .await
    }

    fn target(&self) -> Result<&'a Database, Error> {
        match (self.other, self.manager) {
            (None, _) => Ok(self.database),
            (Some(name), Some(manager)) => manager.database(name),
            (Some(name), None) if name == self.database.name() => Ok(self.database),
            (Some(name), None) => Err(Error::NoSuchDatabase {
                name: name.to_owned(),
                available: vec![self.database.name().to_owned()],
            }),
        }
    }
}
