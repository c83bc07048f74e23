//! One connection a query: what an application pays without a pool.

use std::path::PathBuf;

use anyhow::Result;

use super::bare::{BareMariaDb, BarePostgres, BareSqlite};
use crate::paired::Way;

pub(super) struct ReconnectSqlite(pub(super) PathBuf);

impl Way for ReconnectSqlite {
    async fn read(&mut self, id: i64) -> Result<()> {
        BareSqlite::open(&self.0)?.read(id).await
    }
}

pub(super) struct ReconnectPostgres(pub(super) String);

impl Way for ReconnectPostgres {
    async fn read(&mut self, id: i64) -> Result<()> {
        BarePostgres::connect(&self.0).await?.read(id).await
    }
}

pub(super) struct ReconnectMariaDb(pub(super) String);

impl Way for ReconnectMariaDb {
    async fn read(&mut self, id: i64) -> Result<()> {
        BareMariaDb::connect(&self.0).await?.read(id).await
    }
}
