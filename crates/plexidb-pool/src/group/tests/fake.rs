//! A server that a test makes answer, refuse or hang, and connections to it that do nothing.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};

use plexidb_core::{
    BoxFuture, Canceller, Catalog, ConnectPhase, Connection, ConnectionStatus, Connector, Dialect,
    DriverError, Executed, Limits, RowSet, SessionId, ValueRef,
};

/// How a server meets those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Door {
    Open,
    /// The network refuses.
    Refused,
    /// The server has no connections left.
    Full,
    /// Nobody answers.
    Silent,
}

#[derive(Debug)]
pub(super) struct Server {
    name: String,
    door: AtomicU8,
    sessions: AtomicU64,
}

impl Server {
    pub(super) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            door: AtomicU8::new(Door::Open as u8),
            sessions: AtomicU64::new(0),
        })
    }

    pub(super) fn set_door(&self, door: Door) {
        self.door.store(door as u8, SeqCst);
    }

    fn refuse(&self, phase: ConnectPhase) -> DriverError {
        DriverError::Connect {
            target: self.name.clone(),
            phase,
            reason: "refused".to_owned(),
            source: None,
        }
    }
}

#[derive(Debug)]
pub(super) struct FakeConnector(pub(super) Arc<Server>);

impl Connector for FakeConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn target(&self) -> &str {
        &self.0.name
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async {
            let door = self.0.door.load(SeqCst);
            if door == Door::Refused as u8 {
                return Err(self.0.refuse(ConnectPhase::Dial));
            }
            if door == Door::Full as u8 {
                return Err(self.0.refuse(ConnectPhase::Auth));
            }
            if door == Door::Silent as u8 {
                pending::<()>().await;
            }
            let session = SessionId(self.0.sessions.fetch_add(1, SeqCst) + 1);
            Ok(Box::new(FakeConnection(session)) as Box<dyn Connection>)
        })
    }

    fn terminate(&self, _: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(async { Ok(true) })
    }
}

struct FakeConnection(SessionId);

struct NothingToCancel;

impl Canceller for NothingToCancel {
    fn cancel(&self) -> BoxFuture<'static, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, DriverError>> {
    Box::pin(async { Ok(value) })
}

impl Connection for FakeConnection {
    fn status(&self) -> ConnectionStatus {
        ConnectionStatus::Idle
    }

    fn session(&self) -> SessionId {
        self.0
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
        ready(RowSet::empty())
    }

    fn execute<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [ValueRef<'a>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        ready(Executed::default())
    }

    fn execute_many<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [Vec<ValueRef<'a>>],
    ) -> BoxFuture<'a, Result<Executed, DriverError>> {
        ready(Executed::default())
    }

    fn control<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        ready(())
    }

    fn open_cursor<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a [ValueRef<'a>],
        _: usize,
    ) -> BoxFuture<'a, Result<(), DriverError>> {
        ready(())
    }

    fn fetch(&mut self) -> BoxFuture<'_, Result<Option<RowSet>, DriverError>> {
        ready(None)
    }

    fn close_cursor(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        ready(())
    }

    fn is_read_only<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<Option<bool>, DriverError>> {
        ready(None)
    }

    fn catalog(&mut self) -> BoxFuture<'_, Result<Catalog, DriverError>> {
        Box::pin(async { Err(DriverError::Closed) })
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DriverError>> {
        ready(())
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
