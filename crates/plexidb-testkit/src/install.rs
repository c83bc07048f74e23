//! What must be installed for each server, and how to say so on the common systems.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

use crate::program;

/// The servers that the kit can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// PostgreSQL, with `initdb`, `psql` and `pg_basebackup`.
    Postgres,
    /// MariaDB, with `mariadb-install-db` and the `mariadb` client.
    MariaDb,
    /// Redis (or Valkey under Redis' names), with `redis-cli`.
    Redis,
    /// PgBouncer, which pools connections to PostgreSQL.
    PgBouncer,
}

impl ServerKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::MariaDb, Self::Redis, Self::PgBouncer];

    /// The server's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
            Self::Redis => "Redis",
            Self::PgBouncer => "PgBouncer",
        }
    }

    /// The Debian and Ubuntu packages that hold the server and its client.
    pub fn debian_packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql", "postgresql-client"],
            Self::MariaDb => &["mariadb-server", "mariadb-client"],
            Self::Redis => &["redis-server", "redis-tools"],
            Self::PgBouncer => &["pgbouncer"],
        }
    }

    /// The Fedora packages.
    pub fn fedora_packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql-server", "postgresql"],
            Self::MariaDb => &["mariadb-server", "mariadb"],
            Self::Redis => &["redis"],
            Self::PgBouncer => &["pgbouncer"],
        }
    }

    /// The Arch packages.
    pub fn arch_packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::MariaDb => &["mariadb"],
            Self::Redis => &["redis"],
            Self::PgBouncer => &["pgbouncer"],
        }
    }

    /// The Homebrew formulas.
    pub fn brew_formulas(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql@17"],
            Self::MariaDb => &["mariadb"],
            Self::Redis => &["redis"],
            Self::PgBouncer => &["pgbouncer"],
        }
    }

    /// Each program that is needed, with its other name where distributions differ.
    fn programs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Postgres => &[&["postgres"], &["initdb"], &["psql"], &["pg_basebackup"]],
            Self::MariaDb => &[
                &["mariadbd"],
                &["mariadb-install-db", "mysql_install_db"],
                &["mariadb", "mysql"],
            ],
            Self::Redis => &[&["redis-server", "valkey-server"], &["redis-cli", "valkey-cli"]],
            Self::PgBouncer => &[&["pgbouncer"]],
        }
    }

    /// What is not installed of this server, if anything.
    pub fn missing(self) -> Option<Missing> {
        let programs: Vec<&'static str> = self
            .programs()
            .iter()
            .filter(|names| program::find(names).is_none())
            .map(|names| names[0])
            .collect();
        (!programs.is_empty()).then_some(Missing { kind: self, programs })
    }

    /// The path of one of this server's programs, or an error that says what to install.
    pub(crate) fn program(self, name: &str) -> Result<PathBuf> {
        let names = self
            .programs()
            .iter()
            .find(|names| names[0] == name)
            .copied()
            .unwrap_or_default();
        program::find(names).ok_or_else(|| match self.missing() {
            Some(missing) => missing.into(),
            None => anyhow::anyhow!("{name} is not a program of {}", self.name()),
        })
    }
}

/// Programs of one server that were not found on this machine. Its text says what to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The server.
    pub kind: ServerKind,
    /// The programs that were looked for in vain.
    pub programs: Vec<&'static str>,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} is not installed ({} not found): run `cargo xtask setup`, or install it yourself \
             (Debian: apt-get install {}; Fedora: dnf install {}; Arch: pacman -S {}; macOS: brew install {})",
            self.kind.name(),
            self.programs.join(", "),
            self.kind.debian_packages().join(" "),
            self.kind.fedora_packages().join(" "),
            self.kind.arch_packages().join(" "),
            self.kind.brew_formulas().join(" "),
        )
    }
}

impl std::error::Error for Missing {}

/// The servers that cannot be started on this machine, each with what is missing.
pub fn missing_servers() -> Vec<Missing> {
    ServerKind::ALL
        .into_iter()
        .filter_map(ServerKind::missing)
        .collect()
}

#[cfg(test)]
mod tests;
