//! Rows of a large result, fetched in chunks.
//!
//! Invariant: a stream holds its connection; dropped before its end, it cancels the statement and gives the
//! connection up.

use std::sync::Arc;

use plexidb_core::{DriverError, Params, Row, RowSet};

use crate::database::{Bound, Inner, bind};
use crate::error::Error;
use crate::flight::Flight;
use crate::schema::Way;
use crate::scope::ScopeSettings;

/// Rows a chunk: some tens of kilobytes of common rows, few exchanges.
const CHUNK_ROWS: usize = 512;

/// The rows of a statement, one after the other.
pub struct RowStream {
    flight: Option<Flight>,
    chunk: RowSet,
    next: usize,
}

impl RowStream {
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        sql: &str,
        params: Params<'_>,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Self, Error> {
        let Bound { sql, values } = bind(sql, params, inner.connector.dialect())?;
        let statement = inner.schema.current().statement(&sql);
        if statement.way() != Way::Read {
            return Err(Error::NotARead);
        }
        let mut flight = inner.depart().await?;
        if let Some(scope) = scope {
            flight.enter(scope, None).await?;
        }
        flight.lease()?.open_cursor(&sql, &values, CHUNK_ROWS).await?;
        flight.set_under_way(true);
        Ok(Self {
            flight: Some(flight),
            chunk: RowSet::empty(),
            next: 0,
        })
    }

    /// The next row, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`]; the stream has then ended.
    pub async fn next(&mut self) -> Result<Option<Row>, Error> {
        loop {
            if let Some(row) = self.chunk.rows().get(self.next) {
                self.next += 1;
                return Ok(Some(row.clone()));
            }
            if !self.fetch().await? {
                return Ok(None);
            }
        }
    }

    async fn fetch(&mut self) -> Result<bool, DriverError> {
        let Some(flight) = self.flight.as_mut() else {
            return Ok(false);
        };
        let chunk = flight.lease()?.fetch().await;
        let is_broken = matches!(&chunk, Err(error) if error.outcome_is_unknown());
        match chunk {
            Ok(Some(chunk)) => {
                (self.chunk, self.next) = (chunk, 0);
                Ok(true)
            }
            end => {
                (self.chunk, self.next) = (RowSet::empty(), 0);
                if let Some(mut flight) = self.flight.take() {
                    flight.set_under_way(is_broken);
                    flight.land();
                }
                end.map(|_| false)
            }
        }
    }
}
