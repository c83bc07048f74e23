//! A line for each column, a block for each row.

use std::io::{self, Write};

use plexidb::{Column, Row};

use super::Sink;
use super::text::{printable, shown};

/// Prints rows as they come.
pub(super) struct VerticalSink<'a> {
    out: &'a mut dyn Write,
    null: Option<&'a str>,
    names: Vec<String>,
    width: usize,
    printed: u64,
}

impl<'a> VerticalSink<'a> {
    pub(super) fn new(out: &'a mut dyn Write, null: Option<&'a str>) -> Self {
        Self {
            out,
            null,
            names: Vec::new(),
            width: 0,
            printed: 0,
        }
    }
}

impl Sink for VerticalSink<'_> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        self.names = columns
            .iter()
            .map(|column| printable(&column.name).replace('\n', " "))
            .collect();
        self.width = self
            .names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or_default();
        Ok(())
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.printed += 1;
        writeln!(self.out, "─[ {} ]{}", self.printed, "─".repeat(self.width.max(8)))?;
        for (name, value) in self.names.iter().zip(row.values()) {
            let text = shown(value, self.null);
            let mut lines = text.split('\n');
            let width = self.width;
            writeln!(self.out, "{name:width$} │ {}", lines.next().unwrap_or_default())?;
            for line in lines {
                writeln!(self.out, "{:width$} │ {line}", "")?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
