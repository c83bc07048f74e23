//! A cursor: a thread that owns the session, steps the statement and hands chunks over.
//!
//! Invariant: at most [`CHUNKS_MAX`] finished chunks wait, so a slow reader slows the statement and not memory. The
//! session comes back when the statement has ended or nobody takes its chunks any more.

use plexidb_core::{DriverError, RowSet, Value, ValueRef};
use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};

use super::session::Session;

/// Finished chunks that wait for their reader.
const CHUNKS_MAX: usize = 2;

/// An open cursor.
pub(super) struct Cursor {
    chunks: mpsc::Receiver<Result<RowSet, DriverError>>,
    worker: JoinHandle<Box<Session>>,
}

impl Cursor {
    /// Starts the thread. The second part tells, once, whether the statement could be prepared; after an error the
    /// session is to be taken back with [`finish`](Self::finish).
    pub(super) fn open(
        runtime: &Handle,
        mut session: Box<Session>,
        sql: String,
        params: Vec<Value>,
        chunk_rows: usize,
    ) -> (Self, oneshot::Receiver<Result<(), DriverError>>) {
        let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
        let (started, has_started) = oneshot::channel();
        session.signals.begin(false);
        let worker = runtime.spawn_blocking(move || {
            let mut started = Some(started);
            let params: SmallVec<[ValueRef<'_>; 8]> = params.iter().map(Value::as_ref).collect();
            let outcome = session.run(&sql, |run| {
                let tell = || started.take().is_some_and(|started| started.send(Ok(())).is_ok());
                run.stream(&sql, &params, chunk_rows.max(1), tell, |chunk| {
                    sender.blocking_send(Ok(chunk)).is_ok()
                })
            });
            session.signals.end();
            if let Err(error) = outcome {
                // Where nobody listens any more, nobody needs the error.
                let _ = match started.take() {
                    Some(started) => started.send(Err(error)).is_ok(),
                    None => sender.blocking_send(Err(error)).is_ok(),
                };
            }
            session
        });
        (Self { chunks, worker }, has_started)
    }

    /// The next chunk; `None` when the statement has ended.
    pub(super) async fn next(&mut self) -> Option<Result<RowSet, DriverError>> {
        self.chunks.recv().await
    }

    /// Takes no more chunks and waits for the session.
    pub(super) async fn finish(&mut self) -> Result<Box<Session>, JoinError> {
        self.chunks.close();
        // A sender that waits for room sees the closed channel; what was sent before is dropped.
        while self.chunks.try_recv().is_ok() {}
        (&mut self.worker).await
    }
}
