//! What a user of the library can be told.

use plexidb_core::{DriverError, RowError};
use plexidb_pool::{GroupError, InvalidGroup, PoolError};
use plexidb_sql::NameError;

use crate::config::ConfigErrors;
use crate::scope::ScopeError;
use crate::shared::SharedError;

/// Why a call failed. [`Error::driver`] leads to the database's own error, with its SQLSTATE and position.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is wrong; all problems are listed.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The database or its driver refused.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// No connection was to be had.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// No server of a database with replicas was fit, or gave a connection.
    #[error(transparent)]
    Servers(Box<GroupError>),
    /// The servers of a database cannot be a primary with its replicas.
    #[error(transparent)]
    Group(#[from] InvalidGroup),
    /// The shared tier cannot do what is asked for.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// No server of a database bears this tag.
    #[error(
        "no server of \"{database}\" has the tag \"{tag}\"; there are: {}; give it to a server with `tags`",
        if available.is_empty() { "none".to_owned() } else { available.join(", ") }
    )]
    NoSuchTag {
        /// The database's name.
        database: String,
        /// The tag that was asked for.
        tag: String,
        /// The tags that there are.
        available: Vec<String>,
    },
    /// No server with the tag that a read asks for may serve it now, nor may the primary.
    #[error(
        "no server with the tag \"{tag}\" may serve the read ({}), nor the primary (`tagged_reads_on_primary`): let the read lag \
         (`Replicas::Lag`), wait longer (`replica_wait`), or see by `explain` whether it is for the primary alone",
        servers.join("; ")
    )]
    NoServerOfTag {
        /// The tag.
        tag: String,
        /// The servers with the tag, each with what stands against it.
        servers: Vec<String>,
    },
    /// The named placeholders and the given names do not fit.
    #[error(transparent)]
    Names(#[from] NameError),
    /// A security scope cannot be.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A value could not be read from a row.
    #[error(transparent)]
    Row(#[from] RowError),
    /// There is no database of this name.
    #[error("no database \"{name}\" is configured; there are: {}", available.join(", "))]
    NoSuchDatabase {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        available: Vec<String>,
    },
    /// There is no table of this name.
    #[error(
        "database \"{database}\" has no table \"{table}\"; write schema.table where it is not on the search path"
    )]
    NoSuchTable {
        /// The database's name.
        database: String,
        /// The table that was asked for.
        table: String,
    },
    /// A statement that begins or ends transactions was sent as plain SQL.
    #[error(
        "{statement} cannot be sent as SQL: connections are pooled; use begin(), commit(), rollback() and savepoint()"
    )]
    TransactionControl {
        /// The statement's first word.
        statement: String,
    },
    /// COMMIT was asked of a transaction that a failed statement has spoiled.
    #[error("the transaction was rolled back: a statement in it had failed; run it anew")]
    TransactionFailed,
    /// A statement was sent through a transaction that the database had ended by itself.
    #[error(
        "the database has ended the transaction and undone it (a deadlock, or a statement that was refused with ROLLBACK); \
         run it anew"
    )]
    TransactionEnded,
    /// A statement that may write was given to a call that only reads.
    #[error("the statement may write; run it with query() or execute()")]
    NotARead,
    /// One row was wanted.
    #[error("expected one row, the result has {found}")]
    RowCount {
        /// Rows in the result.
        found: usize,
    },
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        Self::Servers(Box::new(error))
    }
}

impl Error {
    /// What the pool said that gave no connection, where that is the reason.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolError> {
        match self {
            Self::Pool(error) => Some(error),
            Self::Servers(error) => match &**error {
                GroupError::Pool { source, .. } => Some(source),
                _ => None,
            },
            _ => None,
        }
    }

    /// The driver's error behind this one, where there is one.
    #[must_use]
    pub fn driver(&self) -> Option<&DriverError> {
        match (self, self.pool()) {
            (Self::Driver(error), _) => Some(error),
            (_, Some(PoolError::Connect(error))) => Some(error),
            _ => None,
        }
    }
}
