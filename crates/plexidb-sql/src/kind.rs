//! What kinds of statements there are.
//!
//! Invariant: a kind says what running the statement does to the session, never less.

use std::fmt;

/// What kind of statement a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// It returns rows and changes none. A function that it calls may still write: see `WriteExtent`.
    Read,
    /// It changes rows.
    Write,
    /// It changes the schema or privileges.
    Ddl,
    /// It begins or ends a transaction or a part of one.
    Transaction(TransactionControl),
    /// It changes the session: settings, locks, cursors, prepared statements, temporary tables.
    Session,
    /// It runs a procedure or block, which can do anything.
    Procedure,
    /// It looks after the database and changes no rows: `ANALYZE`, `VACUUM`, `REINDEX`.
    Maintenance,
    /// It was not understood.
    Unknown,
}

/// What a statement does to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionControl {
    /// `BEGIN`, `START TRANSACTION`
    Begin,
    /// `COMMIT`, `END`, `PREPARE TRANSACTION`
    Commit,
    /// `ROLLBACK`, `ABORT`
    Rollback,
    /// `SAVEPOINT`
    Savepoint,
    /// `RELEASE`
    Release,
    /// `ROLLBACK TO`
    RollbackTo,
}

impl StatementKind {
    /// The stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Ddl => "ddl",
            Self::Transaction(_) => "transaction",
            Self::Session => "session",
            Self::Procedure => "procedure",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
        }
    }
}

impl TransactionControl {
    /// The stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Savepoint => "savepoint",
            Self::Release => "release",
            Self::RollbackTo => "rollback to",
        }
    }
}

impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Transaction(control) => write!(f, " ({})", control.name()),
            _ => Ok(()),
        }
    }
}
