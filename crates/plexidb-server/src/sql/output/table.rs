//! Tables, as wide as the terminal; what would not fit at all is printed vertically.
//!
//! The whole result is in memory, since the widths of the columns are known at its end.

use std::env;
use std::io::{self, IsTerminal as _, Write};

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use plexidb::{Column, Row, ValueRef};

use super::Sink;
use super::text::{printable, shown};
use super::vertical::VerticalSink;

/// Below this many characters a column is unreadable.
const COLUMN_CHARS_MIN: usize = 6;

/// What the output can show.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql) struct Look {
    /// The terminal's width; unbounded where there is none.
    width: Option<u16>,
    has_colour: bool,
}

impl Look {
    /// That of standard output; `NO_COLOR` is honoured.
    pub(super) fn of_stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = if is_terminal { Table::new().width() } else { None };
        Self {
            width,
            has_colour: is_terminal && !is_refused,
        }
    }

    /// Without a terminal.
    #[cfg(test)]
    pub(in crate::sql) fn plain(width: Option<u16>) -> Self {
        Self {
            width,
            has_colour: false,
        }
    }

    fn fits(self, columns: usize) -> bool {
        self.width
            .is_none_or(|width| columns * (COLUMN_CHARS_MIN + 3) < usize::from(width).max(40))
    }

    fn table(self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        match self.width {
            Some(width) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        if self.has_colour {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        table
    }
}

/// A table of texts that are no result.
pub(in crate::sql) fn of_texts(look: Look, header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = look.table();
    table.set_header(
        header
            .iter()
            .map(|name| Cell::new(name).add_attribute(Attribute::Bold))
            .collect::<Vec<_>>(),
    );
    for row in rows {
        table.add_row(
            row.iter()
                .map(|text| Cell::new(printable(text)))
                .collect::<Vec<_>>(),
        );
    }
    table.to_string()
}

/// Collects rows and prints them as a table at the end.
pub(super) struct TableSink<'a> {
    out: &'a mut dyn Write,
    null: Option<&'a str>,
    look: Look,
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl<'a> TableSink<'a> {
    pub(super) fn new(out: &'a mut dyn Write, null: Option<&'a str>, look: Look) -> Self {
        Self {
            out,
            null,
            look,
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn cell(&self, value: ValueRef<'_>) -> Cell {
        let cell = Cell::new(shown(value, self.null));
        match value {
            ValueRef::Null => cell.add_attribute(Attribute::Dim),
            value if is_number(value) => cell.set_alignment(CellAlignment::Right),
            _ => cell,
        }
    }

    /// Names of columns of numbers stand where their numbers stand.
    fn header(&self) -> Vec<Cell> {
        let name = |(index, column): (usize, &Column)| {
            let cell = Cell::new(printable(&column.name)).add_attribute(Attribute::Bold);
            let mut values = self.rows.iter().filter_map(|row| row.values().nth(index));
            match values.find(|value| *value != ValueRef::Null) {
                Some(value) if is_number(value) => cell.set_alignment(CellAlignment::Right),
                _ => cell,
            }
        };
        self.columns.iter().enumerate().map(name).collect()
    }
}

fn is_number(value: ValueRef<'_>) -> bool {
    use ValueRef::{Decimal, Double, Int, Real, UInt};
    matches!(value, Int(_) | UInt(_) | Real(_) | Double(_) | Decimal(_))
}

impl Sink for TableSink<'_> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.rows.push(row.clone());
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if !self.look.fits(self.columns.len()) {
            let mut vertical = VerticalSink::new(self.out, self.null);
            vertical.begin(&self.columns)?;
            self.rows.iter().try_for_each(|row| vertical.row(row))?;
            return vertical.end();
        }
        let mut table = self.look.table();
        table.set_header(self.header());
        for row in &self.rows {
            table.add_row(row.values().map(|value| self.cell(value)).collect::<Vec<_>>());
        }
        table
            .lines()
            .try_for_each(|line| writeln!(self.out, "{}", line.trim_end()))
    }
}
