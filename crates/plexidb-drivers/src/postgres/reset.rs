//! Making a session as a new one again.
//!
//! Invariant: either the server has confirmed every step and says that it is idle outside a transaction, or the connection is
//! broken afterwards.

use plexidb_core::DriverError;
use postgres_protocol::message::frontend;

use super::connection::PostgresConnection;
use super::exchange::{Count, Protocol};

const ROLLBACK: &str = "ROLLBACK";

/// Takes settings and role back to what the startup message, the role and the database say, and drops temporary tables, prepared
/// statements, held cursors, advisory locks, LISTENs and cached sequences.
const DISCARD: &str = "DISCARD ALL";

impl PostgresConnection {
    pub(super) async fn make_new(&mut self) -> Result<(), DriverError> {
        self.end_cursor().await?;
        self.start().await?;
        let rollback = self.is_in_transaction().then_some(ROLLBACK);
        // Behind a pooler there is no session to undo anything in: it is another after each transaction.
        let discard = (!self.is_pooled()).then_some(DISCARD);
        let statements = rollback.into_iter().chain(discard);
        let mut sent = 0;
        // Each is a message of its own, since DISCARD ALL refuses to share a transaction, but all go in one write.
        for statement in statements {
            frontend::query(statement, &mut self.wire.outbound)
                .map_err(|error| self.wire.protocol_error(error.to_string()))?;
            sent += 1;
        }
        self.send(false).await?;
        // Whatever comes back: a name that is not known to us is never used again.
        self.statements.clear();
        let mut refusal = None;
        for _ in 0..sent {
            let outcome = self.finish(&mut Count::default(), Protocol::Simple).await?;
            self.is_exchanging = true;
            refusal = refusal.or(outcome.err());
        }
        if let Some(refusal) = refusal {
            return Err(refusal.into_error());
        }
        if self.is_in_transaction() {
            return Err(self
                .wire
                .protocol_error("a transaction is open after the session was reset"));
        }
        self.is_exchanging = false;
        Ok(())
    }
}
