//! What can go wrong between a statement and its result, the same for every driver.
//!
//! Invariant: no message holds a password; each says what to do.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

mod endpoint;

#[cfg(test)]
mod tests;

/// Something that a driver could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// The URL does not name a database.
    #[error("invalid database URL: {reason}")]
    InvalidUrl {
        /// What is wrong, and the form that is expected.
        reason: String,
    },
    /// The database cannot do it, or this build was made without the driver.
    #[error("not supported: {what}")]
    Unsupported {
        /// What, and what to do instead.
        what: String,
    },
    /// No connection could be made.
    #[error("cannot connect to {target} ({phase}): {reason}")]
    Connect {
        /// Host and port, socket or file, without credentials.
        target: String,
        /// The step that failed.
        phase: ConnectPhase,
        /// What failed and what to check.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The server refused user or password.
    #[error(
        "{target} refused the login of user \"{user}\": {message}; check user, password and the server's access rules"
    )]
    Authentication {
        /// Host and port or socket.
        target: String,
        /// The user's name.
        user: String,
        /// What the server said.
        message: String,
    },
    /// The server has no such database.
    #[error("{target} has no database \"{database}\": {message}; create it, or name another in the URL")]
    UnknownDatabase {
        /// Host and port or socket.
        target: String,
        /// The database's name.
        database: String,
        /// What the server said.
        message: String,
    },
    /// A database file cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The path.
        path: String,
        /// What is wrong and what to do.
        reason: String,
        /// Whether the content is damaged or no database at all.
        is_corrupt: bool,
    },
    /// The database, a table or a row stayed locked by somebody else.
    #[error("locked: {message}; another connection holds the lock, try again or raise the busy timeout")]
    Locked {
        /// What the database said.
        message: String,
    },
    /// The database or the connection allows no writes.
    #[error("read-only: {message}; connect with write access to change data")]
    ReadOnly {
        /// What the database said.
        message: String,
        /// Whether a server said so, which perhaps is a replica now, and no file that is open for reading.
        is_of_server: bool,
    },
    /// The database rejected the statement.
    #[error(transparent)]
    Sql(#[from] Box<SqlError>),
    /// The statement has another number of placeholders.
    #[error("the statement takes {expected} parameters, {given} were given")]
    ParameterCount {
        /// Placeholders in the statement.
        expected: usize,
        /// Values that were given.
        given: usize,
    },
    /// A value cannot become the type that the database expects.
    #[error("parameter {position}: a {given} value cannot be sent as {expected}{}", reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    ParameterType {
        /// The position, from 1.
        position: usize,
        /// The database's type.
        expected: String,
        /// The value's type.
        given: &'static str,
        /// More, such as an overflow.
        reason: Option<String>,
    },
    /// The connection broke while a statement was under way.
    #[error("the connection to {target} was lost: {reason}{}", if *may_have_run { "; whether the statement took effect is unknown" } else { "" })]
    ConnectionLost {
        /// Host and port, socket or file.
        target: String,
        /// How it was noticed.
        reason: String,
        /// Whether the statement had been sent, so that the server may have run it.
        may_have_run: bool,
        /// The error with which the server ended the session, where it gave one.
        last_words: Option<Box<SqlError>>,
    },
    /// The result is larger than the bound that was set.
    #[error("the result exceeds the bound of {limit}; narrow the statement, stream it or raise the bound")]
    ResultTooLarge {
        /// The bound with its unit.
        limit: String,
    },
    /// It took too long and was cancelled.
    #[error("timed out after {after:?} ({phase}); the statement was cancelled")]
    Timeout {
        /// What was under way.
        phase: &'static str,
        /// The bound.
        after: Duration,
    },
    /// The statement was cancelled.
    #[error("the statement was cancelled: {message}")]
    Cancelled {
        /// What the database said.
        message: String,
    },
    /// The server made the statement's writes permanent, but not all replicas that were to confirm it have done so: the wait for
    /// them was cancelled. A server that takes over may lack the writes.
    #[error(
        "the write is not confirmed by its synchronous replicas: {message}; it is lost if one of them takes over without it"
    )]
    Unconfirmed {
        /// What the database said.
        message: String,
    },
    /// Text that is not UTF-8.
    #[error(
        "column \"{column}\" holds text that is not UTF-8; read it as bytes (CAST … AS BLOB/bytea) or mend the data"
    )]
    Encoding {
        /// The column's name.
        column: String,
    },
    /// The server sent something that the protocol does not allow.
    #[error("protocol error from {target}: {message}")]
    Protocol {
        /// Host and port or socket.
        target: String,
        /// What was wrong.
        message: String,
    },
    /// The connection or the database handle is closed.
    #[error("the connection is closed")]
    Closed,
}

/// The database's own error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqlError {
    /// The message, as the database wrote it.
    pub message: String,
    /// The SQLSTATE, where the database has one.
    pub sqlstate: Option<String>,
    /// The database's own number (SQLite's extended result code, MySQL's error number).
    pub code: Option<i64>,
    /// The position in the statement, in characters from 1.
    pub position: Option<u32>,
    /// PostgreSQL's DETAIL.
    pub detail: Option<String>,
    /// PostgreSQL's HINT.
    pub hint: Option<String>,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut facts = Vec::new();
        facts.extend(
            self.sqlstate
                .as_ref()
                .map(|sqlstate| format!("SQLSTATE {sqlstate}")),
        );
        facts.extend(self.code.map(|code| format!("code {code}")));
        facts.extend(self.position.map(|position| format!("at character {position}")));
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        for (name, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            if let Some(text) = text {
                write!(f, "; {name}: {text}")?;
            }
        }
        Ok(())
    }
}

impl StdError for SqlError {}

/// The step of making a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectPhase {
    /// Resolving the host's name.
    Resolve,
    /// Opening the socket or the file.
    Dial,
    /// The TLS handshake.
    Tls,
    /// The login.
    Auth,
    /// The first settings of the session.
    Setup,
}

impl fmt::Display for ConnectPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Dial => "dial",
            Self::Tls => "TLS",
            Self::Auth => "login",
            Self::Setup => "setup",
        })
    }
}

/// The stable kind of an error, to match on or to map to another system's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL or a setting is wrong.
    Configuration,
    /// The database or this build lacks the feature.
    Unsupported,
    /// No connection could be made.
    Connect,
    /// The login was refused.
    Authentication,
    /// There is no such database.
    UnknownDatabase,
    /// A database file is missing, unreadable or damaged.
    File,
    /// A lock was not granted in time.
    Locked,
    /// Writing is not allowed.
    ReadOnly,
    /// The database rejected the statement.
    Sql,
    /// Number or type of the parameters do not fit.
    Parameters,
    /// The connection broke.
    ConnectionLost,
    /// The result is too large.
    ResultTooLarge,
    /// It took too long.
    Timeout,
    /// It was cancelled.
    Cancelled,
    /// Its writes are there, but not confirmed by synchronous replicas.
    Unconfirmed,
    /// Text is not UTF-8.
    Encoding,
    /// The server broke the protocol.
    Protocol,
    /// The handle is closed.
    Closed,
}

impl DriverError {
    /// The stable kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidUrl { .. } => ErrorKind::Configuration,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Connect { .. } => ErrorKind::Connect,
            Self::Authentication { .. } => ErrorKind::Authentication,
            Self::UnknownDatabase { .. } => ErrorKind::UnknownDatabase,
            Self::File { .. } => ErrorKind::File,
            Self::Locked { .. } => ErrorKind::Locked,
            Self::ReadOnly { .. } => ErrorKind::ReadOnly,
            Self::Sql(_) => ErrorKind::Sql,
            Self::ParameterCount { .. } | Self::ParameterType { .. } => ErrorKind::Parameters,
            Self::ConnectionLost { .. } => ErrorKind::ConnectionLost,
            Self::ResultTooLarge { .. } => ErrorKind::ResultTooLarge,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Cancelled { .. } => ErrorKind::Cancelled,
            Self::Unconfirmed { .. } => ErrorKind::Unconfirmed,
            Self::Encoding { .. } => ErrorKind::Encoding,
            Self::Protocol { .. } => ErrorKind::Protocol,
            Self::Closed => ErrorKind::Closed,
        }
    }

    /// The database's own error about the statement, where there is one.
    #[must_use]
    pub fn sql_error(&self) -> Option<&SqlError> {
        match self {
            Self::Sql(error) => Some(error),
            _ => None,
        }
    }

    /// Whether a statement that ended so may have taken effect, or may still do so, or may lose what it has done.
    #[must_use]
    pub fn outcome_is_unknown(&self) -> bool {
        match self {
            Self::ConnectionLost { may_have_run, .. } => *may_have_run,
            Self::Timeout { .. } | Self::Protocol { .. } | Self::Unconfirmed { .. } => true,
            _ => false,
        }
    }
}
