//! The PostgreSQL driver on a real server, with psql as the oracle.
#![expect(
    clippy::unwrap_used,
    reason = "the lint knows functions marked as tests alone, not what they share"
)]

use std::sync::Arc;

use plexidb_core::{Connection, Connector, DriverError, Limits, RowSet, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};

mod cancel;
mod catalog;
mod connect;
mod cursors;
mod login;
mod lost;
mod parameters;
mod pooler;
mod replication;
mod reset;
mod statements;
mod tls;
mod values;

fn connector_to(url: &str) -> Arc<dyn Connector> {
    connector(url, &ConnectOptions::default()).unwrap()
}

async fn connect_to(url: &str) -> Box<dyn Connection> {
    connector_to(url).connect().await.unwrap()
}

async fn connect_error(url: &str) -> DriverError {
    match connector_to(url).connect().await {
        Ok(_) => panic!("{url} was accepted"),
        Err(error) => error,
    }
}

/// The connection to the shared server's maintenance database, for tests without tables.
async fn connect() -> Box<dyn Connection> {
    connect_to(&plexidb_testkit::postgres().url()).await
}

async fn query(connection: &mut Box<dyn Connection>, sql: &str, params: &[ValueRef<'_>]) -> RowSet {
    try_query(connection, sql, params).await.unwrap()
}

async fn try_query(
    connection: &mut Box<dyn Connection>,
    sql: &str,
    params: &[ValueRef<'_>],
) -> Result<RowSet, DriverError> {
    connection.query(sql, params, Limits::default()).await
}

/// A connection that works answers.
async fn assert_usable(connection: &mut Box<dyn Connection>) {
    let rows = query(connection, "SELECT 40 + $1::int4", &[ValueRef::Int(2)]).await;
    assert_eq!(rows[0].get::<i32>(0).unwrap(), 42);
}
