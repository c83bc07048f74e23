//! Queries of the driver itself by the simple protocol: several statements a round trip, all cells as text.
//!
//! Must not be given anything of the user's: there are no parameters.

use plexidb_core::DriverError;
use postgres_protocol::message::frontend;

use super::exchange::{self, Ended, Protocol, Refusal, Sink};
use super::message::{Fields, Frame, tag};
use super::wire::Wire;

/// The cells of one row; NULL is `None`.
pub(super) type TextRow = Vec<Option<String>>;

/// The rows of each statement.
#[derive(Default)]
pub(super) struct TextResults {
    results: Vec<Vec<TextRow>>,
    rows: Vec<TextRow>,
}

impl Sink for TextResults {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Refusal> {
        match frame.tag {
            tag::DATA_ROW => {
                let mut fields = Fields(frame.body);
                let count = fields.u16()?;
                let mut row = Vec::with_capacity(usize::from(count));
                for _ in 0..count {
                    let cell = fields.nullable()?;
                    row.push(cell.map(|text| String::from_utf8_lossy(text).into_owned()));
                }
                self.rows.push(row);
            }
            tag::COMMAND_COMPLETE => self.results.push(std::mem::take(&mut self.rows)),
            _ => {}
        }
        Ok(())
    }
}

impl TextResults {
    #[cfg(test)]
    pub(super) fn of(results: Vec<Vec<TextRow>>) -> Self {
        Self {
            results,
            rows: Vec::new(),
        }
    }

    /// The rows of the next statement, in the order of the statements.
    pub(super) fn take(&mut self, statement: usize) -> Vec<TextRow> {
        self.results
            .get_mut(statement)
            .map(std::mem::take)
            .unwrap_or_default()
    }
}

/// Runs the statements and returns their rows, with how the exchange ended.
pub(super) async fn text_query(wire: &mut Wire, sql: &str) -> Result<(TextResults, Ended), DriverError> {
    wire.may_have_run = false;
    frontend::query(sql, &mut wire.outbound).map_err(|error| wire.protocol_error(error.to_string()))?;
    wire.flush().await?;
    let mut results = TextResults::default();
    let ended = exchange::finish(wire, &mut results, Protocol::Simple, None).await?;
    Ok((results, ended))
}
