//! The databases of a configuration under one roof.

use std::sync::Arc;
use std::time::Duration;

use plexidb_cache::{CacheStats, L1};
use plexidb_core::{Executed, Params, Value};
use plexidb_pool::{PoolHooks, PoolSize};

use crate::config::{Config, DatabaseConfig};
use crate::database::{Database, Execution};
use crate::error::Error;
use crate::explain::Explanation;
use crate::rows::Rows;
use crate::scope::Scoped;
use crate::select::Select;
use crate::shared::{Invalidated, Redis, RedisStatus};
use crate::stats::{SlotStats, Stats};
use crate::stream::RowStream;
use crate::transaction::{Transaction, TransactionOptions};

mod builder;
mod open;
mod plan;

pub use builder::ManagerBuilder;
use plan::Plan;

/// How long [`Manager::close`] waits for statements that are under way.
const CLOSE_GRACE: Duration = Duration::from_secs(10);

/// How long it may take to tell the other processes that this one leaves.
const LEAVE_GRACE: Duration = Duration::from_secs(1);

/// Several databases by name, with one cache. Calls without a name go to the first one; cloning shares it.
#[derive(Clone)]
pub struct Manager {
    shared: Arc<Shared>,
}

struct Shared {
    /// At least one; the first is the default.
    databases: Vec<Database>,
    l1: Arc<L1>,
    ticker: tokio::task::JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

/// Connects to one database with the defaults: `sqlite:chat.db`, `postgres://user:password@host/db`,
/// `mysql://…`, `mariadb://…`.
///
/// # Errors
///
/// [`Error::Config`] where the URL is not understood, [`Error::Pool`] or [`Error::Driver`] where the database
/// cannot be reached.
pub async fn connect(url: &str) -> Result<Manager, Error> {
    Manager::from_config(Config::for_url(url)?).await
}

impl Manager {
    /// Connects to every database of a configuration and reads its schema.
    ///
    /// # Errors
    ///
    /// Those of [`connect`], for the first database that fails.
    pub async fn from_config(config: Config) -> Result<Self, Error> {
        Self::builder(config).connect().await
    }

    /// Starts a manager that is to have more than its configuration says, such as hooks that watch its connections.
    pub fn builder(config: Config) -> ManagerBuilder {
        ManagerBuilder::new(config)
    }

    async fn open(config: Config, hooks: Vec<(String, Arc<dyn PoolHooks>)>) -> Result<Self, Error> {
        config.validate()?;
        let redis = match &config.redis {
            Some(redis) => Redis::open(redis)?,
            None => None,
        };
        let mut plans = Plan::all(&config.databases)?;
        for (name, hooks) in hooks {
            match plans.iter_mut().find(|plan| plan.database.name == name) {
                Some(plan) => plan.watch(hooks),
                None => {
                    let available = plans.iter().map(|plan| plan.database.name.clone()).collect();
                    return Err(Error::NoSuchDatabase { name, available });
                }
            }
        }
        let l1 = Arc::new(open::l1(&config));
        let mut databases = Vec::with_capacity(plans.len());
        for (plan, scope) in plans.into_iter().zip(0..) {
            databases.push(open::database(&config, plan, scope, Arc::clone(&l1), redis.as_ref()).await?);
        }
        let ticker = open::ticker(&l1);
        Ok(Self {
            shared: Arc::new(Shared {
                databases,
                l1,
                ticker,
            }),
        })
    }

    /// The database of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDatabase`].
    pub fn database(&self, name: &str) -> Result<&Database, Error> {
        self.shared
            .databases
            .iter()
            .find(|database| database.name() == name)
            .ok_or_else(|| Error::NoSuchDatabase {
                name: name.to_owned(),
                available: self
                    .shared
                    .databases
                    .iter()
                    .map(|database| database.name().to_owned())
                    .collect(),
            })
    }

    /// All databases; the first is the default.
    #[must_use]
    pub fn databases(&self) -> &[Database] {
        &self.shared.databases
    }

    fn default(&self) -> &Database {
        // A configuration without databases is refused, so that there is a first one.
        &self.shared.databases[0]
    }

    /// [`Database::query`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`].
    pub fn query(&self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<Rows, Error>> + Send {
        self.default().query(sql, params)
    }

    /// [`Database::query_with`] of the default database.
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
        self.default().query_with(sql, params, execution).await
    }

    /// [`Database::execute`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute`].
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> Result<Executed, Error> {
        self.default().execute(sql, params).await
    }

    /// [`Database::execute_with`] of the default database.
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
        self.default().execute_with(sql, params, execution).await
    }

    /// [`Database::execute_many`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute_many`].
    pub async fn execute_many(&self, sql: &str, rows: &[Vec<Value>]) -> Result<Executed, Error> {
        self.default().execute_many(sql, rows).await
    }

    /// [`Database::execute_script`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::execute_script`].
    pub async fn execute_script(&self, script: &str) -> Result<(), Error> {
        self.default().execute_script(script).await
    }

    /// Starts a statement with settings of its own; see [`Select`].
    pub fn select<'a>(&'a self, sql: &'a str) -> Select<'a> {
        Select::new(self.default(), Some(self), sql)
    }

    /// [`Database::stream`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::stream`].
    pub async fn stream(&self, sql: &str, params: Params<'_>) -> Result<RowStream, Error> {
        self.default().stream(sql, params).await
    }

    /// [`Database::begin`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub async fn begin(&self) -> Result<Transaction, Error> {
        self.default().begin().await
    }

    /// [`Database::begin_with`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin_with`].
    pub async fn begin_with(&self, options: TransactionOptions) -> Result<Transaction, Error> {
        self.default().begin_with(options).await
    }

    /// [`Database::scope`] of the default database.
    ///
    /// # Errors
    ///
    /// [`Error::Scope`].
    pub fn scope(&self, name: &str, value: &str) -> Result<Scoped, Error> {
        self.default().scope(name, value)
    }

    /// [`Database::explain`] of the default database.
    #[must_use]
    pub fn explain(&self, sql: &str) -> Explanation {
        self.default().explain(sql)
    }

    /// [`Database::invalidate_table`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::invalidate_table`].
    pub async fn invalidate_table(&self, table: &str) -> Result<Invalidated, Error> {
        self.default().invalidate_table(table).await
    }

    /// [`Database::refresh_schema`] of the default database.
    ///
    /// # Errors
    ///
    /// Those of [`Database::refresh_schema`].
    pub async fn refresh_schema(&self) -> Result<(), Error> {
        self.default().refresh_schema().await
    }

    /// Drops every cached result of every database, in all processes that share results. In this process that is done even where
    /// the others cannot be told.
    ///
    /// # Errors
    ///
    /// [`Error::Shared`] where the others could not be told of some database; of all others they were.
    pub async fn clear_cache(&self) -> Result<Invalidated, Error> {
        let mut all = Invalidated::here();
        let mut failed = None;
        for database in self.databases() {
            // A result under way must not be stored after the cache was cleared.
            match database.invalidate_all().await {
                Ok(one) => all = all.and(one),
                Err(error) => failed = Some(error),
            }
        }
        self.shared.l1.clear();
        failed.map_or(Ok(all), Err)
    }

    /// The counters of the cache.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        self.shared.l1.stats()
    }

    /// [`Database::resize_pool`] of the database of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDatabase`].
    pub fn resize_pool(&self, database: &str, size: PoolSize) -> Result<PoolSize, Error> {
        Ok(self.database(database)?.resize_pool(size))
    }

    /// Whether the processes that share results are reached through Redis; [`stats`](Self::stats) tells of each database.
    #[must_use]
    pub fn redis_status(&self) -> RedisStatus {
        let databases = self.databases().iter();
        RedisStatus::of(databases.filter_map(|database| {
            let tier = database.inner.tier()?;
            Some((database.name(), &**tier))
        }))
    }

    /// All counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let pools = self
            .databases()
            .iter()
            .flat_map(|database| database.inner.endpoints.pool_stats(database.name()));
        let endpoints = self.databases().iter().filter_map(|database| {
            let stats = database.inner.endpoints.group_stats()?;
            Some((database.name().to_owned(), stats))
        });
        let slots = self.databases().iter().map(|database| {
            let slots = &database.inner.slots;
            let stats = SlotStats {
                held: slots.held(),
                abandoned: slots.abandoned_holds(),
            };
            (database.name().to_owned(), stats)
        });
        let shared = self.databases().iter().filter_map(|database| {
            let tier = database.inner.tier()?;
            Some((database.name().to_owned(), tier.stats()))
        });
        Stats {
            cache: self.cache_stats(),
            pools: pools.collect(),
            endpoints: endpoints.collect(),
            shared: shared.collect(),
            slots: slots.collect(),
        }
    }

    /// Closes all connections: refuses new statements at once and waits up to 10 s for those under way.
    pub async fn close(self) {
        for database in self.databases() {
            database.inner.endpoints.close(CLOSE_GRACE).await;
            if let Some(tier) = database.inner.tier() {
                tier.leave(LEAVE_GRACE).await;
            }
        }
    }
}
