//! A role without privileges of administration, as an application has: its password can be changed, its connections counted
//! and ended, while the kit's own superuser still gets in.

use anyhow::Result;

use super::Postgres;
use crate::unique;

/// A role that may read and write all tables and create temporary ones, and nothing else. It is replicated like any data,
/// so that its URL serves every node of a cluster. It stays until its server ends.
#[derive(Debug, Clone)]
pub struct PostgresRole {
    name: String,
    password: String,
}

impl PostgresRole {
    /// Creates the role on `server`, a primary.
    ///
    /// # Errors
    /// psql's own message.
    pub fn create(server: &Postgres) -> Result<Self> {
        let role = Self {
            name: unique::name(),
            password: String::from("application-secret"),
        };
        let Self { name, password } = &role;
        server.try_client(&format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE pg_read_all_data, pg_write_all_data"
        ))?;
        Ok(role)
    }

    /// The role's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role's password, as last set.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// URL over TCP of `database` on `server`, with this role and its present password.
    pub fn url(&self, server: &Postgres, database: &str) -> String {
        let (host, port) = (server.host(), server.port());
        format!(
            "postgres://{}:{}@{host}:{port}/{database}",
            self.name, self.password
        )
    }

    /// Changes the password on `server`, a primary. Open sessions go on; the old password opens no new ones.
    /// The password must need no escaping, in SQL or in a URL.
    ///
    /// # Errors
    /// psql's own message.
    pub fn rotate_password(&mut self, server: &Postgres, password: &str) -> Result<()> {
        server.try_client(&format!("ALTER ROLE {} PASSWORD '{password}'", self.name))?;
        self.password = password.to_string();
        Ok(())
    }

    /// Admits at most `limit` connections of this role to each server; the next one fails with SQLSTATE 53300.
    ///
    /// # Errors
    /// psql's own message.
    pub fn limit_connections(&self, server: &Postgres, limit: u16) -> Result<()> {
        server
            .try_client(&format!("ALTER ROLE {} CONNECTION LIMIT {limit}", self.name))
            .map(drop)
    }

    /// Ends this role's sessions on `server`, as an administrator would (SQLSTATE 57P01); the result is their number.
    ///
    /// # Errors
    /// psql's own message.
    pub fn end_sessions(&self, server: &Postgres) -> Result<usize> {
        let ended = server.try_client(&format!(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = '{}'",
            self.name
        ))?;
        Ok(ended.parse()?)
    }
}
