//! Comma-separated values: a header line, fields quoted where they have to be.

use std::fmt::Write as _;
use std::io::{self, Write};

use csv::Writer;
use plexidb::{Column, Row, ValueRef};

use super::Sink;

/// Prints rows as they come.
pub(super) struct CsvSink<'a> {
    writer: Writer<&'a mut dyn Write>,
    null: &'a str,
    text: String,
}

impl<'a> CsvSink<'a> {
    pub(super) fn new(out: &'a mut dyn Write, null: &'a str) -> Self {
        Self {
            writer: Writer::from_writer(out),
            null,
            text: String::new(),
        }
    }
}

impl Sink for CsvSink<'_> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        self.writer
            .write_record(columns.iter().map(|column| &column.name))
            .map_err(into_io)
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        for value in row.values() {
            match value {
                ValueRef::Null => self.writer.write_field(self.null),
                ValueRef::Text(text) => self.writer.write_field(text),
                value => {
                    self.text.clear();
                    // Writing to a string cannot fail.
                    let _ = write!(self.text, "{value}");
                    self.writer.write_field(&self.text)
                }
            }
            .map_err(into_io)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(into_io)
    }

    fn end(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn prints_columns(&self) -> bool {
        true
    }
}

/// The cause's kind decides whether a closed pipe is an error, so it must survive.
fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
