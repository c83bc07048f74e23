//! The MySQL/MariaDB driver on a real MariaDB server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use plexidb_core::{Connection, Connector, Limits, RowSet, Value, ValueRef};
use plexidb_drivers::{ConnectOptions, connector as make};

mod catalog;
mod connecting;
mod ending;
mod replication;
mod reset;
mod results;
mod session;
mod statements;
mod types;

fn connector(url: &str) -> Arc<dyn Connector> {
    make(url, &ConnectOptions::default()).unwrap()
}

async fn connect(url: &str) -> Box<dyn Connection> {
    connector(url).connect().await.unwrap()
}

async fn query(connection: &mut dyn Connection, sql: &str, params: &[ValueRef<'_>]) -> RowSet {
    connection.query(sql, params, Limits::default()).await.unwrap()
}

/// The first value of the first row.
async fn value(connection: &mut dyn Connection, sql: &str, params: &[ValueRef<'_>]) -> Value {
    let rows = query(connection, sql, params).await;
    rows[0].get::<ValueRef<'_>>(0).unwrap().to_owned()
}
