//! The bare drivers, each used as its documentation recommends: prepared once, executed per call.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use mysql_async::prelude::Queryable as _;

use super::{POINT_READ, POINT_READ_NUMBERED};
use crate::bare::mysql_options;
use crate::paired::Way;

pub(super) struct BareSqlite(rusqlite::Connection);

impl BareSqlite {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self(rusqlite::Connection::open(path)?))
    }
}

impl Way for BareSqlite {
    async fn read(&mut self, id: i64) -> Result<()> {
        let mut statement = self.0.prepare_cached(POINT_READ)?;
        let row: (i64, String, i64) =
            statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        ensure!(std::hint::black_box(row).0 == id, "another row");
        Ok(())
    }
}

pub(super) struct BarePostgres {
    client: tokio_postgres::Client,
    statement: tokio_postgres::Statement,
}

impl BarePostgres {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let statement = client.prepare(POINT_READ_NUMBERED).await?;
        Ok(Self { client, statement })
    }
}

impl Way for BarePostgres {
    async fn read(&mut self, id: i64) -> Result<()> {
        let row = self.client.query_one(&self.statement, &[&id]).await?;
        ensure!(row.get::<_, i64>(0) == id, "another row");
        std::hint::black_box((row.get::<_, String>(1), row.get::<_, i64>(2)));
        Ok(())
    }
}

pub(super) struct BareMariaDb {
    connection: mysql_async::Conn,
    statement: mysql_async::Statement,
}

impl BareMariaDb {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let mut connection = mysql_async::Conn::new(mysql_options(url)?).await?;
        let statement = connection.prep(POINT_READ).await?;
        Ok(Self {
            connection,
            statement,
        })
    }
}

impl Way for BareMariaDb {
    async fn read(&mut self, id: i64) -> Result<()> {
        let row: Option<(i64, String, i64)> = self.connection.exec_first(&self.statement, (id,)).await?;
        ensure!(
            std::hint::black_box(row).context("no row")?.0 == id,
            "another row"
        );
        Ok(())
    }
}
