//! An empty database of one test on a shared or private MariaDB server.

use anyhow::Result;

use super::MariaDb;
use crate::unique;

/// A database with a name of its own. Dropping the handle drops the database.
#[derive(Debug)]
pub struct MariaDbDatabase<'a> {
    server: &'a MariaDb,
    name: String,
}

impl<'a> MariaDbDatabase<'a> {
    pub(super) fn create(server: &'a MariaDb) -> Result<Self> {
        let name = unique::name();
        server.try_client(&format!("CREATE DATABASE {name}"))?;
        Ok(Self { server, name })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &'a MariaDb {
        self.server
    }

    /// URL over TCP.
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }

    /// URL over the Unix socket (`?socket=/path`).
    pub fn url_unix(&self) -> String {
        self.server.url_unix_of(&self.name)
    }

    /// Runs SQL with the client in this database; see [`MariaDb::client`].
    ///
    /// # Panics
    /// Where the client fails.
    #[track_caller]
    pub fn client(&self, sql: &str) -> String {
        match self.try_client(sql) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`MariaDbDatabase::client`], with the failure as a value.
    ///
    /// # Errors
    /// The client's own message.
    pub fn try_client(&self, sql: &str) -> Result<String> {
        self.server.mariadb(&self.name, sql)
    }
}

impl Drop for MariaDbDatabase<'_> {
    fn drop(&mut self) {
        // A server that a test has killed takes the database with it.
        let _ = self
            .server
            .try_client(&format!("DROP DATABASE IF EXISTS {}", self.name));
    }
}
