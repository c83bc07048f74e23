//! SQLite through the ports, with the library itself as oracle.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plexidb_core::{Connection, Connector, DriverError, Limits, RowSet, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};

mod catalog;
mod cursors;
mod files;
mod reset;
mod statements;
mod tasks;
mod values;
mod writes;

/// A database file in a folder of its own.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("chat.db")
    }

    fn connector(&self, options: &str) -> Arc<dyn Connector> {
        at(&self.path(), options)
    }

    async fn connect(&self) -> Box<dyn Connection> {
        self.connector("?mode=rwc").connect().await.unwrap()
    }

    /// The library without our driver.
    fn oracle(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

fn at(path: &Path, options: &str) -> Arc<dyn Connector> {
    let url = format!("sqlite:{}{options}", path.display());
    connector(&url, &ConnectOptions::default()).unwrap()
}

async fn memory() -> Box<dyn Connection> {
    let connector = connector("sqlite::memory:", &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    // The database lives as long as its connector: here as long as the process.
    std::mem::forget(connector);
    connection.ping().await.unwrap();
    connection
}

async fn query(
    connection: &mut Box<dyn Connection>,
    sql: &str,
    params: &[ValueRef<'_>],
) -> Result<RowSet, DriverError> {
    connection.query(sql, params, Limits::default()).await
}

/// Runs a statement that must succeed.
async fn run(connection: &mut Box<dyn Connection>, sql: &str) {
    connection.execute(sql, &[]).await.unwrap();
}

/// The one integer that a statement returns.
async fn number(connection: &mut Box<dyn Connection>, sql: &str) -> i64 {
    query(connection, sql, &[]).await.unwrap()[0].get(0).unwrap()
}
