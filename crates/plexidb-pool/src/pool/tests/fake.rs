//! A connector whose answers a test chooses, and which knows what is alive.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plexidb_core::{
    BoxFuture, Canceller, Catalog, ConnectPhase, ConnectProgress, Connection, ConnectionStatus, Connector,
    Dialect, DriverError, Executed, Limits, RowSet, SessionId, SqlError, ValueRef,
};
use tokio::task::yield_now;
use tokio::time::sleep;

/// What comes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Answer {
    Success,
    Error,
    Never,
    Panic,
    /// What time does not mend.
    Denial,
    /// The server says that it shuts down.
    Ending,
}

#[derive(Debug, Default)]
struct Server {
    connects: AtomicU8,
    pings: AtomicU8,
    queries: AtomicU8,
    closes: AtomicU8,
    resets: AtomicU8,
    can_reset: AtomicBool,
    connect_ms: AtomicU64,
    connecting: AtomicUsize,
    connecting_max: AtomicUsize,
    attempts: AtomicUsize,
    sessions: AtomicU64,
    pinged: AtomicUsize,
    closed: AtomicUsize,
    alive: AtomicUsize,
    alive_max: AtomicUsize,
    statuses: Mutex<HashMap<SessionId, ConnectionStatus>>,
    /// What attempts to connect tell of themselves.
    phase: Mutex<Option<ConnectPhase>>,
}

#[derive(Debug, Default)]
pub(super) struct FakeConnector {
    server: Arc<Server>,
    connections_max: Option<usize>,
}

impl FakeConnector {
    pub(super) fn with_connections_max(connections_max: usize) -> Self {
        Self {
            connections_max: Some(connections_max),
            ..Self::default()
        }
    }

    pub(super) fn answer_connects(&self, answer: Answer) {
        self.server.connects.store(answer as u8, SeqCst);
    }

    /// Attempts to connect say from now on that they are at this phase.
    pub(super) fn tell_phase(&self, phase: ConnectPhase) {
        *self.server.phase.lock().unwrap() = Some(phase);
    }

    /// Attempts to connect take so long from now on.
    pub(super) fn connect_in(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap();
        self.server.connect_ms.store(delay, SeqCst);
    }

    /// Sessions can be reset from now on, with this outcome.
    pub(super) fn answer_resets(&self, answer: Answer) {
        self.server.can_reset.store(true, SeqCst);
        self.server.resets.store(answer as u8, SeqCst);
    }

    pub(super) fn answer_pings(&self, answer: Answer) {
        self.server.pings.store(answer as u8, SeqCst);
    }

    pub(super) fn answer_queries(&self, answer: Answer) {
        self.server.queries.store(answer as u8, SeqCst);
    }

    pub(super) fn answer_closes(&self, answer: Answer) {
        self.server.closes.store(answer as u8, SeqCst);
    }

    pub(super) fn set_status(&self, session: SessionId, status: ConnectionStatus) {
        self.server.statuses.lock().unwrap().insert(session, status);
    }

    /// Connections made so far.
    pub(super) fn made(&self) -> u64 {
        self.server.sessions.load(SeqCst)
    }

    /// Attempts to connect so far.
    pub(super) fn attempts(&self) -> usize {
        self.server.attempts.load(SeqCst)
    }

    /// The most attempts that were under way at a time.
    pub(super) fn connecting_max(&self) -> usize {
        self.server.connecting_max.load(SeqCst)
    }

    /// Connections that exist.
    pub(super) fn alive(&self) -> usize {
        self.server.alive.load(SeqCst)
    }

    /// The most that existed at a time.
    pub(super) fn alive_max(&self) -> usize {
        self.server.alive_max.load(SeqCst)
    }

    pub(super) fn pings(&self) -> usize {
        self.server.pinged.load(SeqCst)
    }

    /// Connections that were closed, not just dropped.
    pub(super) fn closed_in_order(&self) -> usize {
        self.server.closed.load(SeqCst)
    }
}

fn refused() -> DriverError {
    DriverError::Connect {
        target: "fake:5432/chat".into(),
        phase: ConnectPhase::Dial,
        reason: "refused".into(),
        source: None,
    }
}

fn ending() -> DriverError {
    let words = SqlError {
        message: "terminating connection due to administrator command".into(),
        sqlstate: Some("57P01".into()),
        ..SqlError::default()
    };
    DriverError::ConnectionLost {
        target: "fake:5432/chat".into(),
        reason: "the server ended the session".into(),
        may_have_run: true,
        last_words: Some(Box::new(words)),
    }
}

/// A login that the server refuses since it is about to end.
fn refused_at_the_end() -> DriverError {
    let words = SqlError {
        message: "the database system is shutting down".into(),
        sqlstate: Some("57P03".into()),
        ..SqlError::default()
    };
    DriverError::Connect {
        target: "fake:5432/chat".into(),
        phase: ConnectPhase::Auth,
        reason: words.to_string(),
        source: Some(Box::new(words)),
    }
}

/// Answers after a moment, so that there is a point at which the caller can be dropped.
async fn answer(answer: &AtomicU8) -> Result<(), DriverError> {
    yield_now().await;
    match answer.load(SeqCst) {
        0 => Ok(()),
        1 => Err(refused()),
        3 => panic!("the panic of the driver"),
        4 => Err(DriverError::Authentication {
            target: "fake:5432/chat".into(),
            user: "ada".into(),
            message: "no".into(),
        }),
        5 => Err(ending()),
        _ => pending().await,
    }
}

impl Connector for FakeConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn target(&self) -> &str {
        "fake:5432/chat"
    }

    fn connections_max(&self) -> Option<usize> {
        self.connections_max
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async {
            let _connecting = Connecting::new(&self.server);
            let delay = Duration::from_millis(self.server.connect_ms.load(SeqCst));
            if !delay.is_zero() {
                sleep(delay).await;
            }
            if self.server.connects.load(SeqCst) == Answer::Ending as u8 {
                yield_now().await;
                return Err(refused_at_the_end());
            }
            answer(&self.server.connects).await?;
            Ok(Box::new(FakeConnection::new(Arc::clone(&self.server))) as Box<dyn Connection>)
        })
    }

    fn connect_telling<'a>(
        &'a self,
        progress: &'a ConnectProgress,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DriverError>> {
        if let Some(phase) = *self.server.phase.lock().unwrap() {
            progress.enter(phase);
        }
        self.connect()
    }

    fn terminate(&self, _: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(async { Ok(true) })
    }
}

/// An attempt to connect that is under way.
struct Connecting<'a>(&'a Server);

impl<'a> Connecting<'a> {
    fn new(server: &'a Server) -> Self {
        server.attempts.fetch_add(1, SeqCst);
        let connecting = server.connecting.fetch_add(1, SeqCst) + 1;
        server.connecting_max.fetch_max(connecting, SeqCst);
        Self(server)
    }
}

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.connecting.fetch_sub(1, SeqCst);
    }
}

struct FakeConnection {
    server: Arc<Server>,
    session: SessionId,
}

impl FakeConnection {
    fn new(server: Arc<Server>) -> Self {
        let session = SessionId(server.sessions.fetch_add(1, SeqCst) + 1);
        let alive = server.alive.fetch_add(1, SeqCst) + 1;
        server.alive_max.fetch_max(alive, SeqCst);
        Self { server, session }
    }

    /// As the port demands: broken until the exchange is over.
    async fn exchange(&self, with: &AtomicU8) -> Result<(), DriverError> {
        self.set_status(ConnectionStatus::Broken);
        answer(with).await?;
        self.set_status(ConnectionStatus::Idle);
        Ok(())
    }

    fn set_status(&self, status: ConnectionStatus) {
        self.server.statuses.lock().unwrap().insert(self.session, status);
    }
}

impl Drop for FakeConnection {
    fn drop(&mut self) {
        self.server.alive.fetch_sub(1, SeqCst);
    }
}

struct NothingToCancel;

impl Canceller for NothingToCancel {
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Connection for FakeConnection {
    fn status(&self) -> ConnectionStatus {
        self.server
            .statuses
            .lock()
            .unwrap()
            .get(&self.session)
            .copied()
            .unwrap_or(ConnectionStatus::Idle)
    }

    fn session(&self) -> SessionId {
        self.session
    }

    fn canceller(&self) -> Arc<dyn Canceller> {
        Arc::new(NothingToCancel)
    }

    fn query<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [ValueRef<'a>],
        _: Limits,
    ) -> BoxFuture<'a, Result<RowSet, DriverError>> {
        Box::pin(async {
            self.exchange(&self.server.queries).await?;
            Ok(RowSet::empty())
        })
    }

    fn execute<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(async { Ok(Executed::default()) })
    }

    fn execute_many<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        Box::pin(async { Ok(Executed::default()) })
    }

    fn control<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn open_cursor<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [ValueRef<'a>],
        _: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>> {
        Box::pin(async { Ok(None) })
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn is_read_only<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>> {
        Box::pin(async { Ok(None) })
    }

    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>> {
        Box::pin(async { Err(DriverError::Closed) })
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        self.server.pinged.fetch_add(1, SeqCst);
        Box::pin(async { self.exchange(&self.server.pings).await })
    }

    fn can_reset(&self) -> bool {
        self.server.can_reset.load(SeqCst)
    }

    fn reset(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        Box::pin(async { self.exchange(&self.server.resets).await })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // A refusal to close is not for the pool to see.
            let _ = answer(&self.server.closes).await;
            self.server.closed.fetch_add(1, SeqCst);
        })
    }
}
