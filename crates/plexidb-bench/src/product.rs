//! The database products, and empty databases on servers that belong to the run alone.
//!
//! Invariant: both sides of a comparison reach a database over the same transport, without TLS.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use plexidb::Dialect;
use plexidb_testkit::{MariaDb, MariaDbDatabase, Postgres, PostgresDatabase, Private};
use tempfile::TempDir;

/// A database product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Product {
    /// SQLite, in a file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    #[value(name = "mariadb")]
    MariaDb,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];

    /// The dialect that it speaks.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Sqlite => Dialect::Sqlite,
            Self::Postgres => Dialect::Postgres,
            Self::MariaDb => Dialect::MySql,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }

    /// A statement whose one value is the version.
    #[must_use]
    pub fn version_sql(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT sqlite_version()",
            Self::Postgres => "SELECT current_setting('server_version')",
            Self::MariaDb => "SELECT version()",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

/// Where databases of one product are made.
pub enum Host {
    /// A folder for files.
    Sqlite(TempDir),
    /// A server of PostgreSQL.
    Postgres(Private<Postgres>),
    /// A server of MariaDB.
    MariaDb(Private<MariaDb>),
}

/// What is dropped with a place.
#[expect(dead_code, reason = "they are held for what their drop does")]
enum Handle<'a> {
    File,
    Postgres(PostgresDatabase<'a>),
    MariaDb(MariaDbDatabase<'a>),
}

/// An empty database, dropped with this.
pub struct Place<'a> {
    /// The product.
    pub product: Product,
    /// For plexidb.
    pub url: String,
    /// For the bare driver; a path for SQLite.
    pub bare: String,
    _handle: Handle<'a>,
}

impl Host {
    /// Starts a server, or makes a folder for files.
    ///
    /// # Errors
    ///
    /// Where that fails; the message quotes the server's log.
    pub fn start(product: Product) -> Result<Self> {
        Ok(match product {
            Product::Sqlite => Self::Sqlite(tempfile::tempdir()?),
            Product::Postgres => Self::Postgres(Postgres::start_private()?),
            Product::MariaDb => Self::MariaDb(MariaDb::start_private()?),
        })
    }

    /// An empty database; the name tells files apart.
    #[must_use]
    pub fn database(&self, name: &str) -> Place<'_> {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join(name).display().to_string();
                Place {
                    product: Product::Sqlite,
                    url: format!("sqlite:{path}?mode=rwc"),
                    bare: path,
                    _handle: Handle::File,
                }
            }
            // The kit's servers offer TLS, which plexidb would use and the bare driver does not.
            Self::Postgres(server) => {
                let database = server.fresh_database();
                Place {
                    product: Product::Postgres,
                    url: format!("{}?sslmode=disable", database.url()),
                    bare: database.url(),
                    _handle: Handle::Postgres(database),
                }
            }
            Self::MariaDb(server) => {
                let database = server.fresh_database();
                Place {
                    product: Product::MariaDb,
                    url: format!("{}?ssl-mode=disabled", database.url()),
                    bare: database.url(),
                    _handle: Handle::MariaDb(database),
                }
            }
        }
    }
}
