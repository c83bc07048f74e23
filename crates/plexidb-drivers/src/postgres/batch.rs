//! One statement with many rows of parameters, pipelined.
//!
//! Invariant: a chunk is at most 64 statements or 64 KiB (or one statement that is larger), ends with one Sync, and is
//! answered in full before the next is sent; outside a transaction each chunk is atomic.

use plexidb_core::{DriverError, Executed, ValueRef};
use postgres_protocol::message::frontend;

use super::connection::PostgresConnection;
use super::encode::bind;
use super::exchange::{Count, Protocol};
use super::query::{executed, push_execute};
use super::statement::Statement;

const CHUNK_STATEMENTS_MAX: usize = 64;
const CHUNK_BYTES_MAX: usize = 64 * 1024;

impl PostgresConnection {
    pub(super) async fn run_many(
        &mut self,
        sql: &str,
        rows: &[Vec<ValueRef<'_>>],
    ) -> Result<Executed, DriverError> {
        self.start().await?;
        let mut rest = rows;
        let mut rows_affected = 0;
        let mut is_retry = false;
        while !rest.is_empty() {
            let statement = self.prepare(sql).await?;
            let queued = self.queue_chunk(&statement, rest);
            let sent = self.unless_refused(queued).await?;
            let mut count = Count::default();
            self.send(true).await?;
            match self.finish(&mut count, Protocol::Extended).await? {
                Ok(()) => {
                    rows_affected += count.completion.rows_affected;
                    rest = &rest[sent..];
                    is_retry = false;
                }
                // A stale statement fails at the chunk's first Bind, and the chunk is atomic.
                Err(failure) => self.recover(sql, failure, &mut is_retry)?,
            }
        }
        Ok(executed(rows_affected))
    }

    /// Queues the next chunk and returns how many rows it takes. A row that is refused leaves nothing queued.
    fn queue_chunk(
        &mut self,
        statement: &Statement,
        rows: &[Vec<ValueRef<'_>>],
    ) -> Result<usize, DriverError> {
        let outbound = &mut self.wire.outbound;
        let mut queued = 0;
        for row in rows.iter().take(CHUNK_STATEMENTS_MAX) {
            let start = outbound.len();
            if let Err(error) = bind(outbound, statement, row, &self.types, false) {
                outbound.clear();
                return Err(error);
            }
            push_execute(outbound, 0);
            if queued > 0 && outbound.len() > CHUNK_BYTES_MAX {
                outbound.truncate(start);
                break;
            }
            queued += 1;
        }
        frontend::sync(outbound);
        Ok(queued)
    }
}
