//! One side of a comparison: the bare driver, or the layer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plexidb::{Database, Manager, Params, ValueRef};

use super::statement::Statement;
use crate::bare::Bare;
use crate::product::Place;

pub(super) enum Side {
    Bare(Bare),
    Layer { manager: Manager, database: Database },
}

impl Side {
    pub(super) async fn bare(place: &Place<'_>) -> Result<Self> {
        Ok(Self::Bare(Bare::connect(place).await?))
    }

    pub(super) fn layer(manager: Manager) -> Result<Self> {
        let database = manager
            .databases()
            .first()
            .context("the manager has no database")?;
        let database = database.clone();
        Ok(Self::Layer { manager, database })
    }

    /// Makes the write of this number and returns how long it took.
    pub(super) async fn write(&mut self, statement: Statement, values: &[ValueRef<'_>]) -> Result<Duration> {
        let (rows_affected, took) = match self {
            Self::Bare(bare) => {
                let sql = statement.sql(bare.dialect());
                let start = Instant::now();
                let rows_affected = bare.execute(sql, values).await?;
                (rows_affected, start.elapsed())
            }
            Self::Layer { database, .. } => {
                let sql = statement.sql(database.dialect());
                let start = Instant::now();
                let executed = database.execute(sql, Params::Positional(values)).await?;
                (executed.rows_affected, start.elapsed())
            }
        };
        ensure!(
            rows_affected == 1,
            "{} changed {rows_affected} rows in place of one",
            statement.name()
        );
        Ok(took)
    }

    pub(super) async fn close(self) {
        if let Self::Layer { manager, .. } = self {
            manager.close().await;
        }
    }
}
