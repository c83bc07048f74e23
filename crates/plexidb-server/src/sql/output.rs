//! Answers on paper: formats, footers, and how much is shown.
//!
//! Invariant: what csv and json print can be read back without loss; table and vertical are for people, and no text of
//! the database reaches a terminal as a control sequence.

use std::io::{self, Write};

use plexidb::{Column, Row, Rows};

use super::session::{Answer, Timed};

mod csv;
mod json;
mod summary;
pub(super) mod table;
#[cfg(test)]
mod tests;
mod text;
mod vertical;

pub(super) use summary::Summary;

/// The most rows that the shell prints of one result.
const SHELL_ROWS_MAX: usize = 1_000;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A table as wide as the terminal
    Table,
    /// Comma-separated values with a header line
    Csv,
    /// An array of objects for each result
    Json,
    /// An object a line for each row
    Jsonl,
    /// A line for each column
    Vertical,
}

/// Takes the rows of one result.
pub(super) trait Sink {
    /// The columns, once, before the first row; empty where a result without rows does not tell them.
    fn begin(&mut self, columns: &[Column]) -> io::Result<()>;
    /// The next row.
    fn row(&mut self, row: &Row) -> io::Result<()>;
    /// The end of the result.
    fn end(&mut self) -> io::Result<()>;
    /// Whether the columns are printed even where there are no rows.
    fn prints_columns(&self) -> bool {
        false
    }
}

/// Prints answers in one format.
pub(super) struct Printer {
    pub(super) format: Format,
    pub(super) has_timing: bool,
    null: Option<String>,
    rows_max: usize,
    look: table::Look,
}

impl Printer {
    /// For a person at a terminal: timing, and no more rows than a person wants to see.
    pub(super) fn interactive(format: Format, null: Option<String>) -> Self {
        let look = table::Look::of_stdout();
        Self {
            format,
            has_timing: true,
            null,
            rows_max: SHELL_ROWS_MAX,
            look,
        }
    }

    /// The same on a terminal of this width.
    #[cfg(test)]
    fn on_terminal(width: u16) -> Self {
        let look = table::Look::plain(Some(width));
        Self {
            format: Format::Table,
            has_timing: false,
            null: None,
            rows_max: SHELL_ROWS_MAX,
            look,
        }
    }

    /// For the output of scripts: all rows.
    pub(super) fn plain(format: Format, null: Option<String>, has_timing: bool) -> Self {
        Self {
            format,
            has_timing,
            null,
            rows_max: usize::MAX,
            look: table::Look::of_stdout(),
        }
    }

    /// How tables look on this output.
    pub(super) fn look(&self) -> table::Look {
        self.look
    }

    /// Whether rows can be printed one by one, without knowing the others.
    pub(super) fn is_streaming(&self) -> bool {
        self.rows_max == usize::MAX && self.format != Format::Table
    }

    /// What prints the rows of one result to `out`.
    pub(super) fn sink<'a>(&'a self, out: &'a mut dyn Write) -> Box<dyn Sink + 'a> {
        let null = self.null.as_deref();
        match self.format {
            Format::Table => Box::new(table::TableSink::new(out, null, self.look)),
            Format::Csv => Box::new(csv::CsvSink::new(out, null.unwrap_or_default())),
            Format::Json => Box::new(json::JsonSink::array(out)),
            Format::Jsonl => Box::new(json::JsonSink::lines(out)),
            Format::Vertical => Box::new(vertical::VerticalSink::new(out, null)),
        }
    }

    /// Prints an answer and its footer.
    pub(super) fn answer(&self, out: &mut dyn Write, timed: &Timed) -> io::Result<()> {
        if let Answer::Rows(rows) = &timed.answer {
            self.rows(out, rows)?;
        }
        self.footer(out, &Summary::of(timed, self.rows_max))
    }

    /// Prints the footer, in the formats that have one.
    pub(super) fn footer(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        match self.format {
            Format::Table | Format::Vertical => writeln!(out, "{}", summary.text(self.has_timing)),
            Format::Csv | Format::Json | Format::Jsonl if self.has_timing => {
                // The output itself stays what programs expect.
                writeln!(io::stderr(), "{}", summary.text(true))
            }
            Format::Csv | Format::Json | Format::Jsonl => Ok(()),
        }
    }

    fn rows(&self, out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
        let mut sink = self.sink(out);
        sink.begin(rows.columns())?;
        for row in rows.into_iter().take(self.rows_max) {
            sink.row(row)?;
        }
        sink.end()
    }
}
