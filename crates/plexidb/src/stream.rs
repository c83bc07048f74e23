//! Rows of a large result, fetched in chunks.
//!
//! Invariant: a stream holds its connection; dropped before its end, it cancels the statement and gives the
//! connection up.

use std::sync::Arc;

use plexidb_core::{DriverError, Params, Row, RowSet, ValueRef};

use crate::database::{Bound, Execution, Inner, bind};
use crate::endpoints::Route;
use crate::error::Error;
use crate::flight::Flight;
use crate::schema::Way;
use crate::scope::ScopeSettings;

/// Rows a chunk: some tens of kilobytes of common rows, few exchanges.
const CHUNK_ROWS: usize = 512;

/// The rows of a statement, one after the other.
pub struct RowStream {
    flight: Option<Flight>,
    /// The server's name, where there are several.
    endpoint: Option<Arc<String>>,
    chunk: RowSet,
    next: usize,
}

/// What it takes to open a stream.
struct Opening<'a> {
    sql: &'a str,
    values: &'a [ValueRef<'a>],
    scope: Option<&'a Arc<ScopeSettings>>,
}

impl Opening<'_> {
    async fn open(&self, flight: &mut Flight) -> Result<(), DriverError> {
        if let Some(scope) = self.scope {
            flight.enter(scope, None).await?;
        }
        let lease = flight.lease()?;
        let sent = lease.clock();
        let opened = lease.open_cursor(self.sql, self.values, CHUNK_ROWS).await;
        lease.note(&opened, sent);
        opened?;
        flight.set_under_way(true);
        Ok(())
    }
}

impl RowStream {
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Self, Error> {
        let Bound { sql, values } = bind(sql, params, inner.connector.dialect())?;
        let statement = inner.schema.current().statement(&sql);
        if statement.way() != Way::Read {
            return Err(Error::NotARead);
        }
        let opening = Opening {
            sql: &sql,
            values: &values,
            scope,
        };
        let route = match (execution.replicas, execution.tag) {
            // One that breaks half-way cannot go on elsewhere, and replicas cancel what is in the way of their replay.
            (None, None) => Route::Primary(None),
            _ => inner.route(&statement, &values, execution, scope),
        };
        let (mut flight, _) = inner.depart_to_read(route).await?;
        if let Err(error) = opening.open(&mut flight).await {
            // Nothing was handed out yet.
            let Some(route) = flight.second_route(&error, route) else {
                return Err(error.into());
            };
            flight.land();
            (flight, _) = inner.depart_to_read(route).await?;
            opening.open(&mut flight).await?;
        }
        Ok(Self {
            endpoint: flight.endpoint(),
            flight: Some(flight),
            chunk: RowSet::empty(),
            next: 0,
        })
    }

    /// The server that it runs on, by its name in [`Database::servers`](crate::Database::servers); `None` where the database has
    /// no replicas.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        Some(self.endpoint.as_ref()?.as_str())
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
        let lease = flight.lease()?;
        let sent = lease.clock();
        let chunk = lease.fetch().await;
        lease.note(&chunk, sent);
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
