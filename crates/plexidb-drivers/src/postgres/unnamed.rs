//! Statements behind a pooler that hands sessions on: each is prepared anew, without a name, in the exchange that runs it.
//!
//! Invariant: from Parse to Sync the pooler keeps the session for us, and no other client's statement can stand in its place.

use std::sync::Arc;

use plexidb_core::DriverError;
use postgres_protocol::message::frontend;

use super::connection::{PostgresConnection, check_text};
use super::exchange::{Failure, Refusal, Sink, take_error};
use super::failure::ServerError;
use super::message::tag;
use super::pooler;
use super::query::Description;
use super::statement::Statement;

const UNNAMED: &str = "";

impl PostgresConnection {
    /// Prepares a statement and leaves the exchange open, so that the connection is broken where nobody ends it.
    pub(super) async fn prepare_unnamed(&mut self, sql: &str) -> Result<Arc<Statement>, DriverError> {
        check_text(sql)?;
        pooler::check(sql, self.is_in_transaction())?;
        let mut description = self.describe_unnamed(sql).await?;
        let oids: Vec<u32> = description.fields.iter().map(|field| field.type_oid).collect();
        if !self.types.knows(&oids) {
            // A question of our own would end the unnamed statement.
            self.synchronize().await?;
            self.is_exchanging = true;
            self.types.learn(&mut self.wire, oids.into_iter()).await?;
            self.is_exchanging = false;
            description = self.describe_unnamed(sql).await?;
        }
        let Description { parameters, fields } = description;
        Ok(Arc::new(Statement::new(
            UNNAMED.to_owned(),
            &parameters,
            fields,
            &self.types,
        )))
    }

    async fn describe_unnamed(&mut self, sql: &str) -> Result<Description, DriverError> {
        let outbound = &mut self.wire.outbound;
        let queued = frontend::parse(UNNAMED, sql, [], outbound)
            .and_then(|()| frontend::describe(b'S', UNNAMED, outbound));
        queued.map_err(|error| self.wire.protocol_error(error.to_string()))?;
        frontend::flush(&mut self.wire.outbound);
        self.send(false).await?;
        match self.await_description().await? {
            Ok(description) => Ok(description),
            Err(failure) => {
                self.synchronize().await?;
                Err(failure.into_error())
            }
        }
    }

    async fn await_description(&mut self) -> Result<Result<Description, Failure>, DriverError> {
        let mut description = Description::default();
        loop {
            let frame = self.wire.next().await?;
            let frame_tag = frame.tag;
            match frame_tag {
                tag::ERROR => {
                    let error = ServerError::parse(frame.body);
                    let error = take_error(&self.wire, error)?;
                    return Ok(Err(Failure::Server(Box::new(error))));
                }
                tag::READY => {
                    return Err(self
                        .wire
                        .protocol_error("the end of an answer without any answer"));
                }
                tag::NO_DATA => return Ok(Ok(description)),
                _ => match description.frame(frame) {
                    Ok(()) if frame_tag == tag::ROW_DESCRIPTION => return Ok(Ok(description)),
                    Ok(()) => {}
                    Err(Refusal::Malformed) => return Err(self.wire.malformed(frame_tag)),
                    Err(Refusal::Result(error)) => return Ok(Err(Failure::Refused(error))),
                },
            }
        }
    }

    /// Where parameters were refused, ends the exchange that a pooler's statement has begun; nothing of it has run.
    pub(super) async fn unless_refused<T>(
        &mut self,
        queued: Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        if queued.is_err() && self.is_pooled() {
            self.wire.outbound.clear();
            self.synchronize().await?;
        }
        queued
    }
}
