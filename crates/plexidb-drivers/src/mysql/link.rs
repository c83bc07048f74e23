//! The library's connection, and how it ends.
//!
//! Invariant: dropping it never waits for, or reads, what the server is still sending.

use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::task::{Context, Waker};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, QueryResult, TextProtocol};

/// A connection and whether an exchange on it is under way.
pub(super) struct Link {
    conn: Option<Conn>,
    /// Something was sent and its answer not read to the end.
    pub(super) is_busy: bool,
}

impl Link {
    pub(super) fn new(conn: Conn) -> Self {
        Self {
            conn: Some(conn),
            is_busy: false,
        }
    }

    /// Lost, or left half-way through an exchange.
    pub(super) fn is_broken(&self) -> bool {
        self.is_busy || self.is_disconnected()
    }

    /// Says farewell, where the connection is free to.
    pub(super) async fn end(mut self) {
        if self.is_busy || self.has_pending_result() {
            return;
        }
        if let Some(conn) = self.conn.take() {
            // The server notices the end of the connection also without a farewell.
            let _ = conn.disconnect().await;
        }
    }

    fn has_pending_result(&mut self) -> bool {
        let conn = self.conn.as_mut();
        conn.is_some_and(|conn| !QueryResult::<'_, '_, TextProtocol>::new(conn).is_empty())
    }
}

impl Deref for Link {
    type Target = Conn;

    #[expect(
        clippy::expect_used,
        reason = "only end takes the connection, and it consumes the link"
    )]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("the link holds its connection")
    }
}

impl DerefMut for Link {
    #[expect(
        clippy::expect_used,
        reason = "only end takes the connection, and it consumes the link"
    )]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("the link holds its connection")
    }
}

impl Drop for Link {
    /// The library reads a pending result to its end, however large, before it closes a dropped connection. Where a
    /// command was begun and not ended it just closes, so a ping is begun.
    fn drop(&mut self) {
        let must_abort = self.is_busy || self.has_pending_result();
        if let Some(conn) = self.conn.as_mut().filter(|_| must_abort) {
            let mut context = Context::from_waker(Waker::noop());
            let _ = pin!(conn.ping()).as_mut().poll(&mut context);
        }
    }
}
