//! The database products, and empty databases on servers that belong to the run alone.
//!
//! Invariant: both sides of a comparison reach a database over the same transport, without TLS.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use plexidb_testkit::{MariaDb, MariaDbDatabase, Postgres, PostgresDatabase, Private};
use tempfile::TempDir;

/// A database product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Product {
    Sqlite,
    Postgres,
    #[value(name = "mariadb")]
    MariaDb,
}

impl Product {
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];

    /// A statement whose one value is the version.
    pub(crate) fn version_sql(self) -> &'static str {
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
pub(crate) enum Host {
    Sqlite(TempDir),
    Postgres(Private<Postgres>),
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
pub(crate) struct Place<'a> {
    pub(crate) product: Product,
    /// For plexidb.
    pub(crate) url: String,
    /// For the bare driver; a path for SQLite.
    pub(crate) bare: String,
    _handle: Handle<'a>,
}

impl Host {
    /// Starts a server, or makes a folder for files.
    pub(crate) fn start(product: Product) -> Result<Self> {
        Ok(match product {
            Product::Sqlite => Self::Sqlite(tempfile::tempdir()?),
            Product::Postgres => Self::Postgres(Postgres::start_private()?),
            Product::MariaDb => Self::MariaDb(MariaDb::start_private()?),
        })
    }

    /// An empty database; the name tells files apart.
    pub(crate) fn database(&self, name: &str) -> Place<'_> {
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
