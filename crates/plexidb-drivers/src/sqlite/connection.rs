//! The port's connection: decides between inline and thread, and gives the session back and forth.
//!
//! Invariant: while the session is away the handle has none. A dropped future therefore leaves the handle broken:
//! a read is stopped, a write runs to its end, and either way its connection is then closed.

use std::sync::Arc;

use plexidb_core::{
    BoxFuture, Canceller, Catalog, Connection, ConnectionStatus, DriverError, Executed, Limits,
    ReplicationState, RowSet, SessionId, Value, ValueRef,
};
use smallvec::SmallVec;
use tokio::runtime::Handle;

use super::alteration::Alteration;
use super::canceller::SqliteCanceller;
use super::catalog;
use super::cursor::Cursor;
use super::error;
use super::keyword::Kind;
use super::session::Session;
use super::settings::Settings;
use super::signals::Signals;

/// Rows of parameters that are copied to the thread at a time.
const BATCH_ROWS: usize = 1_024;

/// One connection.
pub(super) struct SqliteConnection {
    session: Option<Box<Session>>,
    cursor: Option<Cursor>,
    id: SessionId,
    signals: Arc<Signals>,
    settings: Arc<Settings>,
    alteration: Arc<Alteration>,
    canceller: Arc<SqliteCanceller>,
    runtime: Handle,
}

/// Tells the statement on its thread that nobody waits for it any more, unless it is disarmed.
struct Waiting {
    signals: Option<Arc<Signals>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(signals) = &self.signals {
            signals.abandon();
        }
    }
}

impl SqliteConnection {
    pub(super) fn new(session: Box<Session>, runtime: Handle) -> Self {
        let canceller = SqliteCanceller::new(
            Arc::clone(&session.signals),
            session.database.get_interrupt_handle(),
        );
        Self {
            id: session.id(),
            signals: Arc::clone(&session.signals),
            settings: Arc::clone(&session.settings),
            alteration: Arc::clone(&session.alteration),
            canceller: Arc::new(canceller),
            session: Some(session),
            cursor: None,
            runtime,
        }
    }

    fn check_out(&mut self) -> Result<Box<Session>, DriverError> {
        match self.session.take() {
            Some(session) => Ok(session),
            None if self.cursor.is_some() => Err(DriverError::Unsupported {
                what: "a second statement while a cursor is open; fetch it to its end or close it first"
                    .into(),
            }),
            None => Err(self.lost("an earlier statement was given up before it ended", false)),
        }
    }

    fn lost(&self, reason: &str, may_have_run: bool) -> DriverError {
        DriverError::ConnectionLost {
            target: self.settings.target().to_owned(),
            reason: reason.to_owned(),
            may_have_run,
            last_words: None,
        }
    }

    /// Runs a job on a thread and takes the session back.
    async fn on_thread<T: Send + 'static>(
        &mut self,
        mut session: Box<Session>,
        job: impl FnOnce(&mut Session) -> Result<T, DriverError> + Send + 'static,
    ) -> Result<T, DriverError> {
        // From here on a cancellation counts, even before the thread has begun.
        self.signals.begin(false);
        let mut waiting = Waiting {
            signals: Some(Arc::clone(&self.signals)),
        };
        let worker = self.runtime.spawn_blocking(move || {
            let outcome = if session.signals.is_cancelled() {
                Err(DriverError::Cancelled {
                    message: "before it ran".into(),
                })
            } else {
                job(&mut session)
            };
            session.signals.end();
            (session, outcome)
        });
        let done = worker.await;
        waiting.signals = None;
        match done {
            Ok((session, outcome)) => {
                self.session = Some(session);
                outcome
            }
            Err(error) if error.is_panic() => Err(self.lost("the driver's thread panicked", true)),
            Err(_) => Err(DriverError::Closed),
        }
    }

    /// Takes the session back from the cursor.
    async fn end_cursor(&mut self) -> Result<(), DriverError> {
        let Some(cursor) = &mut self.cursor else {
            return Ok(());
        };
        let finished = cursor.finish().await;
        self.cursor = None;
        self.session = Some(finished.map_err(|_| self.lost("the cursor's thread was lost", true))?);
        Ok(())
    }
}

/// Copies parameters, to be sent to a thread.
fn own(params: &[ValueRef<'_>]) -> Vec<Value> {
    params.iter().map(|value| (*value).to_owned()).collect()
}

fn borrow(params: &[Value]) -> SmallVec<[ValueRef<'_>; 8]> {
    params.iter().map(Value::as_ref).collect()
}

impl Connection for SqliteConnection {
    fn status(&self) -> ConnectionStatus {
        match &self.session {
            Some(session) if session.database.is_autocommit() => ConnectionStatus::Idle,
            Some(_) => ConnectionStatus::InTransaction,
            None if self.cursor.is_some() => ConnectionStatus::Streaming,
            None => ConnectionStatus::Broken,
        }
    }

    fn session(&self) -> SessionId {
        self.id
    }

    fn canceller(&self) -> Arc<dyn Canceller> {
        Arc::clone(&self.canceller) as Arc<dyn Canceller>
    }

    fn query<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        limits: Limits,
    ) -> BoxFuture<'a, Result<RowSet, DriverError>> {
        Box::pin(async move {
            let mut session = self.check_out()?;
            if let Some(outcome) = session.attempt_inline(sql, params, |run| run.query(sql, params, limits)) {
                self.session = Some(session);
                return outcome;
            }
            let (sql, params) = (sql.to_owned(), own(params));
            self.on_thread(session, move |session| {
                session.run(&sql, |run| run.query(&sql, &borrow(&params), limits))
            })
            .await
        })
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(async move {
            let mut session = self.check_out()?;
            let once = std::iter::once(params);
            if let Some(outcome) = session.attempt_inline(sql, params, |run| run.execute(sql, once)) {
                self.session = Some(session);
                return outcome;
            }
            let (sql, params) = (sql.to_owned(), own(params));
            self.on_thread(session, move |session| {
                let params = borrow(&params);
                session.run(&sql, |run| run.execute(&sql, std::iter::once(&params[..])))
            })
            .await
        })
    }

    fn execute_many<'a>(
        &'a mut self,
        sql: &'a str,
        rows: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(async move {
            let mut total = Executed::default();
            let text: Arc<str> = sql.into();
            for batch in rows.chunks(BATCH_ROWS) {
                let session = self.check_out()?;
                let batch: Vec<Vec<Value>> = batch.iter().map(|row| own(row)).collect();
                let sql = Arc::clone(&text);
                let executed = self
                    .on_thread(session, move |session| {
                        let rows: Vec<_> = batch.iter().map(|row| borrow(row)).collect();
                        session.run(&sql, |run| run.execute(&sql, rows.iter().map(|row| &row[..])))
                    })
                    .await?;
                total.rows_affected += executed.rows_affected;
                total.last_insert_id = executed.last_insert_id.or(total.last_insert_id);
            }
            Ok(total)
        })
    }

    fn control<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(async move {
            let mut session = self.check_out()?;
            if let Some(outcome) = session.attempt_control(sql) {
                self.session = Some(session);
                return outcome;
            }
            let sql = sql.to_owned();
            self.on_thread(session, move |session| {
                session.run(&sql, |run| run.execute(&sql, std::iter::once(&[][..])))
            })
            .await
            .map(|_| ())
        })
    }

    fn open_cursor<'a>(
        &'a mut self,
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        chunk_rows: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(async move {
            let session = self.check_out()?;
            let (cursor, started) =
                Cursor::open(&self.runtime, session, sql.to_owned(), own(params), chunk_rows);
            let cursor = self.cursor.insert(cursor);
            let outcome = match started.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => DriverError::Closed,
            };
            let finished = cursor.finish().await;
            self.cursor = None;
            self.session = finished.ok();
            Err(outcome)
        })
    }

    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>> {
        Box::pin(async move {
            let Some(cursor) = &mut self.cursor else {
                return Err(DriverError::Unsupported {
                    what: "fetching without an open cursor".into(),
                });
            };
            match cursor.next().await {
                Some(Ok(chunk)) => Ok(Some(chunk)),
                Some(Err(error)) => {
                    self.end_cursor().await?;
                    Err(error)
                }
                None => self.end_cursor().await.map(|()| None),
            }
        })
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async move {
            self.signals.abandon();
            self.end_cursor().await
        })
    }

    fn is_read_only<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>> {
        Box::pin(async move {
            let mut session = self.check_out()?;
            let reads = |kind| Some(matches!(kind, Kind::Read | Kind::ReadSetting));
            if let Some(kind) = session.known_kind(sql) {
                self.session = Some(session);
                return Ok(reads(kind));
            }
            let sql = sql.to_owned();
            let kind = self.on_thread(session, move |session| session.kind(&sql)).await;
            kind.map(reads)
        })
    }

    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>> {
        Box::pin(async move {
            let session = self.check_out()?;
            self.on_thread(session, |session| {
                catalog::read(&session.database, session.settings.target())
            })
            .await
        })
    }

    /// There is no server: a connection that has its session lives.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async move {
            let session = self.check_out()?;
            self.session = Some(session);
            Ok(())
        })
    }

    /// A file follows nobody; it refuses writes where it can only be read.
    fn replication(&mut self) -> BoxFuture<'_, Result<ReplicationState, DriverError>> {
        Box::pin(async move {
            let session = self.check_out()?;
            let is_read_only = session.database.is_readonly(rusqlite::MAIN_DB);
            let outcome = is_read_only.map_err(|error| error::of_opening(error, session.settings.target()));
            self.session = Some(session);
            outcome.map(ReplicationState::of_single)
        })
    }

    /// Only what reads, changes rows or controls a transaction can be undone for certain.
    fn can_reset(&self) -> bool {
        !self.alteration.is_noted() && self.status() != ConnectionStatus::Broken
    }

    fn reset(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async move {
            self.close_cursor().await?;
            if !self.can_reset() {
                return Err(DriverError::Unsupported {
                    what:
                        "undoing settings, attached files and temporary tables; open a new connection instead"
                            .into(),
                });
            }
            if self.status() == ConnectionStatus::InTransaction {
                self.control("ROLLBACK").await?;
            }
            match self.status() {
                ConnectionStatus::Idle => Ok(()),
                _ => Err(self.lost("a transaction is open after the session was reset", false)),
            }
        })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.signals.abandon();
            // A cursor's thread that is lost has closed its session already.
            let _ = self.end_cursor().await;
            if let Some(session) = self.session.take() {
                // The one error is that the runtime is shutting down, when the session is dropped and so closed.
                let _ = self.runtime.spawn_blocking(move || session.close()).await;
            }
        })
    }
}

impl Drop for SqliteConnection {
    fn drop(&mut self) {
        if self.cursor.is_some() {
            self.signals.abandon();
        }
        if let Some(session) = self.session.take() {
            // The last connection to close writes the WAL back: that is no work for the caller's task.
            self.runtime.spawn_blocking(move || drop(session));
        }
    }
}
