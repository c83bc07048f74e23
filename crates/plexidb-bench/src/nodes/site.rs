//! The servers, and for each node a way of its own to each of them, which can be cut.
//!
//! Invariant: nodes reach the servers through the proxies alone, and the check itself never does. Every call blocks until it is done.

use anyhow::{Context as _, Result, bail};
use plexidb_testkit::{MariaDb, Postgres, Private, Proxy, Redis};

use super::event::Orders;
use super::{DATABASE, NAMESPACE, NODES, sql};
use crate::product::Product;

/// The servers of a run.
pub(super) struct Site {
    pub(super) product: Product,
    pub(super) redis: Private<Redis>,
    database: Server,
    ways: Vec<Way>,
}

enum Server {
    Postgres(Private<Postgres>),
    MariaDb(Private<MariaDb>),
}

/// How a node reaches the servers.
pub(super) struct Way {
    pub(super) redis: Proxy,
    pub(super) database: Proxy,
}

impl Site {
    pub(super) fn start(product: Product) -> Result<Self> {
        let schema = sql::schema();
        let (database, address) = match product {
            Product::Postgres => {
                let server = Postgres::start_private()?;
                server.try_client(&schema)?;
                let address = format!("{}:{}", server.host(), server.port());
                (Server::Postgres(server), address)
            }
            Product::MariaDb => {
                let server = MariaDb::start_private()?;
                server.try_client(&format!("CREATE DATABASE {DATABASE}; USE {DATABASE}; {schema}"))?;
                let address = format!("{}:{}", server.host(), server.port());
                (Server::MariaDb(server), address)
            }
            Product::Sqlite => bail!("SQLite has no server that several processes could share"),
        };
        let redis = Redis::start_private()?;
        let redis_address = format!("{}:{}", redis.host(), redis.port());
        let way = |_| {
            anyhow::Ok(Way {
                redis: Proxy::start(redis_address.clone())?,
                database: Proxy::start(address.clone())?,
            })
        };
        Ok(Self {
            product,
            database,
            ways: (0..NODES).map(way).collect::<Result<_>>()?,
            redis,
        })
    }

    pub(super) fn way(&self, node: usize) -> &Way {
        &self.ways[node]
    }

    /// What a new process in a node's place is told.
    pub(super) fn orders(&self, node: usize, incarnation: u64, seed: u64) -> Orders {
        let url = match &self.database {
            Server::Postgres(server) => format!("{}?sslmode=disable", server.url()),
            Server::MariaDb(server) => {
                let url = server.url();
                format!("{}/{DATABASE}?ssl-mode=disabled", url.trim_end_matches('/'))
            }
        };
        Orders {
            node,
            incarnation,
            seed,
            is_mariadb: self.product == Product::MariaDb,
            is_strict: true,
            database_url: self.way(node).database.through(&url),
            redis_url: self.way(node).redis.through(&self.redis.url()),
        }
    }

    /// The cells, as the database's own client prints them.
    pub(super) fn contents(&self) -> Result<Vec<(usize, i64)>> {
        let text = match &self.database {
            Server::Postgres(server) => server.try_client(sql::CONTENTS)?,
            Server::MariaDb(server) => server.try_client(&format!("USE {DATABASE}; {}", sql::CONTENTS))?,
        };
        let cell = |line: &str| {
            let (cell, number) = line.trim().split_once(' ').context("a line of cells")?;
            Ok((cell.parse()?, number.parse()?))
        };
        text.lines().map(cell).collect()
    }

    /// How many entries a part of the shared record has, `intents` or `members`.
    pub(super) fn entries(&self, part: &str) -> Result<u64> {
        let key = format!("{{{NAMESPACE}/{DATABASE}}}:{part}");
        let answer = self.redis.try_client(&["HLEN", &key])?;
        answer
            .trim()
            .parse()
            .with_context(|| format!("HLEN {key}: {answer}"))
    }
}
