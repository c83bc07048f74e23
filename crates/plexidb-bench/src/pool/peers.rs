//! The pools, each over the driver that goes with it, with one interface.
//!
//! Invariant: none pings at checkout, none waits for ever, and each prepares its statements once a connection.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use plexidb_core::Limits;
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_pool::{Pool, PoolConfig};
use sqlx::Executor as _;
use tokio_postgres::{Client, NoTls, Statement};

const QUICK: &str = "SELECT 1";
/// The server is idle meanwhile: connections are what there is too little of.
const SLOW: &str = "SELECT pg_sleep(0.002)";
const PATIENCE: Duration = Duration::from_secs(30);

/// A pool.
pub(super) trait Peer: Clone + Send + Sync + Sized + 'static {
    const NAME: &'static str;

    /// Opens a pool without connections.
    fn open(url: &str, connections: usize) -> Result<Self>;
    /// Checks a connection out and in.
    fn checkout(&self) -> impl Future<Output = Result<()>> + Send;
    /// A statement that takes no time.
    fn quick(self) -> impl Future<Output = Result<()>> + Send;
    /// A statement that takes 2 ms.
    fn slow(self) -> impl Future<Output = Result<()>> + Send;
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// plexidb's own, over its driver.
#[derive(Clone)]
pub(super) struct Plexidb(Pool);

impl Plexidb {
    async fn query(&self, sql: &str) -> Result<()> {
        let mut lease = self.0.checkout().await?;
        lease.query(sql, &[], Limits::default()).await?;
        Ok(())
    }
}

impl Peer for Plexidb {
    const NAME: &'static str = "plexidb";

    fn open(url: &str, connections: usize) -> Result<Self> {
        let config = PoolConfig {
            connections_max: connections,
            checkout_timeout: PATIENCE,
            ..PoolConfig::default()
        };
        Ok(Self(Pool::new(
            connector(url, &ConnectOptions::default())?,
            config,
        )))
    }

    async fn checkout(&self) -> Result<()> {
        drop(self.0.checkout().await?);
        Ok(())
    }

    async fn quick(self) -> Result<()> {
        self.query(QUICK).await
    }

    async fn slow(self) -> Result<()> {
        self.query(SLOW).await
    }

    async fn close(self) {
        self.0.close(PATIENCE).await;
    }
}

/// A connection of tokio-postgres with its statements.
pub(super) struct Prepared {
    client: Client,
    quick: Statement,
    slow: Statement,
}

impl Prepared {
    async fn connect(config: &tokio_postgres::Config) -> Result<Self, tokio_postgres::Error> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        let quick = client.prepare(QUICK).await?;
        let slow = client.prepare(SLOW).await?;
        Ok(Self { client, quick, slow })
    }
}

#[derive(Debug)]
pub(super) struct OfDeadpool(tokio_postgres::Config);

impl deadpool::managed::Manager for OfDeadpool {
    type Type = Prepared;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Prepared, tokio_postgres::Error> {
        Prepared::connect(&self.0).await
    }

    async fn recycle(
        &self,
        connection: &mut Prepared,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<tokio_postgres::Error> {
        if connection.client.is_closed() {
            return Err(deadpool::managed::RecycleError::message("closed"));
        }
        Ok(())
    }
}

/// deadpool over tokio-postgres.
#[derive(Clone)]
pub(super) struct Deadpool(deadpool::managed::Pool<OfDeadpool>);

impl Deadpool {
    async fn get(&self) -> Result<deadpool::managed::Object<OfDeadpool>> {
        self.0
            .get()
            .await
            .map_err(|error| anyhow::anyhow!("deadpool: {error}"))
    }
}

impl Peer for Deadpool {
    const NAME: &'static str = "deadpool";

    fn open(url: &str, connections: usize) -> Result<Self> {
        let pool = deadpool::managed::Pool::builder(OfDeadpool(url.parse()?))
            .max_size(connections)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .build()
            .context("deadpool")?;
        Ok(Self(pool))
    }

    async fn checkout(&self) -> Result<()> {
        drop(self.get().await?);
        Ok(())
    }

    async fn quick(self) -> Result<()> {
        let connection = self.get().await?;
        connection.client.query(&connection.quick, &[]).await?;
        Ok(())
    }

    async fn slow(self) -> Result<()> {
        let connection = self.get().await?;
        connection.client.query(&connection.slow, &[]).await?;
        Ok(())
    }

    async fn close(self) {
        self.0.close();
    }
}

pub(super) struct OfBb8(tokio_postgres::Config);

impl bb8::ManageConnection for OfBb8 {
    type Connection = Prepared;
    type Error = tokio_postgres::Error;

    async fn connect(&self) -> Result<Prepared, tokio_postgres::Error> {
        Prepared::connect(&self.0).await
    }

    async fn is_valid(&self, _: &mut Prepared) -> Result<(), tokio_postgres::Error> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Prepared) -> bool {
        connection.client.is_closed()
    }
}

/// bb8 over tokio-postgres.
#[derive(Clone)]
pub(super) struct Bb8(Arc<bb8::Pool<OfBb8>>);

impl Peer for Bb8 {
    const NAME: &'static str = "bb8";

    fn open(url: &str, connections: usize) -> Result<Self> {
        let pool = bb8::Pool::builder()
            .max_size(u32::try_from(connections)?)
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .build_unchecked(OfBb8(url.parse()?));
        Ok(Self(Arc::new(pool)))
    }

    async fn checkout(&self) -> Result<()> {
        drop(self.0.get().await?);
        Ok(())
    }

    async fn quick(self) -> Result<()> {
        let connection = self.0.get().await?;
        connection.client.query(&connection.quick, &[]).await?;
        Ok(())
    }

    async fn slow(self) -> Result<()> {
        let connection = self.0.get().await?;
        connection.client.query(&connection.slow, &[]).await?;
        Ok(())
    }

    async fn close(self) {}
}

/// sqlx with its own driver.
#[derive(Clone)]
pub(super) struct Sqlx(sqlx::PgPool);

impl Peer for Sqlx {
    const NAME: &'static str = "sqlx";

    fn open(url: &str, connections: usize) -> Result<Self> {
        let pool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(u32::try_from(connections)?)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_lazy(url)?;
        Ok(Self(pool))
    }

    async fn checkout(&self) -> Result<()> {
        drop(self.0.acquire().await?);
        Ok(())
    }

    async fn quick(self) -> Result<()> {
        self.0.fetch_all(sqlx::query(QUICK)).await?;
        Ok(())
    }

    async fn slow(self) -> Result<()> {
        self.0.fetch_all(sqlx::query(SLOW)).await?;
        Ok(())
    }

    async fn close(self) {
        self.0.close().await;
    }
}
