//! How a failure ends the program: its message on the error stream, its kind in the exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use plexidb::ErrorKind;
use plexidb_workloads::chat::GenerateError;

#[cfg(test)]
mod tests;

/// The database refused, or results differ.
pub(crate) const DATABASE: u8 = 1;
/// Wrong usage, wrong configuration.
pub(crate) const USAGE: u8 = 2;
/// No connection to the database.
pub(crate) const CONNECT: u8 = 3;
/// Ended by Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// A wrong argument that only shows once the program runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// An error that ends the program with the exit code of wrong usage.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(message.into()))
}

/// Prints the error with its causes and returns the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_output(error) {
        // `plexidb … | head` is no failure.
        return ExitCode::SUCCESS;
    }
    // Where the error stream is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "error: {}", message(error));
    ExitCode::from(code(error))
}

/// The message and those of its causes that say something new.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if message.contains(&text) {
            continue;
        }
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&text);
    }
    message
}

/// The exit code of an error.
fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of_cause).unwrap_or(DATABASE)
}

fn code_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<plexidb::Error>() {
        return Some(code_of_database_error(error));
    }
    match cause.downcast_ref::<GenerateError>() {
        Some(GenerateError::Database(error)) => return Some(code_of_database_error(error)),
        Some(_) => return Some(USAGE),
        None => {}
    }
    cause.is::<Usage>().then_some(USAGE)
}

fn code_of_database_error(error: &plexidb::Error) -> u8 {
    match (error, error.driver().map(plexidb::DriverError::kind)) {
        (plexidb::Error::Config(_) | plexidb::Error::Group(_), _) | (_, Some(ErrorKind::Configuration)) => {
            USAGE
        }
        (
            _,
            Some(
                ErrorKind::Connect
                | ErrorKind::Authentication
                | ErrorKind::UnknownDatabase
                | ErrorKind::File
                | ErrorKind::ConnectionLost,
            ),
        )
        | (plexidb::Error::Pool(_) | plexidb::Error::Servers(_), None) => CONNECT,
        _ => DATABASE,
    }
}

fn is_closed_output(error: &anyhow::Error) -> bool {
    let io_errors = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors
        .into_iter()
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
