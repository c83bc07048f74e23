//! The databases that are checked: a file, or a server that belongs to the run alone and may be killed, behind a proxy that
//! may break its connections.
//!
//! Invariant: what a server has acknowledged survives its end; a checker could else not tell the layer's faults from its.

use anyhow::{Context as _, Result};
use plexidb::{Config, DatabaseConfig, Manager, Value};
use plexidb_testkit::{MariaDb, Postgres, Private, Proxy};
use tempfile::TempDir;

use super::schema;
use crate::product::Product;

enum Server {
    Sqlite(#[expect(dead_code, reason = "it is held for what its drop does")] TempDir),
    Postgres(Private<Postgres>),
    MariaDb(Private<MariaDb>),
}

/// A database with the checker's schema.
pub(crate) struct Site {
    pub(crate) product: Product,
    server: Server,
    proxy: Option<Proxy>,
    url: String,
}

/// The database of the checker on MariaDB.
const DATABASE: &str = "checker";

impl Site {
    /// Starts a server, or makes a folder, and fills the database.
    pub(crate) async fn start(product: Product) -> Result<Self> {
        let (server, url, port) = match product {
            Product::Sqlite => {
                let folder = tempfile::tempdir()?;
                let url = format!("sqlite:{}?mode=rwc", folder.path().join("checker.db").display());
                (Server::Sqlite(folder), url, None)
            }
            Product::Postgres => {
                // The kit's own setting would lose the last acknowledged writes when the server is killed.
                let server = Postgres::start_private_with(&["-c", "synchronous_commit=on"])?;
                let url = format!("{}?sslmode=disable", server.url());
                let port = server.port();
                (Server::Postgres(server), url, Some(port))
            }
            Product::MariaDb => {
                let server = MariaDb::start_private_with(&["--innodb-flush-log-at-trx-commit=2"])?;
                server.try_client(&format!("CREATE DATABASE {DATABASE}"))?;
                let url = format!("{}{DATABASE}?ssl-mode=disabled", server.url());
                let port = server.port();
                (Server::MariaDb(server), url, Some(port))
            }
        };
        let proxy = port
            .map(|port| Proxy::start(format!("127.0.0.1:{port}")))
            .transpose()?;
        let site = Self {
            product,
            server,
            proxy,
            url,
        };
        site.fill().await?;
        Ok(site)
    }

    async fn fill(&self) -> Result<()> {
        let manager = self.connect(false).await?;
        let database = manager.databases().first().context("no database")?;
        let dialect = database.dialect();
        for sql in schema::statements(dialect) {
            database
                .execute(&sql, plexidb::params![])
                .await
                .with_context(|| sql.clone())?;
        }
        for (sql, rows) in schema::contents(dialect) {
            let rows: Vec<Vec<Value>> = rows;
            database
                .execute_many(&sql, &rows)
                .await
                .with_context(|| sql.clone())?;
        }
        manager.close().await;
        Ok(())
    }

    /// A layer of its own, with an empty cache; through the proxy, where there is one and that is asked for.
    pub(crate) async fn connect(&self, through_proxy: bool) -> Result<Manager> {
        let url = match &self.proxy {
            Some(proxy) if through_proxy => proxy.through(&self.url),
            _ => self.url.clone(),
        };
        let database = DatabaseConfig {
            // A checker wants hits wherever there may be one, also where they do not pay.
            adaptive_caching: false,
            connection_pool_size: 16,
            max_overflow: 4,
            ..DatabaseConfig::from_url("checker", url)
        };
        let config = Config::builder().database(database).build()?;
        Ok(Manager::from_config(config).await?)
    }

    /// The proxy, where the database is reached by a network.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Kills the server and starts it again. Blocks the thread.
    pub(crate) fn kill_and_restart(&self) -> Result<()> {
        match &self.server {
            Server::Sqlite(_) => Ok(()),
            Server::Postgres(server) => server.kill().and_then(|()| server.start_again()),
            Server::MariaDb(server) => server.kill().and_then(|()| server.start_again()),
        }
    }
}
