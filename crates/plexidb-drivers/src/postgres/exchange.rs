//! One exchange with the server: everything that it answers, up to its ReadyForQuery.
//!
//! Invariant: an exchange that ends leaves nothing unread, whatever went wrong in between; where it does not end, it
//! returns an error and the wire is of no use.

use std::pin::pin;
use std::time::Duration;

use plexidb_core::{Canceller, DriverError};
use postgres_protocol::message::frontend;
use tokio::time::timeout;

use super::cancel::PostgresCanceller;
use super::failure::ServerError;
use super::message::{Completion, Fields, Frame, Malformed, command_complete, tag};
use super::wire::Wire;

/// How long the rest of a refused result is skipped before its statement is cancelled.
const SKIP_TIMEOUT: Duration = Duration::from_millis(250);

/// Takes the messages of an exchange, but for errors and the end.
pub(super) trait Sink {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Refusal>;
}

/// Why a sink takes no more.
pub(super) enum Refusal {
    Malformed,
    /// The rest of the result is of no interest.
    Result(DriverError),
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Why an exchange that ended in good order did not give what was asked for.
pub(super) enum Failure {
    Server(Box<ServerError>),
    Refused(DriverError),
}

impl Failure {
    pub(super) fn into_error(self) -> DriverError {
        match self {
            Self::Server(error) => error.into_statement_error(),
            Self::Refused(error) => error,
        }
    }
}

/// An exchange that ended: the transaction status that ReadyForQuery told, and what went wrong before.
pub(super) struct Ended {
    pub(super) transaction: u8,
    pub(super) outcome: Result<(), Failure>,
}

/// Which messages asked for it; the two treat COPY differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Simple,
    Extended,
    /// A mere Sync, which is answered by ReadyForQuery alone. Anything else is answered by more: PgBouncer says that it is ready
    /// to a client whose statement it has held back and that asks for a cancellation.
    Sync,
}

/// Reads until the server is ready again.
pub(super) async fn finish(
    wire: &mut Wire,
    sink: &mut impl Sink,
    protocol: Protocol,
    canceller: Option<&PostgresCanceller>,
) -> Result<Ended, DriverError> {
    let mut ended = read_to_end(wire, sink, protocol, canceller).await?;
    // Success is not what the caller has asked for, and an error that came before says that nothing was done.
    if let Some(message) = wire.take_unconfirmed() {
        ended.outcome = Err(Failure::Refused(DriverError::Unconfirmed { message }));
    }
    Ok(ended)
}

async fn read_to_end(
    wire: &mut Wire,
    sink: &mut impl Sink,
    protocol: Protocol,
    canceller: Option<&PostgresCanceller>,
) -> Result<Ended, DriverError> {
    let mut outcome = Ok(());
    let mut is_answered = protocol == Protocol::Sync;
    loop {
        let frame = wire.next().await?;
        let frame_tag = frame.tag;
        if !std::mem::replace(&mut is_answered, true) && frame_tag == tag::READY {
            return Err(wire.protocol_error("the end of an answer without any answer"));
        }
        match frame_tag {
            tag::READY => {
                let status = Fields(frame.body).u8();
                let transaction = status.map_err(|Malformed| wire.malformed(frame_tag))?;
                return Ok(Ended { transaction, outcome });
            }
            tag::ERROR => {
                let error = ServerError::parse(frame.body);
                let error = take_error(wire, error)?;
                if outcome.is_ok() {
                    outcome = Err(Failure::Server(Box::new(error)));
                }
            }
            tag::COPY_IN => {
                outcome = Err(Failure::Refused(copy_unsupported()));
                refuse_copy(wire)?;
                if protocol == Protocol::Extended {
                    // The server has ignored the Sync that came while it waited for data.
                    frontend::sync(&mut wire.outbound);
                }
                wire.flush().await?;
            }
            tag::COPY_OUT | tag::COPY_BOTH => {
                outcome = Err(Failure::Refused(copy_unsupported()));
                break;
            }
            _ if outcome.is_err() => {}
            _ => match sink.frame(frame) {
                Ok(()) => {}
                Err(Refusal::Malformed) => return Err(wire.malformed(frame_tag)),
                Err(Refusal::Result(error)) => {
                    outcome = Err(Failure::Refused(error));
                    break;
                }
            },
        }
    }
    let transaction = skip_within_reason(wire, canceller).await?;
    Ok(Ended { transaction, outcome })
}

/// Skips the rest of an exchange; where that takes long, the statement is cancelled. Inside a transaction that fails
/// the transaction.
pub(super) async fn skip_within_reason(
    wire: &mut Wire,
    canceller: Option<&PostgresCanceller>,
) -> Result<u8, DriverError> {
    let mut rest = pin!(skip(wire));
    if let Ok(skipped) = timeout(SKIP_TIMEOUT, &mut rest).await {
        return skipped;
    }
    if let Some(canceller) = canceller {
        // Without a cancellation the rest is skipped all the same.
        let _ = canceller.cancel().await;
    }
    rest.await
}

async fn skip(wire: &mut Wire) -> Result<u8, DriverError> {
    wire.row_bytes_max = 0;
    loop {
        let frame = wire.next().await?;
        match frame.tag {
            tag::READY => {
                let status = Fields(frame.body).u8();
                wire.row_bytes_max = usize::MAX;
                return status.map_err(|Malformed| wire.malformed(tag::READY));
            }
            tag::ERROR => {
                let error = ServerError::parse(frame.body);
                take_error(wire, error)?;
            }
            _ => {}
        }
    }
}

/// An error that ends the session is the loss of the connection.
pub(super) fn take_error(
    wire: &Wire,
    error: Result<ServerError, Malformed>,
) -> Result<ServerError, DriverError> {
    match error {
        Ok(error) if error.is_fatal() => Err(wire.ended_by(error.sql)),
        Ok(error) => Ok(error),
        Err(Malformed) => Err(wire.malformed(tag::ERROR)),
    }
}

/// Queues the refusal of a COPY that waits for data.
pub(super) fn refuse_copy(wire: &mut Wire) -> Result<(), DriverError> {
    let refused = frontend::copy_fail("COPY FROM STDIN is not supported", &mut wire.outbound);
    refused.map_err(|error| wire.protocol_error(error.to_string()))
}

pub(super) fn copy_unsupported() -> DriverError {
    DriverError::Unsupported {
        what: "COPY from or to the client; insert with execute_many, read with a cursor".to_owned(),
    }
}

/// Drops rows and counts what the statements did.
#[derive(Default)]
pub(super) struct Count {
    pub(super) completion: Completion,
}

impl Sink for Count {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Refusal> {
        if frame.tag == tag::COMMAND_COMPLETE {
            let completion = command_complete(frame.body);
            self.completion.rows_affected += completion.rows_affected;
            self.completion.is_rollback = completion.is_rollback;
        }
        Ok(())
    }
}
