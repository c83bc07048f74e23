//! Core's port, on top of the connection's own methods.

use std::sync::Arc;

use plexidb_core::{
    BoxFuture, Canceller, Catalog, Connection, ConnectionStatus, DriverError, Executed, Limits,
    ReplicationState, RowSet, SessionId, ValueRef,
};

use super::MySqlConnection;
use crate::mysql::cancel::MySqlCanceller;
use crate::mysql::catalog;

impl Connection for MySqlConnection {
    fn status(&self) -> ConnectionStatus {
        self.current_status()
    }

    fn session(&self) -> SessionId {
        SessionId(self.session.id)
    }

    fn canceller(&self) -> Arc<dyn Canceller> {
        Arc::new(MySqlCanceller {
            dialer: Arc::clone(&self.dialer),
            session: self.session.id,
        })
    }

    fn query<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        limits: Limits,
    ) -> BoxFuture<'a, Result<RowSet, DriverError>> {
        Box::pin(self.fetch_all(sql, params, limits))
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(self.run(sql, params))
    }

    fn execute_many<'a>(
        &'a mut self,
        sql: &'a str,
        rows: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(self.run_many(sql, rows))
    }

    fn control<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(self.run_control(sql))
    }

    fn open_cursor<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        chunk_rows: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(self.open(sql, params, chunk_rows))
    }

    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>> {
        Box::pin(self.next_chunk())
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.close_open_cursor())
    }

    /// MySQL does not tell.
    fn is_read_only<'a>(&'a mut self, _sql: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>> {
        Box::pin(async { Ok(None) })
    }

    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>> {
        Box::pin(async {
            self.begin()?;
            match catalog::read(&mut self.link).await {
                Ok(catalog) => {
                    self.settle();
                    Ok(catalog)
                }
                Err(error) => Err(self.fail(error, true).await),
            }
        })
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.run_ping())
    }

    fn replication(&mut self) -> BoxFuture<'_, Result<ReplicationState, DriverError>> {
        Box::pin(self.read_replication())
    }

    fn can_reset(&self) -> bool {
        self.may_reset()
    }

    fn reset(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(self.make_new())
    }

    /// A statement that is still under way ends with the connection, without a farewell.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.link.end())
    }
}
