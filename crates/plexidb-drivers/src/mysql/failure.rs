//! From what the client library and the server report to core's errors.
//!
//! Invariant: an error says that a statement may have run unless it is certain that the server did not run it.

use std::error::Error as StdError;
use std::io;

use mysql_async::{DriverError as ClientError, Error, IoError, LocalInfileError, ServerError};
use plexidb_core::{ConnectPhase, DriverError, SqlError};

#[cfg(test)]
mod tests;

/// `ER_LOCK_WAIT_TIMEOUT`, `ER_LOCK_NOWAIT`.
const LOCKED: [u16; 2] = [1205, 3572];
/// `ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION`, `ER_READ_ONLY_MODE`.
const READ_ONLY: [u16; 2] = [1792, 1836];
/// `ER_OPTION_PREVENTS_STATEMENT`: read-only is one of the options that it can name.
const OPTION_PREVENTS: u16 = 1290;
/// `ER_QUERY_INTERRUPTED`, MariaDB's `ER_STATEMENT_TIMEOUT`, MySQL's `ER_QUERY_TIMEOUT`.
const CANCELLED: [u16; 3] = [1317, 1969, 3024];
/// `ER_SERVER_SHUTDOWN`, MariaDB's `ER_CONNECTION_KILLED`, and what proxies send for a server behind them that is gone
/// (`CR_SERVER_GONE_ERROR`, `CR_SERVER_LOST`): the last words of a session.
const ENDED: [u16; 4] = [1053, 1927, 2006, 2013];
/// `ER_CON_COUNT_ERROR`, `ER_TOO_MANY_USER_CONNECTIONS`, `ER_USER_LIMIT_REACHED`.
const FULL: [u16; 3] = [1040, 1203, 1226];
/// MySQL's `ER_CLIENT_INTERACTION_TIMEOUT`: the session ended before the statement arrived.
const EXPIRED: u16 = 4031;
/// The login was refused: user and password, host, rights in the database, expired password.
const REFUSED: [u16; 6] = [1044, 1045, 1130, 1698, 1820, 1862];
const UNKNOWN_DATABASE: u16 = 1049;
/// `ER_UNSUPPORTED_PS`: the statement runs by the text protocol alone.
const CANNOT_BE_PREPARED: u16 = 1295;
/// `ER_MAX_PREPARED_STMT_COUNT_REACHED`.
const TOO_MANY_PREPARED: u16 = 1461;
/// `ER_UNKNOWN_STMT_HANDLER`, `ER_NEED_REPREPARE`: the server has forgotten the statement, and has not run it.
const FORGOTTEN: [u16; 2] = [1243, 1615];
/// `ER_SPECIFIC_ACCESS_DENIED_ERROR`.
const NO_RIGHT: u16 = 1227;
/// `ER_NO_SUCH_THREAD`.
const NO_SUCH_SESSION: u16 = 1094;

/// Whether the statement runs by the text protocol alone.
pub(super) fn cannot_be_prepared(error: &Error) -> bool {
    is_server_error(error, &[CANNOT_BE_PREPARED])
}

/// Whether the server holds as many prepared statements as it may.
pub(super) fn is_too_many_prepared(error: &Error) -> bool {
    is_server_error(error, &[TOO_MANY_PREPARED])
}

/// Whether the statement has to be prepared again, and was not run.
pub(super) fn is_forgotten(error: &Error) -> bool {
    is_server_error(error, &FORGOTTEN)
}

/// Whether the user lacks the right for it.
pub(super) fn is_no_right(error: &Error) -> bool {
    is_server_error(error, &[NO_RIGHT])
}

/// Whether the session to be ended is gone already.
pub(super) fn is_no_such_session(error: &Error) -> bool {
    is_server_error(error, &[NO_SUCH_SESSION])
}

fn is_server_error(error: &Error, codes: &[u16]) -> bool {
    matches!(error, Error::Server(error) if codes.contains(&error.code))
}

/// The error of a statement; `was_sent` tells that the server may have received it whole.
pub(super) fn of_statement(error: Error, target: &str, was_sent: bool) -> DriverError {
    match error {
        Error::Server(error) => of_server(error, target),
        Error::Driver(ClientError::ConnectionClosed) => lost(target, "it is closed", false),
        Error::Driver(ClientError::LocalInfile(LocalInfileError::NoHandler)) => DriverError::Unsupported {
            what: "LOAD DATA LOCAL INFILE; put the file where the server reads it, or insert its rows"
                .to_owned(),
        },
        Error::Driver(error) => DriverError::Protocol {
            target: target.to_owned(),
            message: error.to_string(),
        },
        Error::Io(error) => lost(target, &io_reason(&error), was_sent),
        error @ (Error::Other(_) | Error::Url(_)) => DriverError::Protocol {
            target: target.to_owned(),
            message: error.to_string(),
        },
    }
}

/// A [`DriverError::ConnectionLost`] without a word of the server.
pub(super) fn lost(target: &str, reason: &str, may_have_run: bool) -> DriverError {
    DriverError::ConnectionLost {
        target: target.to_owned(),
        reason: reason.to_owned(),
        may_have_run,
        last_words: None,
    }
}

fn of_server(error: ServerError, target: &str) -> DriverError {
    let ServerError { code, message, state } = error;
    match code {
        code if LOCKED.contains(&code) => DriverError::Locked { message },
        code if READ_ONLY.contains(&code) => read_only(message),
        OPTION_PREVENTS if message.contains("read-only") || message.contains("read_only") => {
            read_only(message)
        }
        code if CANCELLED.contains(&code) => DriverError::Cancelled { message },
        code if ENDED.contains(&code) || code == EXPIRED => DriverError::ConnectionLost {
            target: target.to_owned(),
            reason: message.clone(),
            may_have_run: code != EXPIRED,
            last_words: Some(Box::new(sql_error(code, message, state))),
        },
        _ => DriverError::Sql(Box::new(sql_error(code, message, state))),
    }
}

fn read_only(message: String) -> DriverError {
    DriverError::ReadOnly {
        message,
        is_of_server: true,
    }
}

fn sql_error(code: u16, message: String, state: String) -> SqlError {
    SqlError {
        message,
        sqlstate: Some(state).filter(|state| !state.is_empty()),
        code: Some(code.into()),
        ..SqlError::default()
    }
}

/// The error of a login and what comes before it.
pub(super) fn of_connect(error: Error, target: &str, user: &str, database: Option<&str>) -> DriverError {
    match error {
        Error::Server(ServerError { code, message, .. }) if REFUSED.contains(&code) => {
            DriverError::Authentication {
                target: target.to_owned(),
                user: user.to_owned(),
                message,
            }
        }
        Error::Server(ServerError {
            code: UNKNOWN_DATABASE,
            message,
            ..
        }) => DriverError::UnknownDatabase {
            target: target.to_owned(),
            database: database.unwrap_or_default().to_owned(),
            message,
        },
        error => {
            let (phase, reason) = phase_and_reason(&error);
            DriverError::Connect {
                target: target.to_owned(),
                phase,
                reason,
                source: Some(cause(error)),
            }
        }
    }
}

/// The error of the first settings of a session.
pub(super) fn of_setup(error: Error, target: &str) -> DriverError {
    let reason = match &error {
        Error::Io(error) => io_reason(error),
        Error::Server(error) => error.message.clone(),
        error => error.to_string(),
    };
    DriverError::Connect {
        target: target.to_owned(),
        phase: ConnectPhase::Setup,
        reason: format!("{reason}; the server let us in and refused the session's first settings"),
        source: Some(cause(error)),
    }
}

/// The error itself: each of the library's layers around it repeats its message.
fn cause(error: Error) -> Box<dyn StdError + Send + Sync> {
    match error {
        Error::Server(ServerError { code, message, state }) => Box::new(sql_error(code, message, state)),
        Error::Io(IoError::Io(error)) => Box::new(error),
        Error::Io(IoError::Tls(error)) => Box::new(error),
        Error::Driver(error) => Box::new(error),
        error => Box::new(error),
    }
}

/// The library makes a connection in one go; what failed tells how far it came.
fn phase_and_reason(error: &Error) -> (ConnectPhase, String) {
    match error {
        Error::Server(error) if FULL.contains(&error.code) => (
            ConnectPhase::Auth,
            format!(
                "{}; close connections elsewhere, make pools smaller, or raise the server's limit",
                error.message
            ),
        ),
        Error::Server(error) => (ConnectPhase::Auth, error.message.clone()),
        Error::Io(IoError::Tls(error)) => (ConnectPhase::Tls, tls_reason(&error.to_string())),
        Error::Io(IoError::Io(error)) => match certificate_error(error) {
            Some(reason) => (ConnectPhase::Tls, tls_reason(&reason.to_string())),
            None => of_socket(error),
        },
        Error::Driver(error @ ClientError::NoClientSslFlagFromServer) => (
            ConnectPhase::Tls,
            format!("{error}; switch TLS on at the server, or use ssl-mode=preferred or disabled"),
        ),
        Error::Driver(error @ ClientError::NoKeyFound) => (ConnectPhase::Tls, error.to_string()),
        Error::Driver(ClientError::PacketOutOfOrder | ClientError::UnexpectedPacket { .. }) => (
            ConnectPhase::Auth,
            "what answers there does not speak MySQL's protocol; check host and port".to_owned(),
        ),
        error => (ConnectPhase::Auth, error.to_string()),
    }
}

fn of_socket(error: &io::Error) -> (ConnectPhase, String) {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => (
            ConnectPhase::Auth,
            format!("{error}: the server hung up during the login; see its log"),
        ),
        // The library's codec reports packets that are none as errors of no particular kind.
        io::ErrorKind::InvalidData | io::ErrorKind::Other => (
            ConnectPhase::Auth,
            format!("{error}: what answers there does not speak MySQL's protocol; check host and port"),
        ),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => (
            ConnectPhase::Dial,
            format!("{error}; check that the server runs and listens there"),
        ),
        _ => (
            ConnectPhase::Dial,
            format!("{error}; check host, port and network"),
        ),
    }
}

fn tls_reason(reason: &str) -> String {
    format!("{reason}; check the host's name, ssl-ca and ssl-mode")
}

/// What rustls found wrong with the server's certificate, where that is why the handshake failed.
pub(super) fn certificate_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn io_reason(error: &IoError) -> String {
    let deepest = std::iter::successors(Some(error as &dyn StdError), |error| (*error).source()).last();
    deepest.map_or_else(|| error.to_string(), ToString::to_string)
}
