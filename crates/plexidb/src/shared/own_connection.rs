//! Connections of the shared tier's own: what it asks the primary must not wait for a pool whose connections wait for the answer.
//!
//! Invariant: a connection is kept only where its last exchange came to its end, and only for the server that is the primary now.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plexidb_core::{Connection, DriverError};

use crate::database::Inner;
use crate::endpoints::Primary;

/// How long an exchange may take, a new connection included, before that connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

type Kept = Option<((usize, u64), Box<dyn Connection>)>;

/// A connection to the primary for what is asked again and again.
#[derive(Clone, Default)]
pub(super) struct OwnConnection(Arc<Mutex<Kept>>);

impl OwnConnection {
    /// Asks over the kept connection, or a new one. It goes on where the caller does not wait any longer, so that a connection which takes
    /// its time is there for the next one.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        inner: &Arc<Inner>,
        question: impl AsyncQuestion<T>,
    ) -> Result<T, DriverError> {
        let (kept, inner) = (Arc::clone(&self.0), Arc::clone(inner));
        let asking = inner.runtime.clone().spawn(async move {
            let asked = async {
                let Primary { connector, place } = inner.endpoints.primary().ok_or_else(absent)?;
                let before = lock(&kept).take().filter(|(of, _)| *of == place);
                let mut connection = match before {
                    Some((_, connection)) => connection,
                    None => connector.connect().await?,
                };
                let answer = question.ask(&mut *connection).await?;
                *lock(&kept) = Some((place, connection));
                Ok(answer)
            };
            let timed_out = DriverError::Timeout {
                phase: "marker",
                after: PATIENCE,
            };
            tokio::time::timeout(PATIENCE, asked)
                .await
                .unwrap_or(Err(timed_out))
        });
        asking.await.unwrap_or(Err(DriverError::Closed))
    }
}

/// A question that may be asked from another task.
pub(super) trait AsyncQuestion<T>: Send + 'static {
    fn ask(self, connection: &mut dyn Connection) -> impl Future<Output = Result<T, DriverError>> + Send;
}

/// A new connection to the primary, for what is seldom and may take long.
pub(super) async fn connect(inner: &Inner) -> Result<Box<dyn Connection>, DriverError> {
    let Primary { connector, .. } = inner.endpoints.primary().ok_or_else(absent)?;
    connector.connect().await
}

fn absent() -> DriverError {
    DriverError::Unsupported {
        what: "no server is known to be the primary now".into(),
    }
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
