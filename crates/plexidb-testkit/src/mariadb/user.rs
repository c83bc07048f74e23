//! A user without privileges of administration, as an application has: `read_only` counts for it, its password can be changed,
//! its connections counted and ended, while the kit's own user still gets in.

use anyhow::Result;

use super::{HOSTS, MariaDb};
use crate::unique;

/// What an application may do, in every database. None of it gets around `read_only` or the limit of connections.
const PRIVILEGES: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, TRIGGER, EXECUTE, \
    CREATE VIEW, SHOW VIEW, CREATE ROUTINE, CREATE TEMPORARY TABLES, LOCK TABLES, BINLOG MONITOR, SLAVE MONITOR";

/// A user that may read, write and define tables, and ask for the replication's state. It is replicated like any data, so
/// that its URL serves every node of a cluster. It stays until its server ends.
#[derive(Debug, Clone)]
pub struct MariaDbUser {
    name: String,
    password: String,
}

impl MariaDbUser {
    /// Creates the user on `server`, a primary.
    ///
    /// # Errors
    /// The client's own message.
    pub fn create(server: &MariaDb) -> Result<Self> {
        let user = Self {
            name: unique::name(),
            password: String::from("application-secret"),
        };
        let Self { name, password } = &user;
        for host in HOSTS {
            server.try_client(&format!(
                "CREATE USER '{name}'@'{host}' IDENTIFIED BY '{password}'; GRANT {PRIVILEGES} ON *.* TO '{name}'@'{host}'"
            ))?;
        }
        Ok(user)
    }

    /// The user's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user's password, as last set.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// URL over TCP of `database` on `server` (empty: none), with this user and its present password.
    pub fn url(&self, server: &MariaDb, database: &str) -> String {
        let (host, port) = (server.host(), server.port());
        format!(
            "mariadb://{}:{}@{host}:{port}/{database}",
            self.name, self.password
        )
    }

    /// Changes the password on `server`, a primary. Open sessions go on; the old password opens no new ones.
    /// The password must need no escaping, in SQL or in a URL.
    ///
    /// # Errors
    /// The client's own message.
    pub fn rotate_password(&mut self, server: &MariaDb, password: &str) -> Result<()> {
        self.alter(server, &format!("IDENTIFIED BY '{password}'"))?;
        self.password = password.to_string();
        Ok(())
    }

    /// Admits at most `limit` connections of this user to each server (0: any number); the next one fails with error 1226.
    ///
    /// # Errors
    /// The client's own message.
    pub fn limit_connections(&self, server: &MariaDb, limit: u16) -> Result<()> {
        self.alter(server, &format!("WITH MAX_USER_CONNECTIONS {limit}"))
    }

    fn alter(&self, server: &MariaDb, change: &str) -> Result<()> {
        HOSTS.iter().try_for_each(|host| {
            server
                .try_client(&format!("ALTER USER '{}'@'{host}' {change}", self.name))
                .map(drop)
        })
    }

    /// Ends this user's sessions on `server`, as an administrator would; the result is their number.
    ///
    /// # Errors
    /// The client's own message.
    pub fn end_sessions(&self, server: &MariaDb) -> Result<usize> {
        let sessions = format!(
            "SELECT count(*) FROM information_schema.processlist WHERE user = '{}'",
            self.name
        );
        let ended = server.try_client(&format!("{sessions}; KILL USER '{}'", self.name))?;
        Ok(ended.parse()?)
    }
}
