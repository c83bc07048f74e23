//! The direct comparison on PostgreSQL: tokio-postgres with a list of hosts, as libpq's `target_session_attrs` has it.
//!
//! Invariant: both ways connect to the first host of the list that fits; they differ in what becomes of a connection whose
//! statement has failed.

use std::time::Duration;

use anyhow::Result;
use plexidb_bench::Fleet;
use tokio::sync::Mutex;
use tokio_postgres::config::{LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};

use super::client::{CONNECTIONS, Client, PATIENCE};
use super::load::WORKERS;

/// How long one host is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

const WRITE: &str = "INSERT INTO ledger VALUES ($1, $2)";
const NEWEST: &str = "SELECT max(seq) FROM ledger WHERE writer = $1";
const READ: &str = "SELECT body FROM notes WHERE id = $1";

/// All servers, of which the one that takes writes is wanted; and all servers, of which any is.
fn configs(fleet: &Fleet) -> Result<[Config; 2]> {
    // The option for plexidb means the same to tokio-postgres.
    let mut any: Config = fleet.url(0)?.parse()?;
    any.connect_timeout(CONNECT_TIMEOUT);
    for node in 1..fleet.nodes() {
        any.host("127.0.0.1").port(fleet.port(node)?);
    }
    let mut writes = any.clone();
    writes.target_session_attrs(TargetSessionAttrs::ReadWrite);
    any.load_balance_hosts(LoadBalanceHosts::Random);
    Ok([writes, any])
}

async fn connect(config: &Config) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

type Seats = Vec<Mutex<Option<tokio_postgres::Client>>>;

/// A connection a worker, which is made anew after every error.
pub(super) struct Reconnecting {
    configs: [Config; 2],
    seats: [Seats; 2],
}

impl Reconnecting {
    pub(super) fn new(fleet: &Fleet) -> Result<Self> {
        let seats = || (0..WORKERS).map(|_| Mutex::new(None)).collect();
        Ok(Self {
            configs: configs(fleet)?,
            seats: [seats(), seats()],
        })
    }

    async fn query(
        &self,
        which: usize,
        worker: usize,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let mut seat = self.seats[which][worker].lock().await;
        let client = match seat.take() {
            Some(client) => client,
            None => connect(&self.configs[which]).await?,
        };
        let rows = client.query(sql, values).await?;
        *seat = Some(client);
        Ok(rows)
    }
}

impl Client for Reconnecting {
    const NAME: &'static str = "tokio-postgres, connecting anew after each error";

    async fn write(&self, worker: usize, writer: i64, seq: i64) -> Result<()> {
        self.query(0, worker, WRITE, &[&writer, &seq]).await.map(drop)
    }

    async fn newest(&self, worker: usize, writer: i64) -> Result<i64> {
        let rows = self.query(0, worker, NEWEST, &[&writer]).await?;
        Ok(rows[0].get(0))
    }

    async fn read(&self, worker: usize, id: i64) -> Result<Option<String>> {
        self.query(1, worker, READ, &[&id]).await?;
        Ok(None)
    }
}

#[derive(Debug)]
struct OfDeadpool(Config);

impl deadpool::managed::Manager for OfDeadpool {
    type Type = tokio_postgres::Client;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        connect(&self.0).await
    }

    async fn recycle(
        &self,
        client: &mut tokio_postgres::Client,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<tokio_postgres::Error> {
        if client.is_closed() {
            return Err(deadpool::managed::RecycleError::message("closed"));
        }
        Ok(())
    }
}

/// deadpool over the same connections, which it keeps as long as they are open.
pub(super) struct Pooled([deadpool::managed::Pool<OfDeadpool>; 2]);

impl Pooled {
    pub(super) fn new(fleet: &Fleet) -> Result<Self> {
        let [writes, reads] = configs(fleet)?;
        let pool = |config| {
            deadpool::managed::Pool::builder(OfDeadpool(config))
                .max_size(CONNECTIONS)
                .runtime(deadpool::Runtime::Tokio1)
                .wait_timeout(Some(PATIENCE))
                .create_timeout(Some(PATIENCE))
                .build()
        };
        Ok(Self([pool(writes)?, pool(reads)?]))
    }

    async fn query(&self, which: usize, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let client = self.0[which]
            .get()
            .await
            .map_err(|error| anyhow::anyhow!("deadpool: {error}"))?;
        Ok(client.query(sql, values).await?)
    }
}

impl Client for Pooled {
    const NAME: &'static str = "deadpool over tokio-postgres";

    async fn write(&self, _: usize, writer: i64, seq: i64) -> Result<()> {
        self.query(0, WRITE, &[&writer, &seq]).await.map(drop)
    }

    async fn newest(&self, _: usize, writer: i64) -> Result<i64> {
        Ok(self.query(0, NEWEST, &[&writer]).await?[0].get(0))
    }

    async fn read(&self, _: usize, id: i64) -> Result<Option<String>> {
        self.query(1, READ, &[&id]).await?;
        Ok(None)
    }
}
