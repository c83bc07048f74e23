//! A result that is fetched in chunks.
//!
//! Invariant: the rest of the result is with the server until it is asked for; of it no more than one chunk is in
//! memory here.

use std::sync::Arc;

use plexidb_core::{DriverError, Limits, RowSet, RowSetBuilder, ValueRef};

use super::{MySqlConnection, Running};
use crate::mysql::columns::Shape;
use crate::mysql::results::{self, Protocol};

/// A chunk ends early when its cells reach this size, and exceeds it by one row at most.
const CHUNK_BYTES: usize = 8 << 20;

pub(super) struct Cursor {
    protocol: Protocol,
    shape: Arc<Shape>,
    chunk_rows: usize,
    is_at_end: bool,
}

impl MySqlConnection {
    pub(super) async fn open(
        &mut self,
        sql: &str,
        values: &[ValueRef<'_>],
        chunk_rows: usize,
    ) -> Result<(), DriverError> {
        let Running { protocol, shape } = self.start(sql, values).await?;
        let is_at_end = shape.columns().is_empty();
        if is_at_end {
            self.finish(protocol).await?;
        }
        self.link.is_busy = false;
        self.cursor = Some(Cursor {
            protocol,
            shape,
            chunk_rows: chunk_rows.max(1),
            is_at_end,
        });
        Ok(())
    }

    pub(super) async fn next_chunk(&mut self) -> Result<Option<RowSet>, DriverError> {
        if self.link.is_broken() {
            return Err(DriverError::Closed);
        }
        let Some(mut cursor) = self.cursor.take() else {
            return Ok(None);
        };
        if cursor.is_at_end {
            return Ok(None);
        }
        self.link.is_busy = true;
        let rows = self.read_chunk(&mut cursor).await?;
        if cursor.is_at_end {
            self.finish(cursor.protocol).await?;
            if rows.is_empty() {
                return Ok(None);
            }
        }
        self.link.is_busy = false;
        self.cursor = Some(cursor);
        Ok(Some(rows))
    }

    async fn read_chunk(&mut self, cursor: &mut Cursor) -> Result<RowSet, DriverError> {
        let limits = Limits::default();
        let mut rows = RowSetBuilder::new(Arc::clone(cursor.shape.columns()));
        while rows.rows() < cursor.chunk_rows && rows.bytes() < CHUNK_BYTES {
            let Some(row) = self.next_row(cursor.protocol).await? else {
                cursor.is_at_end = true;
                break;
            };
            let target = &self.dialer.settings().target;
            let pushed = results::push(&row, &cursor.shape, &mut rows, target);
            if let Err(error) = pushed.and_then(|()| results::check(&rows, limits)) {
                self.abandon(cursor.protocol).await;
                return Err(error);
            }
        }
        Ok(rows.finish())
    }

    pub(super) async fn close_open_cursor(&mut self) -> Result<(), DriverError> {
        if self.link.is_broken() {
            return Err(DriverError::Closed);
        }
        let Some(cursor) = self.cursor.take() else {
            return Ok(());
        };
        if !cursor.is_at_end {
            self.link.is_busy = true;
            self.abandon(cursor.protocol).await;
        }
        if self.link.is_busy {
            let target = &self.dialer.settings().target;
            return Err(crate::mysql::failure::lost(
                target,
                "the statement of the cursor could not be cancelled",
                false,
            ));
        }
        Ok(())
    }
}
