//! One database: its pool, its slots, its schema, and the two ways through the layer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plexidb_cache::{Flights, L1, SlotArray};
use plexidb_core::{Connector, Executed, Limits, Params, Tag, Value};
use plexidb_pool::Priority;
use tokio::sync::Semaphore;

use crate::endpoints::{Endpoints, Replicas, ServerStats, ServerTag};
use crate::error::Error;
use crate::explain::Explanation;
use crate::interest::Interest;
use crate::learning::KeyLearning;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::scope::{ScopeNumbers, ScopeSettings, Scoped};
use crate::select::Select;
use crate::shared::{Invalidated, Tier};
use crate::statistics::{Miss, Registry, StatementPolicy, StatementStats};
use crate::stream::RowStream;
use crate::transaction::{Transaction, TransactionOptions};

mod bind;
mod budget;
mod coalescing;
mod marked;
mod read;
mod reload;
mod routing;
mod servers;
mod sharing;
mod stamping;
mod write;

pub(crate) use bind::{Bound, bind};
pub(crate) use reload::LastRefresh;
pub(crate) use routing::Reach;

/// How one statement is to be run, where it differs from the database's defaults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Execution {
    /// Neither look into the cache nor fill it.
    pub no_cache: bool,
    /// How long the result may stay in the cache; it bounds memory, freshness does not depend on it.
    pub ttl: Option<Duration>,
    /// When to cancel the statement.
    pub timeout: Option<Duration>,
    /// Bounds on the result.
    pub limits: Option<Limits>,
    /// How a write learns the keys of rows that its text does not tell.
    pub key_learning: Option<KeyLearning>,
    /// Return a result that a write has overtaken, if it is not older than this, and fetch a new one in the background.
    /// **Such a read may be stale**; without it none is.
    pub stale_while_revalidate: Option<Duration>,
    /// Who asks. A background task's statement comes after those of users and never takes the last connection which they could have.
    /// Where replicas are configured all are treated as users' in this version.
    pub priority: Priority,
    /// Whether replicas may serve a read, where it differs from the database's setting. Without meaning where no replicas are
    /// configured.
    pub replicas: Option<Replicas>,
    /// Only servers with this tag serve a read, or the primary where that is allowed; see [`Database::tag`]. Without meaning for
    /// writes.
    pub tag: Option<ServerTag>,
}

/// A handle to one database; cloning shares it.
#[derive(Clone)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
}

/// What all handles to a database share.
pub(crate) struct Inner {
    pub(crate) name: String,
    /// Tells the entries of this database from those of others in the shared L1.
    pub(crate) scope: u64,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) endpoints: Endpoints,
    /// The queue of those who write outside of transactions, where the database has one writer at a time (SQLite).
    pub(crate) writers: Option<Arc<Semaphore>>,
    pub(crate) slots: Arc<SlotArray>,
    pub(crate) l1: Arc<L1>,
    /// The misses under way that equal ones wait for.
    pub(crate) flights: Flights,
    pub(crate) schema: Schema,
    pub(crate) registry: Arc<Registry>,
    pub(crate) settings: Settings,
    pub(crate) last_refresh: LastRefresh,
    /// The reads that writes of unknown keys would make bypass the cache.
    pub(crate) interest: Interest,
    pub(crate) scope_numbers: ScopeNumbers,
    /// The part in the shared tier, once it has been taken up.
    pub(crate) tier: OnceLock<Arc<Tier>>,
    /// Where work goes on that nobody waits for: rollbacks and the resolution of doubts.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The settings of one database, validated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) is_cached: bool,
    pub(crate) ttl: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) key_learning: KeyLearning,
}

impl Database {
    /// The name by which it is configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The dialect it speaks.
    #[must_use]
    pub fn dialect(&self) -> plexidb_core::Dialect {
        self.inner.connector.dialect()
    }

    /// The schema as it was last read.
    #[must_use]
    pub fn catalog(&self) -> plexidb_core::Catalog {
        self.inner.schema.current().catalog.clone()
    }

    /// Runs a statement and returns its rows, from the cache where an equal one holds.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] with the database's own error; [`Error::Pool`] without a connection;
    /// [`Error::Names`] where placeholders and names do not fit.
    pub async fn query(&self, sql: &str, params: Params<'_>) -> Result<Rows, Error> {
        // Not by `query_under`: settings that a hit does not need would be moved with its future.
        if budget::is_unit_due() {
            tokio::task::coop::consume_budget().await;
        }
        match self.inner.hit(sql, params, None) {
            Ok(rows) => Ok(rows),
            // Boxed, so that the future of a hit stays small.
            Err(miss) => Box::pin(self.inner.query(sql, params, Execution::default(), miss, None)).await,
        }
    }

    /// Like [`query`](Self::query), with settings for this execution.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    pub async fn query_with(
        &self,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Rows, Error> {
        self.query_under(sql, params, execution, None).await
    }

    pub(crate) async fn query_under(
        &self,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Rows, Error> {
        let mut miss = Miss::Unasked;
        if !execution.no_cache {
            // A hit waits for nothing: a loop of hits must not keep its thread from all other tasks. Before the lookup,
            // so that its rows need not be kept meanwhile.
            if budget::is_unit_due() {
                tokio::task::coop::consume_budget().await;
            }
            match self.inner.hit(sql, params, scope) {
                Ok(rows) => return Ok(rows),
                Err(reason) => miss = reason,
            }
        }
        Box::pin(self.inner.query(sql, params, execution, miss, scope)).await
    }

    /// Runs a statement and returns how many rows it changed. What it touches leaves the cache before this returns.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query), and [`Error::TransactionControl`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> Result<Executed, Error> {
        Box::pin(self.inner.execute(sql, params, Execution::default(), None)).await
    }

    /// Like [`execute`](Self::execute), with settings for this execution.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute).
    pub async fn execute_with(
        &self,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Executed, Error> {
        Box::pin(self.inner.execute(sql, params, execution, None)).await
    }

    /// Runs one statement for many rows of parameters, all in one transaction and pipelined where the protocol can.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute); nothing has changed then.
    pub async fn execute_many(&self, sql: &str, rows: &[Vec<Value>]) -> Result<Executed, Error> {
        let mut transaction = self.begin().await?;
        let executed = transaction.execute_many(sql, rows).await?;
        transaction.commit().await?;
        Ok(executed)
    }

    /// Runs the statements of a script one after the other, each on its own, and stops at the first error.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute). Statements before the failed one stay done.
    pub async fn execute_script(&self, script: &str) -> Result<(), Error> {
        for statement in plexidb_sql::split_statements(script, self.dialect()) {
            self.execute(statement.text(script), Params::Positional(&[]))
                .await?;
        }
        Ok(())
    }

    /// Starts a statement with settings of its own: binding, database, TTL, timeout, no cache.
    pub fn select<'a>(&'a self, sql: &'a str) -> Select<'a> {
        Select::new(self, None, sql)
    }

    /// Runs a statement that only reads and streams its rows with bounded memory, past the cache.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query), and [`Error::NotARead`].
    pub async fn stream(&self, sql: &str, params: Params<'_>) -> Result<RowStream, Error> {
        RowStream::open(&self.inner, sql, params, Execution::default(), None).await
    }

    /// Begins a transaction. It is rolled back when dropped without [`commit`](Transaction::commit).
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] or [`Error::Driver`].
    pub async fn begin(&self) -> Result<Transaction, Error> {
        self.begin_with(TransactionOptions::default()).await
    }

    /// Begins a transaction with an isolation level or for reading only.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] or [`Error::Driver`].
    pub async fn begin_with(&self, options: TransactionOptions) -> Result<Transaction, Error> {
        Transaction::begin(Arc::clone(&self.inner), options, None).await
    }

    /// Tells how a statement is understood: whether its result may be cached and why not, what it depends on and
    /// what it touches. Nothing is run.
    #[must_use]
    pub fn explain(&self, sql: &str) -> Explanation {
        self.explain_under(sql, None)
    }

    pub(crate) fn explain_under(&self, sql: &str, scope: Option<&Arc<ScopeSettings>>) -> Explanation {
        let epoch = self.inner.schema.current();
        let statement = epoch.statement(sql);
        let explanation = Explanation::new(&statement, &epoch, self.inner.settings.is_cached);
        let explanation = match self.inner.endpoints.replicas() {
            Some(_) => explanation.with_placement(Reach::of(&statement, scope, self.dialect())),
            None => explanation,
        };
        match scope {
            Some(scope) => explanation.under(scope),
            None => explanation,
        }
    }

    /// The database as row-level-security policies of PostgreSQL show it to a request that sets this session variable:
    /// `scope("app.tenant", …)` for `USING (tenant = current_setting('app.tenant'))`. Tables with such policies are
    /// cached under a scope that sets all variables which their policies read, for this scope alone; without a scope they bypass
    /// the cache. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Scope`] where the database is none of PostgreSQL, or name or value cannot be.
    pub fn scope(&self, name: &str, value: &str) -> Result<Scoped, Error> {
        Scoped::new(self, name, value)
    }

    /// Sets how results of statements of this form (literals do not matter) are cached.
    pub fn set_statement_policy(&self, sql: &str, policy: StatementPolicy) {
        let epoch = self.inner.schema.current();
        epoch.statement(sql).record.set_policy(policy);
    }

    /// What each kind of statement did so far, those that took most of the database's time first.
    #[must_use]
    pub fn statement_stats(&self) -> Vec<StatementStats> {
        self.inner.registry.snapshot()
    }

    /// The servers with this tag, for reads that are to be served by them: by [`Execution::tag`], or
    /// [`Select::tagged`](crate::Select::tagged) by name. A database without replicas has every tag, as its only server serves all.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTag`] where no server is configured with it.
    pub fn tag(&self, name: &str) -> Result<ServerTag, Error> {
        let endpoints = &self.inner.endpoints;
        endpoints.tag(name).ok_or_else(|| Error::NoSuchTag {
            database: self.inner.name.clone(),
            tag: name.to_owned(),
            available: endpoints
                .replicas()
                .map(|set| set.tag_names().to_vec())
                .unwrap_or_default(),
        })
    }

    /// The servers of a database with replicas, in the order of the configuration; none where it has one server.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerStats> {
        self.inner.endpoints.stats_of_servers()
    }

    /// Drops what the caches of all processes that share results hold of this table, for writes that did not pass through plexidb.
    /// In this process that is done even where the others cannot be told.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTable`]; [`Error::Shared`] where the others could not be told.
    pub async fn invalidate_table(&self, table: &str) -> Result<Invalidated, Error> {
        let tag = {
            let epoch = self.inner.schema.current();
            let (schema, name) = match table.split_once('.') {
                Some((schema, name)) => (Some(schema), name),
                None => (None, table),
            };
            let found = epoch
                .catalog
                .table(schema, name)
                .ok_or_else(|| Error::NoSuchTable {
                    database: self.inner.name.clone(),
                    table: table.to_owned(),
                })?;
            Tag::table(&found.name.schema, &found.name.name)
        };
        self.inner.invalidate(tag).await
    }

    /// Drops everything that the caches of all processes that share results hold of this database.
    /// In this process that is done even where the others cannot be told.
    ///
    /// # Errors
    ///
    /// [`Error::Shared`] where the others could not be told.
    pub async fn invalidate_all(&self) -> Result<Invalidated, Error> {
        self.inner.invalidate(Tag::DATABASE).await
    }

    /// Reads the schema anew, for DDL that did not pass through plexidb. All its cached results are dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] or [`Error::Driver`]; until a later reading succeeds nothing is cached.
    pub async fn refresh_schema(&self) -> Result<(), Error> {
        self.inner.refresh_schema().await
    }
}
