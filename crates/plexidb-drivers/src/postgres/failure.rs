//! The server's ErrorResponse as a value, and what it means to the caller.
//!
//! Invariant: the server's own words and SQLSTATE are kept; nothing of the client's parameters is added.

use plexidb_core::{DriverError, SqlError};

use super::message::{Fields, Malformed};

/// An ErrorResponse.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerError {
    severity: String,
    routine: String,
    pub(super) sql: SqlError,
}

impl ServerError {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut error = Self::default();
        let mut fields = Fields(body);
        loop {
            let kind = fields.u8()?;
            if kind == 0 {
                return Ok(error);
            }
            let value = fields.text()?.into_owned();
            match kind {
                // V is S without translation; servers before 9.6 send S alone, and S comes first.
                b'S' | b'V' => error.severity = value,
                b'C' => error.sql.sqlstate = Some(value),
                b'M' => error.sql.message = value,
                b'D' => error.sql.detail = Some(value),
                b'H' => error.sql.hint = Some(value),
                b'P' => error.sql.position = value.parse().ok(),
                b'R' => error.routine = value,
                _ => {}
            }
        }
    }

    pub(super) fn sqlstate(&self) -> &str {
        self.sql.sqlstate.as_deref().unwrap_or_default()
    }

    /// Whether the server ends the session with this error.
    pub(super) fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }

    /// Whether the prepared statement is of no use any more: its result type has changed, or it is gone. The
    /// server says both before it runs anything.
    pub(super) fn is_stale_statement(&self) -> bool {
        match self.sqlstate() {
            "26000" => true,
            "0A000" => self.routine == "RevalidateCachedQuery",
            _ => false,
        }
    }

    /// Whether this notice says that a commit stands which was not waited for until the synchronous replicas had it. Its
    /// SQLSTATE is that of any warning and its text is translated: the server's routine alone tells.
    pub(super) fn is_of_unconfirmed_commit(&self) -> bool {
        self.routine == "SyncRepWaitForLSN"
    }

    /// The error of a statement.
    pub(super) fn into_statement_error(self) -> DriverError {
        let message = self.sql.message.clone();
        match self.sqlstate() {
            "57014" => DriverError::Cancelled { message },
            "25006" => DriverError::ReadOnly {
                message,
                is_of_server: true,
            },
            "55P03" => DriverError::Locked { message },
            _ => DriverError::Sql(Box::new(self.sql)),
        }
    }
}
