//! An empty database of one test on a shared or private PostgreSQL server.

use anyhow::Result;

use super::Postgres;
use crate::unique;

/// A database with a name of its own. Dropping the handle drops the database, with force.
#[derive(Debug)]
pub struct PostgresDatabase<'a> {
    server: &'a Postgres,
    name: String,
}

impl<'a> PostgresDatabase<'a> {
    pub(super) fn create(server: &'a Postgres) -> Result<Self> {
        let name = unique::name();
        server.try_client(&format!("CREATE DATABASE {name}"))?;
        Ok(Self { server, name })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &'a Postgres {
        self.server
    }

    /// URL over TCP.
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }

    /// URL over the Unix socket (`?host=/folder`).
    pub fn url_unix(&self) -> String {
        self.server.url_unix_of(&self.name)
    }

    /// Runs SQL with psql in this database; see [`Postgres::client`].
    ///
    /// # Panics
    /// Where psql fails.
    #[track_caller]
    pub fn client(&self, sql: &str) -> String {
        match self.try_client(sql) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`PostgresDatabase::client`], with the failure as a value.
    ///
    /// # Errors
    /// psql's own message.
    pub fn try_client(&self, sql: &str) -> Result<String> {
        self.server.psql(&self.name, sql)
    }
}

impl Drop for PostgresDatabase<'_> {
    fn drop(&mut self) {
        // A server that a test has killed takes the database with it.
        let _ = self
            .server
            .try_client(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
